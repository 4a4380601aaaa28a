"""Addresses, taken apart."""

from __future__ import annotations

import pytest

from cursor_api.transport.target import Place, find_target


@pytest.mark.parametrize(
    ("url", "place", "first_lines"),
    [
        ("http://a.example", Place("a.example", 80, False), "/ HTTP/1.1\r\nHost: a.example"),
        (
            "https://A.example:8443/v1/chat?x=%2F",
            Place("a.example", 8443, True),
            "/v1/chat?x=%2F HTTP/1.1\r\nHost: A.example:8443",
        ),
        ("https://[::1]/v1", Place("::1", 443, True), "/v1 HTTP/1.1\r\nHost: [::1]"),
    ],
)
def test_an_address_says_where_and_what(url: str, place: Place, first_lines: str) -> None:
    """The host is written as it was given, and the port where it does not go without saying."""
    target = find_target(url, None)
    assert target.way.place == place
    assert target.post == f"POST {first_lines}\r\n".encode()
    assert target.get == f"GET {first_lines}\r\n".encode()


def test_a_proxy_is_asked_in_absolute_form_for_what_is_in_the_clear() -> None:
    """With its name and password, unescaped, and never with those of a tunnelled request."""
    proxy = "http://me:p%3Aw@proxy.example:3128"
    plain = find_target("http://a.example/x", proxy)
    assert plain.post == (
        b"POST http://a.example/x HTTP/1.1\r\nHost: a.example\r\n"
        b"Proxy-Authorization: Basic bWU6cDp3\r\n"
    )
    assert plain.way.proxy is not None
    assert plain.way.proxy.place == Place("proxy.example", 3128, False)
    tunnelled = find_target("https://a.example/x", proxy)
    assert tunnelled.post == b"POST /x HTTP/1.1\r\nHost: a.example\r\n"
    assert tunnelled.way.proxy == plain.way.proxy


def test_a_proxy_without_a_name_gets_no_header() -> None:
    """Nothing is made up."""
    target = find_target("http://a.example/x", "http://proxy.example")
    assert target.way.proxy is not None
    assert target.way.proxy.authorization == b""


@pytest.mark.parametrize(
    "url", ["ftp://a", "http://", "http://a b", "http://a/\r\nx", "http://\xfc"]
)
def test_what_cannot_be_asked_is_an_error(url: str) -> None:
    """No request is written for it."""
    with pytest.raises(ValueError, match="address"):
        find_target(url, None)
