"""Hosts, URLs, origins and prefixes: what is accepted as what, and what is hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.options.addresses import (
    base_url,
    host_names,
    is_in_the_clear,
    is_loopback,
    listen_host,
    mask_user,
    origins,
    redis_url,
    route_prefix,
    trusted_proxies,
)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("::ffff:192.168.1.2", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, *, expected: bool) -> None:
    """A name that could resolve to anything is not loopback."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://models.example.com", True),
        ("http://10.0.0.7:8080/v1", True),
        ("https://models.example.com", False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("", False),
    ],
)
def test_without_tls_a_url_is_in_the_clear_beyond_this_machine(url: str, *, expected: bool) -> None:
    """On the loopback nobody else listens; a missing URL sends nothing."""
    assert is_in_the_clear(url) is expected


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("[::1]", "::1"),
        ("::", "::"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("LocalHost", "localhost"),
        ("gateway.example.com", "gateway.example.com"),
        ("9front", "9front"),
    ],
)
def test_hosts_that_can_be_listened_on(text: str, host: str) -> None:
    """Addresses of both families and names; brackets are taken off."""
    assert listen_host().parse(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0:3000",
        "http://localhost",
        "*",
        "127.0.0.256",
        "127.1",
        "1.2.3",
        "[::1",
        "[localhost]",
        "a b",
        "-a",
        "x86_64-conda-linux-gnu",
        "host/path",
        "主机",
    ],
)
def test_hosts_that_are_refused(text: str) -> None:
    """A port, a URL, a wildcard, a broken address, what conda puts into HOST."""
    with pytest.raises(ValueError, match="not an address to listen on"):
        listen_host().parse(text)


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("cursor", "/cursor"),
        ("/cursor", "/cursor"),
        ("/cursor/", "/cursor"),
        ("cursor/a/", "/cursor/a"),
        ("/", ""),
        ("", ""),
        ("/~me/v1.0_b-c", "/~me/v1.0_b-c"),
        ("/..a/.b", "/..a/.b"),
    ],
)
def test_a_prefix_is_normalised(text: str, prefix: str) -> None:
    """One slash in front, none at the end."""
    assert route_prefix().parse(text) == prefix


@pytest.mark.parametrize(
    "text",
    [
        "//",
        "//evil",
        "/a//b",
        "a//",
        "/a/../b",
        "/..",
        "/./a",
        "/a/.",
        "/%2e%2e",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/{path}",
        "/a b",
        "/a\nb",
        "/中文",
        "http://x",
        "/" + "a" * 200,
    ],
)
def test_a_hostile_prefix_is_refused(text: str) -> None:
    """What two servers would read differently, or a router as a pattern, is no prefix."""
    with pytest.raises(ValueError, match="not a plain path"):
        route_prefix().parse(text)


