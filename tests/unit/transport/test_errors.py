"""Errors of connections carry what a fault needs."""

from __future__ import annotations

import errno

from cursor_api.transport.errors import ProxyUnreachableError, UnreachableError


def test_a_connection_that_failed_says_why() -> None:
    """The system's own error is looked at for what this machine has none left of."""
    cause = OSError(errno.EMFILE, "no more")
    assert UnreachableError(cause).os_error is cause
    assert isinstance(ProxyUnreachableError(cause), UnreachableError)
    assert "no more" in str(UnreachableError(cause))
