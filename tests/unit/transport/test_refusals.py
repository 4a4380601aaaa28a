"""How a refusal is told."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import FaultKind
from cursor_api.options.said import translate
from cursor_api.settings.findings import load_chinese
from cursor_api.transport.answer import ERROR_BODY_BYTES_MAX
from cursor_api.transport.refusals import (
    LEADS,
    WRONG_KEY,
    FaultContext,
    Refusal,
    find_words,
    kind_of_key_status,
    read_error_json,
    tell_refusal,
    tell_status,
)

KEY = Secret("a-key-of-somewhere-0123")
CONTEXT = FaultContext("somewhere", KEY, lambda: 1_700_000_000.0, lambda said: said.upper())


def test_a_refusal_says_whose_it_is_and_what_was_said() -> None:
    """On one line, without secrets, with the wait and the field at fault."""
    said = f"no\nmore, {KEY.reveal()}"
    refusal = Refusal(
        FaultKind.RATE_LIMITED, said, "slow", "model", "Tue, 14 Nov 2023 22:13:30 GMT"
    )
    fault = tell_refusal(refusal, CONTEXT)
    assert fault.kind is FaultKind.RATE_LIMITED
    assert fault.message == (
        f"somewhere limits the rate of the gateway's key: NO MORE, {KEY.masked.upper()}"
    )
    assert (fault.param, fault.retry_after_s, fault.upstream_code) == ("model", 10, "slow")
    assert translate(fault.said, load_chinese()) == (
        f"somewhere 限制了网关密钥的请求频率：NO MORE, {KEY.masked.upper()}"
    )
    empty = tell_refusal(Refusal(FaultKind.UPSTREAM_ERROR, "", "x"), CONTEXT)
    assert (empty.message, empty.retry_after_s) == ("somewhere failed.", None)


def test_an_upstream_may_begin_in_its_own_words() -> None:
    """Where it has no keys, for example."""
    leads = {FaultKind.RATE_LIMITED: "{name} limits this account"}
    context = FaultContext("Somebody", KEY, CONTEXT.now, leads=leads)
    fault = tell_refusal(Refusal(FaultKind.RATE_LIMITED, "wait", ""), context)
    assert fault.message == "Somebody limits this account: wait"


def test_without_a_word_the_status_and_the_kind_of_body_are_told() -> None:
    """Never the body itself: it may be anybody's page."""
    headers = {"content-type": "text/html; charset=x", "retry-after": "5"}
    fault = tell_status(FaultKind.UPSTREAM_ERROR, 502, headers, b"<html>", CONTEXT)
    assert fault.message == "somewhere failed: HTTP 502 with a body of type text/html"
    assert (fault.upstream_code, fault.retry_after_s) == ("http_502", 5)


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_web_page_judges_no_key(kind: FaultKind) -> None:
    """It is a firewall's, or asks to sign in: no credential rests for it, let alone for good."""
    if kind not in LEADS:
        return
    is_of_keys = kind in {FaultKind.CREDENTIAL_REJECTED, FaultKind.CREDENTIAL_FORBIDDEN}
    for media_type, is_page in (("text/html; charset=x", True), ("application/json", False)):
        fault = tell_status(kind, 403, {"content-type": media_type}, b"<html>", CONTEXT)
        assert fault.kind is (FaultKind.UPSTREAM_ERROR if is_of_keys and is_page else kind)
        assert ("firewall" in fault.message) is (is_of_keys and is_page)


@pytest.mark.parametrize("words", WRONG_KEY)
def test_a_caller_s_own_words_take_no_key_out_of_service(words: str) -> None:
    """A server repeats what it finds wrong; only what it begins with is its own."""
    table = {words: FaultKind.CREDENTIAL_REJECTED, "gone": FaultKind.MODEL_NOT_FOUND}
    assert find_words(table, f"Your {words.title()}.") is FaultKind.CREDENTIAL_REJECTED
    assert find_words(table, f"body.messages.0.content.1: Input should be a text: {words}") is None
    assert find_words(table, "x" * 99 + "gone") is FaultKind.MODEL_NOT_FOUND


def test_half_a_character_hides_no_error() -> None:
    """A server in between has cut what it repeats within an emoji."""
    assert read_error_json(b'{"error":{"message":"bad \\ud83d"}}') == {
        "error": {"message": "bad \ufffd"}
    }
    assert read_error_json('"\\udc00"') == "\ufffd"


@pytest.mark.parametrize("begins", [b'{"detail":[{"msg":"no","input":"', b'[{"error":{"message":"'])
def test_of_an_error_that_is_longer_than_is_read_it_is_known_that_it_is_one(begins: bytes) -> None:
    """A server repeats the whole conversation in what it finds wrong with it."""
    body = begins + b"x" * ERROR_BODY_BYTES_MAX
    assert read_error_json(body[:ERROR_BODY_BYTES_MAX]) == {"error": {}}
    assert read_error_json(body[: ERROR_BODY_BYTES_MAX - 1]) is None


def test_what_is_no_json_is_no_error() -> None:
    """However long it is."""
    for body in (b"", b"<html>", b"{", b"<" * ERROR_BODY_BYTES_MAX, "x" * ERROR_BODY_BYTES_MAX):
        assert read_error_json(body) is None


def test_every_status_has_a_kind_that_has_words() -> None:
    """A wrong address is the operator's to mend, never the caller's fault."""
    kinds = {status: kind_of_key_status(status) for status in range(100, 600)}
    assert set(kinds.values()) <= set(LEADS)
    for status in (404, 405, 410, 426, 501, 505):
        assert kinds[status] is FaultKind.PROTOCOL_ERROR
    assert kinds[401] is FaultKind.CREDENTIAL_REJECTED
