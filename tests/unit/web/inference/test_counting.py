"""Where clients ask how long a request is."""

from __future__ import annotations

import json

from cursor_api.service.access.admission import AdmissionOptions
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import ask, serve

PATH = "/v1/messages/count_tokens"
BODY = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}).encode()


async def test_a_request_is_counted_and_not_answered() -> None:
    """An estimate says that it is one; a key that may chat may ask."""
    house = House()
    async with serve(house.app) as port:
        for headers in (BEARER, {"x-api-key": CLIENT_KEY}):
            answer = await ask(port, "POST", PATH, headers=headers, body=BODY)
            assert (answer.status, answer.json()) == (200, {"input_tokens": 5})
            assert answer.headers["x-token-count"] == "estimated"
            assert answer.headers["request-id"] == answer.headers["x-request-id"]
    assert house.upstream.asked == []
    assert house.log.records == []


async def test_what_is_wrong_with_it_is_said_as_of_a_request() -> None:
    """In the dialect of the address; the key comes first."""
    nobody = BODY.replace(b"gpt-4o", b"nobody")
    async with serve(House().app) as port:
        for headers, body, status, kind in (
            ({}, BODY, 401, "authentication_error"),
            (BEARER, b"{}", 400, "invalid_request_error"),
            (BEARER, nobody, 404, "not_found_error"),
        ):
            answer = await ask(port, "POST", PATH, headers=headers, body=body)
            assert (answer.status, answer.json()["error"]["type"]) == (status, kind)
        assert (await ask(port, "GET", PATH, headers=BEARER)).status == 405


async def test_it_gives_back_its_place_whatever_comes_of_it() -> None:
    """Where one request at a time is let in, the next one is."""
    async with serve(House(limits=AdmissionOptions(requests_max=1)).app) as port:
        for body, status in ((BODY, 200), (b"{}", 400), (BODY, 200)):
            answer = await ask(port, "POST", PATH, headers=BEARER, body=body)
            assert answer.status == status
