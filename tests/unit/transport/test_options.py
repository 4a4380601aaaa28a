"""What may be configured, and what may be sent."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.options.proxies import NamedProxy, SharedProxies
from cursor_api.options.rules import Facts, check
from cursor_api.transport.options import HttpOptions, Timeouts, check_base_url, is_header_value


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://api2.cursor.sh", "https://api2.cursor.sh"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://relay.example/cursor/", "https://relay.example/cursor"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_a_base_url_loses_its_trailing_slash(text: str, clean: str) -> None:
    """Paths are put behind it, so that it ends without one."""
    assert check_base_url(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api2.cursor.sh",
        "ftp://x",
        "https://",
        "https://user:pw@x",
        "https://x?q=1",
        "https://x#f",
        "https://x:0",
        "https://x:99999",
        "https://x y",
        "https://x/\r\n",
        "https://ü.example",
    ],
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    """What cannot be asked is found when the configuration is read."""
    with pytest.raises(ValueError, match=r"."):
        check_base_url(text)


@pytest.mark.parametrize(
    ("text", "is_fit"),
    [("Bearer abc", True), ("", True), ("a\rb", False), ("a\nb", False), ("a\0b", False)],
)
def test_only_printable_ascii_goes_into_a_header(text: str, is_fit: bool) -> None:  # noqa: FBT001 - a case of the table
    """Nothing that could end a line, or that two readers could read differently."""
    assert is_header_value(text) is is_fit


@pytest.mark.parametrize(
    "wrong",
    [
        {"connect_timeout_s": 0},
        {"keepalive_s": math.nan},
        {"keepalive_s": math.inf},
        {"connect_timeout_s": -1},
        {"connections_max": 0},
        {"proxy": Secret("proxy:3128")},
        {"proxy": Secret("socks5://proxy:1080")},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    """With the name of the option, when the configuration is read."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HttpOptions(**wrong)


@pytest.mark.parametrize("wrong", [{"first_token_s": -1}, {"idle_s": math.inf}])
def test_patience_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """A wait without an end is a leak."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Timeouts(**wrong)


def test_a_proxys_password_is_not_shown() -> None:
    """Options are printed by check-config and by tracebacks."""
    assert "hunter2" not in repr(HttpOptions(proxy=Secret("http://user:hunter2@proxy:3128")))


def test_the_proxy_of_an_upstream_leads_everywhere_and_the_machines_where_it_says() -> None:
    """Its own leads to this machine, too; `none` leads nowhere."""
    own, named = Secret("http://own:1"), Secret("http://shared:1")
    shared = SharedProxies((("https", NamedProxy("HTTPS_PROXY", named)),), ("near.example",))
    for proxy, url, way in (
        (None, "https://a.example", None),
        (own, "https://a.example", own),
        (own, "http://127.0.0.1", own),
        (shared, "https://a.example", named),
        (shared, "https://near.example", None),
        (shared, "http://a.example", None),
        (SharedProxies(), "https://a.example", None),
    ):
        assert HttpOptions(proxy=proxy).find_proxy(url) == way, (proxy, url)


def test_a_proxy_of_the_machine_that_cannot_be_used_is_a_warning() -> None:
    """Where it would be used; it says what to do."""
    flawed = SharedProxies((("https", NamedProxy("ALL_PROXY", None, "names a SOCKS proxy")),))
    labels = {"proxy": "CURSOR_PROXY"}

    def warnings(**values: object) -> list[str]:
        return [str(one) for one in check(HttpOptions.RULES.should, Facts(values, {}, labels))]

    (warning,) = warnings(proxy=flawed, base_url="https://a.example")
    assert warning.startswith("CURSOR_PROXY: ALL_PROXY names a SOCKS proxy, so that requests go")
    assert warnings(proxy=flawed, base_url="http://a.example") == []
    assert warnings(proxy=flawed) == []
    assert warnings(proxy=Secret("http://a:1"), base_url="https://a.example") == []
    assert warnings(base_url="https://a.example") == []


def wrong(**values: object) -> list[str]:
    """The keys that must not be so."""
    return [finding.variable for finding in check(HttpOptions.RULES.must, Facts(values, {}))]


def test_a_named_authority_is_there(tmp_path: Path) -> None:
    """Its absence would otherwise show as a TLS failure much later."""
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert wrong(ca_file=tmp_path / "missing.pem") == ["ca_file"]
    assert wrong(ca_file=tmp_path) == ["ca_file"]
    assert wrong(ca_file=tmp_path / ("x" * 5000)) == ["ca_file"]
    assert wrong(ca_file=tmp_path / "loop") == ["ca_file"]
    assert wrong(ca_file=tmp_path / "ca.pem") == []
    assert wrong(ca_file=None) == []
    assert wrong() == []
