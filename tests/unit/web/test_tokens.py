"""`GET /checksum`."""

from __future__ import annotations

from cursor_api.wire.checksum import parse_checksum
from tests.house import House
from tests.serving import ask, serve


async def test_each_checksum_is_a_new_device_of_the_known_form() -> None:
    """To be written behind a token by hand."""
    async with serve(House().app) as port:
        texts = [(await ask(port, "GET", "/checksum")).json()["checksum"] for _ in range(2)]
    assert [len(text) for text in texts] == [137, 137]
    assert len({parse_checksum(text).machine_id for text in texts}) == 2
