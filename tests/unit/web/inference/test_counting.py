"""Where clients ask how long a request is."""

from __future__ import annotations

import json

from cursor_api.service.access.admission import AdmissionOptions
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import ask, serve
from tests.unit.web.inference.test_kept import OTHER, RESPONSES, create

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


async def test_responses_are_counted_with_all_that_was_said_before() -> None:
    """In the words of the dialect; a count is no answer, and nothing is kept of it."""
    house = House()
    path = f"{RESPONSES}/input_tokens"
    async with serve(house.app) as port:
        first = await create(port, input="x" * 400)
        kept_bytes = house.kept.size_bytes
        told = []
        for more, headers in (
            ({}, BEARER),
            ({"previous_response_id": first.json()["id"]}, BEARER),
            ({"previous_response_id": first.json()["id"]}, OTHER),
        ):
            body = json.dumps({"model": "gpt-4o", "input": "hi", **more}).encode()
            told.append(await ask(port, "POST", path, headers=headers, body=body))
    alone, resumed, foreign = told
    assert alone.json() == {"object": "response.input_tokens", "input_tokens": 5}
    assert resumed.json()["input_tokens"] > 100
    assert resumed.headers["x-token-count"] == "estimated"
    assert (foreign.status, foreign.json()["error"]["param"]) == (404, "previous_response_id")
    assert len(house.upstream.asked) == 1
    assert house.kept.size_bytes == kept_bytes
