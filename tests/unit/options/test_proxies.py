"""Which proxy leads to an upstream, and what is shown of it."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.options.proxies import SharedProxies, find_shared_proxies, proxy_url

HTTPS, HTTP = "https://api.example", "http://relay.example:8080"


def shared(**environ: str) -> SharedProxies:
    """What these variables come to."""
    found = find_shared_proxies({}, environ)
    assert found is not None
    return found


def way(url: str, **environ: str) -> str | None:
    """The proxy that these variables name for an address, with the variable."""
    found = shared(**environ).find(url)
    return f"{found.url.reveal()} {found.variable}" if found and found.url else None


def test_the_scheme_of_the_address_chooses_the_variable() -> None:
    """ALL_PROXY stands in for either; without any of them nobody said anything."""
    both = {"HTTPS_PROXY": "http://a:1", "HTTP_PROXY": "http://b:2", "ALL_PROXY": "http://c:3"}
    assert way(HTTPS, **both) == "http://a:1 HTTPS_PROXY"
    assert way(HTTP, **both) == "http://b:2 HTTP_PROXY"
    assert way(HTTPS, HTTP_PROXY="http://b:2") is None
    assert way(HTTP, HTTPS_PROXY="http://a:1") is None
    for url in (HTTP, HTTPS):
        assert way(url, ALL_PROXY="http://c:3") == "http://c:3 ALL_PROXY"
    for nothing in ({}, {"NO_PROXY": "*"}, {"HTTPS_PROXY": ""}, {"all_proxy": "  "}):
        assert find_shared_proxies({}, nothing) is None


def test_small_letters_win_and_a_scheme_may_be_missing() -> None:
    """As curl and Python read them; an empty one says nothing."""
    assert way(HTTPS, HTTPS_PROXY="http://a:1", https_proxy="b:2") == "http://b:2 HTTPS_PROXY"
    assert way(HTTPS, HTTPS_PROXY="http://a:1", https_proxy="") == "http://a:1 HTTPS_PROXY"
    assert way(HTTPS, https_proxy="me:p%40@a:1") == "http://me:p%40@a:1 HTTPS_PROXY"
    assert way(HTTPS, https_proxy="https://a:1/") == "https://a:1 HTTPS_PROXY"


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_excepted"),
    [
        ("*", HTTPS, True),
        ("api.example", HTTPS, True),
        ("example", HTTPS, True),
        (".example", HTTPS, True),
        ("*.example", HTTPS, True),
        ("API.EXAMPLE.", HTTPS, True),
        ("other.example, api.example", HTTPS, True),
        ("other.example api.example", HTTPS, True),
        ("api.example:443", HTTPS, True),
        ("api.example:8443", HTTPS, False),
        ("api.example:8443", "https://api.example:8443", True),
        ("pi.example", HTTPS, False),
        ("my.api.example", HTTPS, False),
        (",,", HTTPS, False),
        (".", HTTPS, False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", HTTPS, False),
        ("10.1.2.3", "https://10.1.2.3:8443", True),
        ("10.1.2.3:8443", "https://10.1.2.3:8443", True),
        ("10.1.2.3:8443", "https://10.1.2.3", False),
        ("fd00::/8", "https://[fd00::1]", True),
        ("[fd00::1]:8443", "https://[fd00::1]:8443", True),
        ("fd00::2", "https://[fd00::1]", False),
    ],
)
def test_no_proxy_excepts_names_addresses_and_networks(
    no_proxy: str,
    url: str,
    is_excepted: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """A name and all below it, with a port or without."""
    found = way(url, ALL_PROXY="http://a:1", NO_PROXY=no_proxy)
    assert (found is None) is is_excepted


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:3001", "http://localhost", "https://[::1]:1", "http://127.8.8.8"]
)
def test_this_machine_is_asked_directly(url: str) -> None:
    """A proxy elsewhere would ask itself."""
    assert way(url, ALL_PROXY="http://a:1") is None


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("socks5://me:canary@a:1", "names a SOCKS proxy"),
        ("SOCKS5h://a:1", "names a SOCKS proxy"),
        ("http://me:canary@a:1/path", "has a path"),
        ("ftp://me:canary@a", "does not begin with http:// or https://"),
        ("me:can ary@a", "has spaces"),
    ],
)
def test_one_that_cannot_be_used_says_why(text: str, flaw: str) -> None:
    """And holds nothing of what was written."""
    found = shared(ALL_PROXY=text).find(HTTPS)
    assert found is not None
    assert found.url is None
    assert found.flaw.startswith(flaw)
    assert str(found) == "cannot be used (ALL_PROXY)"
    assert "canary" not in repr(found) + found.flaw


def test_what_is_shown_of_shared_proxies_has_no_password() -> None:
    """The address and the variable, once where one stands in for both."""
    proxies = shared(HTTPS_PROXY="http://me:canary@a:1", ALL_PROXY="http://me:canary@b:2")
    assert str(proxies) == "http://…@a:1 (HTTPS_PROXY), http://…@b:2 (ALL_PROXY)"
    assert str(shared(ALL_PROXY="b:2")) == "http://b:2 (ALL_PROXY)"
    assert "canary" not in repr(proxies)
    assert proxy_url().show(proxies) == str(proxies)


def test_none_is_no_proxy_whatever_the_machine_says() -> None:
    """In any case of letters."""
    for text in ("none", "None"):
        proxies = proxy_url().parse(text)
        assert proxies.find(HTTPS) is None
        assert proxy_url().show(proxies) == "none"


def test_a_proxy_keeps_its_password_to_itself() -> None:
    """The URL is a secret as a whole; what is shown is where the proxy is."""
    kind = proxy_url()
    proxy = kind.parse("http://me:canary@proxy.example:3128/")
    assert proxy == Secret("http://me:canary@proxy.example:3128")
    assert kind.show(proxy) == "http://…@proxy.example:3128"
    assert "canary" not in repr(proxy)


@pytest.mark.parametrize(
    "text",
    [
        "socks5://me:canary@proxy:1080",
        "me:canary@proxy:3128",
        "http://me:canary@proxy:3128/path",
        "http://me:can ary@proxy:3128",
        "http://me:can/canary@proxy:3128",
        "http://me:canary@proxy:3128?x=canary",
        "http://me:can://canary@proxy",
        "canary@",
    ],
)
def test_a_refused_proxy_keeps_its_password_too(text: str) -> None:
    """What is wrong is told without repeating name or password."""
    kind = proxy_url()
    with pytest.raises(ValueError, match=r"^(has|is|does)") as caught:
        kind.parse(text)
    assert "canary" not in str(caught.value) + kind.quote(text)
    assert "ary" not in kind.quote(text)
