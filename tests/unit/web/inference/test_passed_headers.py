"""Which of a caller's headers an upstream of the same dialect sees."""

from __future__ import annotations

import re

from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import Message, Role, Text
from cursor_api.web.inference.passed_headers import ITEMS_MAX, pass_headers

PATTERNS = {b"x-beta": re.compile(rb"[a-z0-9-]{1,64}")}


def request(native: Native | None = None) -> ChatRequest:
    """A request of a dialect that passes one header on."""
    native = native or Native("d", b"{}")
    return ChatRequest("m", (Message(Role.USER, (Text("hi"),)),), origin=Origin(native))


def passed(*headers: tuple[bytes, bytes]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """What goes on of these, and what is left out."""
    chat = request()
    ignored = pass_headers(chat, headers, PATTERNS)
    assert chat.origin.native is not None
    return chat.origin.native.headers, ignored


def test_items_go_on_made_anew() -> None:
    """From one header or several; no other header does."""
    headers = (
        (b"x-beta", b"one , two-2,,"),
        (b"authorization", b"Bearer k"),
        (b"x-beta", b"three"),
    )
    assert passed(*headers) == ((("x-beta", "one,two-2,three"),), ())


def test_an_item_of_another_shape_is_left_out_and_its_header_named() -> None:
    """Upper case, spaces, what a header may not hold, and more than anybody asks for."""
    for bad in (b"Upper", b"a b", b"a\r\nx: y", b"a\0", b"\xff", b"x" * 65, b"a=b"):
        assert passed((b"x-beta", b"good," + bad)) == ((("x-beta", "good"),), ("x-beta",))
    many, ignored = passed((b"x-beta", b",".join([b"a"] * (ITEMS_MAX + 5))))
    assert many == (("x-beta", ",".join(["a"] * ITEMS_MAX)),)
    assert ignored == ("x-beta",)


def test_a_request_that_does_not_go_on_as_it_came_passes_nothing() -> None:
    """Nor does a dialect without such headers."""
    chat = ChatRequest("m", (Message(Role.USER, (Text("hi"),)),))
    assert pass_headers(chat, ((b"x-beta", b"a"),), PATTERNS) == ()
    native = Native("d", b"{}")
    chat = request(native)
    assert pass_headers(chat, ((b"x-beta", b"a"),), {}) == ()
    assert chat.origin.native is native
