"""What never becomes a request is counted, once each, and has no record."""

from __future__ import annotations

import json

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from tests.house import BEARER, House
from tests.serving import ask, serve

CHAT = "/v1/chat/completions"
BODY = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}).encode()
WRONG = {"Authorization": "Bearer wrong"}


async def refusals(house: House) -> dict[FaultKind, int]:
    """How often what was refused."""
    return {row.fault: row.refused_count for row in await house.records.refusals(0, 2**40)}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "fault"),
    [
        ("POST", CHAT, WRONG, BODY, FaultKind.UNAUTHENTICATED),
        ("POST", CHAT, BEARER, b"{", FaultKind.INVALID_REQUEST),
        ("GET", "/v1/models", WRONG, b"", FaultKind.UNAUTHENTICATED),
        ("GET", "/api/credentials", WRONG, b"", FaultKind.UNAUTHENTICATED),
    ],
)
async def test_each_refusal_counts_once(
    method: str, path: str, headers: dict[str, str], body: bytes, fault: FaultKind
) -> None:
    """Wherever a wrong key is tried."""
    house = House()
    async with serve(house.app) as port:
        for _ in range(2):
            await ask(port, method, path, headers=headers, body=body)
    assert await refusals(house) == {fault: 2}
    assert house.log.records == []


async def test_what_the_server_refuses_counts() -> None:
    """It has no address yet."""
    house = House()
    house.app.render_refusal(Fault(FaultKind.MALFORMED_REQUEST, "no HTTP"))
    assert await refusals(house) == {FaultKind.MALFORMED_REQUEST: 1}


async def test_what_is_recorded_is_not_counted_besides() -> None:
    """An unknown model is a request, and refused there."""
    house = House()
    async with serve(house.app) as port:
        await ask(port, "POST", CHAT, headers=BEARER, body=BODY.replace(b"gpt-4o", b"nothing"))
        await ask(port, "POST", CHAT, headers=BEARER, body=BODY)
        await ask(port, "GET", "/nowhere", headers=BEARER)
    assert await refusals(house) == {}
    assert len(house.log.records) == 2