@given(st.text(alphabet="/.%a\\{~ \n"))
def test_an_accepted_prefix_is_a_plain_path(text: str) -> None:
    """Whatever was accepted joins with a route to a path that means one thing."""
    try:
        prefix = route_prefix().parse(text)
    except ValueError:
        return
    segments = prefix.split("/")
    assert segments[0] == ""
    assert not {"", ".", ".."}.intersection(segments[1:])
    assert route_prefix().parse(prefix) == prefix


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api2.cursor.sh", "https://api2.cursor.sh"),
        ("https://API2.cursor.sh/", "https://api2.cursor.sh"),
        ("HTTP://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/base/", "http://[::1]:8080/base"),
        ("http://cursor_sim:80/a/b", "http://cursor_sim:80/a/b"),
    ],
)
def test_base_urls_that_are_accepted(text: str, url: str) -> None:
    """Both schemes, any host and port, a plain path; no slash at the end."""
    assert base_url("https://upstream.example").parse(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "api2.cursor.sh",
        "//api2.cursor.sh",
        "ftp://api2.cursor.sh",
        "https:api2.cursor.sh",
        "https:///x",
        "https://",
        "https://user@host",
        "https://user:canary@host",
        "https://host?key=canary",
        "https://host#x",
        "https://host?",
        "https://host/a/../b",
        "https://host/..",
        "https://host//a",
        "https://host/%2e%2e/a",
        "https://host/a b",
        "https://host\\@evil",
        "https://ho\nst",
        "https://host:99999",
        "https://host:0",
        "https://host:x",
        "https://[::1",
        "https://хост",
        "javascript://host",
    ],
)
def test_base_urls_that_are_refused(text: str) -> None:
    """No tricks in the path, no credentials, no query, nothing that is not a URL."""
    with pytest.raises(ValueError, match=r"^(has|is|does)") as caught:
        base_url("https://upstream.example").parse(text)
    assert "canary" not in str(caught.value) + base_url("https://upstream.example").quote(text)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("http://host:1", "http://host:1"),
        ("http://a:b@host", "http://…@host"),
        ("a:b@c@host", "…@host"),
        ("host?q", "host"),
    ],
)
def test_masking_a_url(url: str, masked: str) -> None:
    """Everything before the last @ and after the first ? goes."""
    assert mask_user(url) == masked


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ()),
        (" , ", ()),
        ("https://a.example", ("https://a.example",)),
        (
            "https://a.example, http://localhost:8080,https://a.example",
            ("https://a.example", "http://localhost:8080"),
        ),
        (
            "chrome-extension://abcdef,tauri://localhost",
            ("chrome-extension://abcdef", "tauri://localhost"),
        ),
        (
            "https://A.Example:443,http://a.example:80,https://a.example:80,https://[::1]:443",
            ("https://a.example", "http://a.example", "https://a.example:80", "https://[::1]"),
        ),
        ("*", ("*",)),
        ("https://a.example, *", ("https://a.example", "*")),
    ],
)
def test_origins_that_are_accepted(text: str, named: tuple[str, ...]) -> None:
    """Scheme, host and port as browsers send them; spaces and repetitions do not matter."""
    assert origins().parse(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "**",
        "*:443",
        "https://*",
        "https://*.example",
        "a.example",
        "null",
        "https://a/",
        "https://a/b",
        "HTTPS://a",
        "x:",
    ],
)
def test_origins_that_are_refused(text: str) -> None:
    """No pattern, no path, nothing that a browser would never send."""
    with pytest.raises(ValueError, match="has"):
        origins().parse(f"https://ok.example,{text}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ()),
        ("Gateway.Example., a.example,a.example", ("gateway.example", "a.example")),
        ("192.0.2.7,2001:db8::1", ("192.0.2.7", "2001:db8::1")),
        ("*", ("*",)),
    ],
)
def test_host_names_that_are_accepted(text: str, named: tuple[str, ...]) -> None:
    """As they are compared: in small letters, each once."""
    assert host_names().parse(text) == named


@pytest.mark.parametrize("text", ["https://a.example", "a.example:80", "*.example", "a b", "a/b"])
def test_host_names_that_are_refused(text: str) -> None:
    """No scheme, no port, no pattern: none of them would ever fit."""
    with pytest.raises(ValueError, match="no host name"):
        host_names().parse(f"ok.example,{text}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("0", ""),
        ("1", "1"),
        ("127.0.0.1, 10.0.0.7/8,127.0.0.1", "127.0.0.1/32, 10.0.0.0/8"),
        ("fd00::/8", "fd00::/8"),
    ],
)
def test_trusted_proxies_that_are_accepted(text: str, shown: str) -> None:
    """Networks, each once, or a number."""
    assert str(trusted_proxies().parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10", "in a row"),
        ("-1", "no address"),
        ("proxy.example", "no address"),
        ("10.0.0.1:80", "no address"),
        ("127.0.0.1,0.0.0.0/0", "everybody"),
        ("::/0", "everybody"),
    ],
)
def test_trusted_proxies_that_are_refused(text: str, words: str) -> None:
    """Names, ports, and everybody: that would believe whatever a caller writes."""
    with pytest.raises(ValueError, match=words):
        trusted_proxies().parse(text)


def test_a_password_in_an_origin_is_not_shown() -> None:
    """It does not belong there, and is not repeated either."""
    text = "https://me:canary@a.example"
    with pytest.raises(ValueError, match="no origin") as caught:
        origins().parse(text)
    assert "canary" not in str(caught.value) + origins().quote(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://redis.example", "begins with none of redis://"),
        ("redis.example:6379", "begins with none of redis://"),
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://redis.example:port/0", "port that is no number"),
        ("redis://redis.example/mine", "no number of a database"),
        ("redis://:pass word@redis.example", "a space"),
        ("unix://", "names no socket"),
    ],
)
def test_a_wrong_address_of_a_redis_says_what_is_wrong(text: str, problem: str) -> None:
    """Without the password in it."""
    with pytest.raises(ValueError, match=problem) as raised:
        redis_url().parse(text)
    assert "pass word" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "redis://redis.example",
        "rediss://user:s3cret@redis.example:6380/15",
        "unix:///run/redis.sock",
    ],
)
def test_an_address_of_a_redis_is_shown_without_its_password(text: str) -> None:
    """By TCP, by TLS and by a socket."""
    url = redis_url().parse(text)
    assert url.reveal() == text
    assert "s3cret" not in redis_url().show(url)
