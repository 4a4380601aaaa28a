"""Errors of connections carry what a fault needs."""

from __future__ import annotations

import errno

from cursor_api.transport.errors import ConnectError, ProxyUnreachableError


def test_a_connection_that_failed_says_why() -> None:
    """The system's own error is looked at for what this machine has none left of."""
    cause = OSError(errno.EMFILE, "no more")
    assert ConnectError(cause).os_error is cause
    assert isinstance(ProxyUnreachableError(cause), ConnectError)
    assert "no more" in str(ConnectError(cause))
