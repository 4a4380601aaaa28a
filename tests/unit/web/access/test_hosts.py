"""Which requests were meant for this machine alone."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.web.access.hosts import ANY, Hosts


def under(host: str | None, **fields: str) -> dict[str, Any]:
    """A request under a name; underscores in headers stand for dashes."""
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return {"headers": headers if host is None else [(b"host", host.encode()), *headers]}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:3000", "127.0.0.1", "localhost:3000", "LOCALHOST.", "[::1]:3000", "127.9.9.9"],
)
def test_this_machines_own_names_are_its_own(host: str) -> None:
    """With a port and without."""
    assert Hosts(()).admit(under(host, origin="http://127.0.0.1:3000"))


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example:3000",
        "192.0.2.7",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "[2001:db8::1]",
        "127.0.0.1, evil.example",
    ],
)
def test_any_other_name_is_somebody_elses(host: str | None) -> None:
    """Whatever it is made to look like."""
    assert not Hosts(()).admit(under(host))


@pytest.mark.parametrize(
    "header",
    [
        *("x_forwarded_for", "x_forwarded_proto", "x_forwarded_host", "x_forwarded_anything"),
        *("forwarded", "via", "x_real_ip", "cf_connecting_ip", "true_client_ip", "fly_client_ip"),
    ],
)
def test_what_a_proxy_forwards_is_not_from_here(header: str) -> None:
    """Whatever it says in it, this machine's own address too."""
    assert not Hosts(()).admit(under("127.0.0.1:3000", **{header: "127.0.0.1"}))


def test_names_can_be_added() -> None:
    """Forwarded or not: who names it knows what is in front. `*` is any name."""
    hosts = Hosts(("gateway.example",))
    assert hosts.admit(under("Gateway.Example:443", x_forwarded_for="192.0.2.7"))
    assert hosts.admit(under("localhost"))
    assert not hosts.admit(under("other.example"))
    assert not hosts.admit(under("localhost", x_forwarded_for="192.0.2.7"))
    assert Hosts((ANY,)).admit(under("other.example", via="1.1 proxy"))
    assert Hosts((ANY,)).admit(under(None))
