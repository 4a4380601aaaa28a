"""The rows of our own side stand in the tables that they are meant for."""

from __future__ import annotations

from cursor_api.pool.selection import Policy
from cursor_api.settings.rows_serving import ACCESS, FILES, LISTENER, LOGS, POOL


def test_each_group_has_its_own_table() -> None:
    """A row in the wrong group would be read from the wrong TOML table."""
    for table, rows in {
        "listener": LISTENER,
        "access": ACCESS,
        "files": FILES,
        "pool": POOL,
        "logs": LOGS,
    }.items():
        assert {row.table for row in rows} == {table}


def test_the_listener_is_loopback_unless_told_otherwise() -> None:
    """Whoever can reach the gateway spends the operator's account."""
    assert {row.variable: row.default for row in LISTENER}["HOST"] == "127.0.0.1"


def test_the_log_never_keeps_fewer_than_it_always_showed() -> None:
    """100 entries are the smallest ring."""
    entries = {row.variable: row for row in LOGS}["GATEWAY_LOG_ENTRIES_MAX"]
    assert entries.default == "100"
    assert entries.kind.label.en == "number, 100 to 100000"


def test_the_policies_are_the_pools() -> None:
    """Every one of them can be chosen, and the default is the one that all had before."""
    (policy,) = POOL
    assert policy.kind.examples == tuple(choice.value for choice in Policy)
    assert policy.default == Policy.ROUND_ROBIN.value
