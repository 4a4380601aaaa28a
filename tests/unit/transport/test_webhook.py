"""Alerts, posted."""

from __future__ import annotations

import json

import pytest

from cursor_api.domain.alert import Alert, AlertChange, AlertKind
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault
from cursor_api.options.proxies import SharedProxies
from cursor_api.transport.webhook import Webhook, encode_change, webhook_url
from tests.http_stage import greet
from tests.scripted_server import ScriptedServer, Turn

CHANGE = AlertChange(Alert(AlertKind.UPSTREAM_OPEN, "one", "It is away."), False, 1_700_000_000.0)
DIRECT = SharedProxies()


async def test_an_alert_is_one_small_object() -> None:
    """What chat services show is `text`; programs read the rest."""
    async with ScriptedServer(greet) as server:
        await Webhook(Secret(server.url + "/hook?key=k"), DIRECT).deliver(CHANGE)
        turn = server.requests[0]
    assert turn.line == "POST /hook?key=k HTTP/1.1"
    assert turn.headers["content-type"] == "application/json"
    assert json.loads(turn.body) == {
        "text": "It is away.",
        "alert": "upstream_open",
        "state": "begun",
        "subject": "one",
        "at": "2023-11-14T22:13:20+00:00",
        "from": "cursor-api",
    }


def test_what_is_over_says_so() -> None:
    """In its words, and in its state."""
    told = json.loads(encode_change(CHANGE._replace(is_over=True)))
    assert (told["text"], told["state"]) == ("Over: It is away.", "over")


async def test_a_webhook_that_refuses_or_is_away_is_a_fault_without_its_address() -> None:
    """Who knows the address may post there."""

    async def refuse(turn: Turn) -> None:
        await turn.answer(b"no", 404)

    async with ScriptedServer(refuse) as server:
        with pytest.raises(Fault, match="status 404") as refused:
            await Webhook(Secret(server.url + "/secret-part"), DIRECT).deliver(CHANGE)
    with pytest.raises(Fault) as away:
        await Webhook(Secret("http://127.0.0.1:1/secret-part"), DIRECT).deliver(CHANGE)
    for caught in (refused, away):
        assert "secret-part" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("http://hooks.example.com/x", "everybody on the way"),
        ("ftp://a/b", "does not begin with"),
        ("https://a/b#c", "fragment"),
        ("https://a/b c", "spaces"),
    ],
)
def test_an_address_that_cannot_be_one_is_told(text: str, flaw: str) -> None:
    """And is shown without what is secret in it."""
    kind = webhook_url()
    with pytest.raises(ValueError, match=flaw):
        kind.parse(text)
    assert kind.show(kind.parse("https://hooks.example.com/s/token?x=y")) == "https://…"
