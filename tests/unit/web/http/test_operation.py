"""The frame of a management address: its rows, the key, the method."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Key, Operation, routes
from tests.house import BEARER, CLIENT_KEY, KEY
from tests.unit.web.operations_app import APP, GUARD, NOTED, one

CHAT_ONLY = {"Authorization": f"Bearer {CLIENT_KEY}"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE"])
async def test_the_key_comes_before_the_method_and_the_body(method: str) -> None:
    """Without one nothing else is told, not even which methods there are."""
    answer = await one(method, "/closed", {}, b"{not json")
    assert answer.status == 401
    assert "allow" not in answer.headers
    assert (await one(method, "/closed", CHAT_ONLY, b"{not json")).status == 403


async def test_an_open_method_is_open_and_the_others_are_not() -> None:
    """Reading without a key, everything else with one."""
    assert (await one("GET", "/open", {})).status == 200
    head = await one("HEAD", "/open", {})
    assert (head.status, head.body) == (200, b"")
    for method in ("POST", "PUT", "OPTIONS"):
        assert (await one(method, "/open", {})).status == 401


async def test_a_cookie_is_no_key() -> None:
    """No foreign page can act with what a browser sends by itself."""
    assert (
        await one("GET", "/closed", {"Cookie": f"authorization={KEY}; key={KEY}"})
    ).status == 401


async def test_with_the_key_a_wrong_method_is_told_the_right_ones() -> None:
    """In the header, and in words."""
    answer = await one("PUT", "/closed", BEARER)
    assert (answer.status, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PATCH")
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_a_store_that_fails_is_the_gateways_fault() -> None:
    """With the store's own words."""
    answer = await one("DELETE", "/closed", BEARER)
    assert answer.status == 500
    assert answer.json()["error"]["message"] == "The disk is full."
    assert answer.json()["error"]["code"] == "store_failed"
    assert "problems" not in answer.json()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_where_all_is_open_a_wrong_method_needs_no_key(method: str) -> None:
    """There is nothing to protect, and the answer says what is possible."""
    answer = await one(method, "/free", {})
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_where_a_handler_decides_everything_else_asks_for_the_key() -> None:
    """Reading may be open by a setting; that opens nothing more."""
    assert (await one("GET", "/decided", {})).status == 200
    assert (await one("POST", "/decided", {})).status == 401
    assert (await one("POST", "/decided", BEARER)).status == 405


async def test_a_name_in_an_address_is_taken_apart_before_it_is_decoded() -> None:
    """A slash inside it is part of it; what is behind it says what is done."""
    assert (await one("GET", "/things/a%2Fb", BEARER)).json() == {"name": "a/b", "action": "get"}
    assert (await one("POST", "/things/a%2Fb/do", BEARER)).json() == {
        "name": "a/b",
        "action": "do",
    }
    assert (await one("GET", "/things/a/do", BEARER)).headers["allow"] == "POST"
    for path in ("/things/", "/things/a/", "/things/a/other", "/things/a/do/more", "/things/%ff"):
        assert (await one("GET", path, BEARER)).status == 404
        assert (await one("GET", path, {})).status == 401


async def test_what_was_done_is_noted_with_who_did_it() -> None:
    """Once it is done, and nothing that was refused."""
    NOTED.clear()
    for headers in ({}, CHAT_ONLY):
        assert (await one("POST", "/things/a/do", headers)).status in {401, 403}
    assert (await one("POST", "/things/nothing/do", BEARER)).status == 200
    assert NOTED == []
    assert (await one("POST", "/things/a%2Fb/do", BEARER)).status == 200
    assert NOTED == [("operator", ActKind.SETTING_CHANGED, "do a/b")]


async def nothing(_request: Request) -> Response:
    """A handler."""
    return reply({})


def test_a_row_is_a_route_below_every_base() -> None:
    """Rows of one address share it, whatever their order."""
    rows = [
        Operation(method="GET", path="/a", handler=nothing),
        Operation(method="GET", path="/b/{id}", handler=nothing, route="/b/{it:path}"),
        Operation(method="POST", path="/a", handler=nothing, key=Key.NONE),
    ]
    paths = [route.path for route in routes(rows, ("", "/hf"), GUARD)]
    assert paths == ["/a", "/b/{it:path}", "/hf/a", "/hf/b/{it:path}"]
    assert {route.path for route in APP.routes if hasattr(route, "path")} >= {"/closed", "/open"}
