"""Whose request a proxy brings, as far as its word is worth anything."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.options.addresses import trusted_proxies
from cursor_api.web.access.proxies import HOPS_MAX, find_caller


def came(client: str | None, *forwarded_for: str) -> dict[str, Any]:
    """A request from an address, with these headers."""
    headers = [(b"host", b"x"), *((b"x-forwarded-for", one.encode()) for one in forwarded_for)]
    return {"headers": headers, "client": client and (client, 1234)}


@pytest.mark.parametrize(
    ("trusted", "client", "forwarded_for", "expected"),
    [
        ("", "10.0.0.1", ["192.0.2.1"], "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.0/8", "192.0.2.9", ["192.0.2.1"], "192.0.2.9"),
        # What the caller wrote stands left of what the proxy added.
        ("10.0.0.0/8", "10.0.0.1", ["203.0.113.1, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.0/8", "10.0.0.1", ["10.0.0.5, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.0/8", "10.0.0.1", ["203.0.113.1", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.0/8", "10.0.0.1", ["192.0.2.1, 10.0.0.5"], "192.0.2.1"),
        ("10.0.0.0/8", "10.0.0.1", ["10.0.0.4, 10.0.0.5"], "10.0.0.4"),
        ("10.0.0.0/8", "10.0.0.1", ["192.0.2.1, unknown"], "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", ["192.0.2.1, unknown, 10.0.0.5"], "10.0.0.5"),
        ("10.0.0.0/8", "10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", ["x" * 60_000], "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", ["192.0.2.1:4711"], "192.0.2.1"),
        ("::1,10.0.0.0/8", "::1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        ("1", "10.0.0.1", ["203.0.113.1, 192.0.2.1"], "192.0.2.1"),
        ("2", "10.0.0.1", ["203.0.113.1, 192.0.2.1, 10.0.0.5"], "192.0.2.1"),
        ("2", "10.0.0.1", ["192.0.2.1"], "10.0.0.1"),
        ("1", "10.0.0.1", ["192.0.2.1, unknown"], "10.0.0.1"),
        ("1", "10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.0/8", None, ["192.0.2.1"], ""),
    ],
)
def test_the_address_is_what_the_trusted_have_written(
    trusted: str, client: str | None, forwarded_for: list[str], expected: str
) -> None:
    """Read from the end, no further than they go; else it is the connection's."""
    assert find_caller(came(client, *forwarded_for), trusted_proxies().parse(trusted)) == expected


def test_a_header_full_of_addresses_is_not_read_to_its_beginning() -> None:
    """Nobody has so many proxies."""
    chain = ", ".join(["192.0.2.1", *["10.0.0.5"] * (HOPS_MAX + 1)])
    trusted = trusted_proxies().parse("10.0.0.0/8")
    assert find_caller(came("10.0.0.1", chain), trusted) == "10.0.0.5"
