"""Misspelt names are found; other people's are left alone."""

from __future__ import annotations

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings.unknown import find_misspelt, find_nearest, is_ours


@pytest.mark.parametrize(
    "name",
    ["CURSOR_BASEURL", "GATEWAY_BODY_MAX", "cursor_base_url", "Gateway_Log_Level", "CURSOR_PORT_X"],
)
def test_names_that_were_meant_for_us(name: str) -> None:
    """Our prefixes, in any case."""
    assert SCHEMA.is_ours(name)


@pytest.mark.parametrize(
    "name",
    [
        "CURSOR_API_KEY",
        "CURSOR_TRACE_ID",
        "CURSOR_SDK_CLIENT_LANGUAGE",
        "CURSOR_SDK_BRIDGE_PORT",
        "CURSOR_BACKEND_URL",
        "CURSOR_WEBSITE_URL",
        "CURSOR_AGENT",
        "CURSOR_AGENT_MODE",
        "CURSOR_CLI",
        "CURSOR_CLI_COMPAT",
        "GATEWAY_INTERFACE",
        "GATEWAY_SERVICE_HOST",
        "GATEWAY_PORT",
        "GATEWAY_PORT_3000_TCP_ADDR",
        "CURSOR_API_SERVICE_PORT_HTTP",
        "CURSOR_API_PORT_3000_TCP",
        "PATH",
        "MY_CURSOR_BASE_URL",
        "CURSOR",
    ],
)
def test_names_of_other_programs(name: str) -> None:
    """Cursor's own variables, CGI's, and those that Kubernetes makes for services."""
    assert not SCHEMA.is_ours(name)


def test_names_are_told_apart_by_prefix_and_pattern() -> None:
    """What is handed in decides, in any case."""
    assert is_ours("toy_x", ("TOY_",), ())
    assert not is_ours("TOY_STORY", ("TOY_",), ("TOY_STORY",))
    assert not is_ours("BOY_X", ("TOY_",), ())


def test_no_setting_of_ours_is_taken_for_foreign() -> None:
    """A setting whose misspelling nobody would hear about has a bad name."""
    names = [name for name in SCHEMA.by_variable if name.startswith(("CURSOR_", "GATEWAY_"))]
    assert names
    assert all(map(SCHEMA.is_ours, names))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CURSOR_BASEURL", "CURSOR_BASE_URL"),
        ("cursor_base_url", "CURSOR_BASE_URL"),
        ("CURSOR_IDLE_TIMEOUT", "CURSOR_IDLE_TIMEOUT_S"),
        ("GATEWAY_BODY_MAX", "GATEWAY_BODY_BYTES_MAX"),
        ("CURSOR_AUTH_TOKEN", "AUTH_TOKEN"),
    ],
)
def test_the_nearest_name(name: str, nearest: str) -> None:
    """What was probably meant, in its own spelling."""
    assert find_nearest(name, SCHEMA.by_variable) == f"; did you mean {nearest}?"


def test_no_name_is_near() -> None:
    """Rather no guess than a wild one."""
    assert find_nearest("GATEWAY_QQQQQQQQQQQQQQQQQQ", SCHEMA.by_variable) == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ABCDEF", "ABCDEF"),
        ("ABCDE", "ABCDEF"),
        ("ABXDYF", "ABCDEF"),
        ("BACDFE", "ABCDEF"),
        ("XYCDEZ", None),
        ("abcdefgh", "ABCDEF"),
        ("ABCDEFGHI", None),
        ("HOS", "HOST"),
        ("HO", None),
        ("HOME", None),
    ],
)
def test_two_letters_may_be_wrong_and_one_of_a_short_name(name: str, meant: str | None) -> None:
    """Left out, added, replaced, swapped; in any case."""
    assert find_misspelt(name, ("HOST", "ABCDEF")) == meant
