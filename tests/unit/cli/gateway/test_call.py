"""One request to a gateway that may be running."""

from __future__ import annotations

import pytest

from cursor_api.cli.gateway.call import (
    Call,
    CallError,
    GatewayAddress,
    fetch,
    fetch_json,
    open_answer,
)
from cursor_api.domain.credential import Secret
from tests.unit.cli.gateway_stage import ListingGateway

KEY = "a-key-of-the-gateway-0123"
CALL = Call("GET", "/status")


@pytest.fixture
def running(scripted: ListingGateway) -> ListingGateway:
    """As it is at first."""
    scripted.status, scripted.headers, scripted.body = 200, {}, b'{"a": 1}'
    scripted.breaks_off = False
    return scripted


def address(running: ListingGateway) -> GatewayAddress:
    """With a key."""
    return GatewayAddress(f"{running.url}/p", Secret(KEY), "AUTH_TOKEN")


def test_it_is_asked_with_the_key_and_a_body(running: ListingGateway) -> None:
    """As JSON, below the prefix."""
    found = fetch_json(address(running), Call("POST", "/status", {"why": "so"}))
    assert found == {"a": 1}
    asked = running.asked[-1]
    assert asked.line.startswith("POST /p/status ")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == b'{"why": "so"}'


def test_without_a_key_none_is_sent(running: ListingGateway) -> None:
    """And no empty one."""
    assert fetch(GatewayAddress(running.url, None, ""), CALL) == b'{"a": 1}'
    assert "authorization" not in running.asked[-1].headers


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"{}", "refuses the key from AUTH_TOKEN; run this in the folder of the gateway"),
        (403, b"{}", "refuses the key from AUTH_TOKEN; run this in the folder of the gateway"),
        (404, b"<html>", "ROUTE_PREFIX"),
        (500, b'{"error": 3}', "answers with status 500"),
        (429, b'{"error": {"message": "Too many. Wait\\u001b[2J."}}', "Too many. Wait?[2J"),
    ],
)
def test_a_refusal_is_told_in_its_own_words(
    running: ListingGateway, status: int, body: bytes, words: str
) -> None:
    """Or in ours where there are none; without the key, and without signs for the terminal."""
    running.status, running.body = status, body
    with pytest.raises(CallError) as raised:
        fetch(address(running), CALL)
    assert raised.value.status == status
    assert words in raised.value.words
    assert KEY not in raised.value.words
    assert not raised.value.words.endswith(".")


def test_what_is_no_json_is_no_gateway(running: ListingGateway) -> None:
    """It says where that answered."""
    running.body = b"<html>"
    with pytest.raises(CallError, match="/p/status is not this gateway"):
        fetch_json(address(running), CALL)


def test_an_answer_that_breaks_off_is_lost(running: ListingGateway) -> None:
    """Found out while it is read."""
    running.headers = {"transfer_encoding": "chunked", "content_length": ""}
    running.body, running.breaks_off = b"5\r\nab", True
    with pytest.raises(CallError, match="was lost"), open_answer(address(running), CALL) as answer:
        answer.read()


def test_nobody_there() -> None:
    """With how to start one."""
    with pytest.raises(CallError, match="start it with `cursor-api serve`"):
        fetch(GatewayAddress("http://127.0.0.1:1", None, ""), CALL)
