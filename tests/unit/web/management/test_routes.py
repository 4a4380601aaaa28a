"""Where the management addresses are, and that none of them is open by mistake."""

from __future__ import annotations

import pytest

from cursor_api.web.parts import WebOptions
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import ask, serve

PREFIXED = WebOptions(version="1", route_prefix="/hf")
CHAT_ONLY = {"Authorization": f"Bearer {CLIENT_KEY}"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
CLOSED = (
    "/get-tokeninfo",
    "/api/credentials",
    "/api/credentials/a",
    "/api/credentials/nobody",
    "/api/credentials/a/test",
    "/api/credentials/a/clear",
    "/api/credentials/a/other",
    "/api/credentials/",
)
# The same places in other words; whatever they are, they must not be open.
DISGUISES = (
    "/api/%63redentials",
    "/api/credentials/%61",
    "//api/credentials",
    "/api/credentials/../credentials",
    "/x/../api/credentials",
    "/%2e%2e/api/credentials",
    "/api/credentials;x=1",
    "/api/credentials%00",
    "/API/CREDENTIALS",
    "/get-tokeninfo/",
    "/get-tokeninfo%2f",
    "/./get-tokeninfo",
)


@pytest.mark.parametrize("base", ["", "/hf"])
async def test_every_method_of_every_address_asks_for_the_operators_key(base: str) -> None:
    """401 without one, 403 with one that may only chat; whether the address exists or not."""
    async with serve(House(options=PREFIXED).app) as port:
        for path in CLOSED:
            for method in METHODS:
                status = (await ask(port, method, base + path)).status
                assert status == 401, (method, path)
                status = (await ask(port, method, base + path, headers=CHAT_ONLY)).status
                assert status == 403, (method, path)
        for method in METHODS:
            expected = 200 if method in {"GET", "HEAD"} else 401
            assert (await ask(port, method, f"{base}/update-tokeninfo")).status == expected


@pytest.mark.parametrize("path", DISGUISES)
async def test_no_disguise_opens_an_address(path: str) -> None:
    """Not found, or the key is asked for all the same, whatever the Host header says."""
    async with serve(House().app) as port:
        for host in ("127.0.0.1", "localhost", "evil.example", "127.0.0.1:1@x"):
            for method in ("GET", "POST", "DELETE"):
                answer = await ask(port, method, path, headers={"Host": host})
                assert answer.status in {400, 401, 404, 405}, (method, host)
                assert b"secret" not in answer.body


async def test_both_spellings_are_one_thing() -> None:
    """What is changed behind the prefix has changed at the bare address."""
    async with serve(House(options=PREFIXED).app) as port:
        answer = await ask(
            port, "PATCH", "/hf/api/credentials/a", headers=BEARER, body=b'{"priority":9}'
        )
        assert answer.status == 200
        answer = await ask(port, "GET", "/api/credentials/a", headers=BEARER)
        assert answer.json()["priority"] == 9
        for path in ("/get-tokeninfo", "/hf/get-tokeninfo"):
            assert (await ask(port, "POST", path, headers=BEARER)).status == 200
        for path in ("/api/openapi.json", "/hf/api/openapi.json"):
            assert (await ask(port, "GET", path)).status == 200


async def test_the_limit_on_reloads_counts_both_spellings() -> None:
    """Two addresses are no second allowance."""
    house = House(options=PREFIXED)
    house.clock.now = house.clock.monotonic = lambda: 1e6  # type: ignore[method-assign]  # a clock that stands
    paths = ("/update-tokeninfo", "/hf/update-tokeninfo") * 6
    async with serve(house.app) as port:
        statuses = [(await ask(port, "GET", path)).status for path in paths]
    assert statuses.count(200) == 10
    assert statuses[-2:] == [429, 429]


async def test_in_pass_through_a_callers_token_opens_nothing() -> None:
    """Anybody has one."""
    async with serve(House(is_passthrough=True).app) as port:
        for path in CLOSED:
            token = {"Authorization": "Bearer user_1::some-token"}
            assert (await ask(port, "POST", path, headers=token)).status == 401


async def test_they_are_listed_at_the_root() -> None:
    """As all addresses are."""
    async with serve(House(options=PREFIXED).app) as port:
        endpoints = (await ask(port, "GET", "/")).json()["endpoints"]
    for path in ("/get-tokeninfo", "/update-tokeninfo", "/api/credentials"):
        assert {path, f"/hf{path}"} <= set(endpoints)
