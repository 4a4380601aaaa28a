"""What can go wrong on a connection before it is told as a fault; see faults.py."""

from __future__ import annotations

import ssl


class ConnectTimeoutError(Exception):
    """No connection within its limit."""


class NoAddressError(Exception):
    """A name means no address."""


class UnreachableError(Exception):
    """No connection, for the reason that `os_error` is."""

    def __init__(self, os_error: OSError) -> None:
        super().__init__(str(os_error))
        self.os_error = os_error


class HandshakeError(Exception):
    """TLS did not begin."""


class CertificateError(HandshakeError):
    """The other side's certificate was refused."""

    def __init__(self, ssl_error: ssl.SSLCertVerificationError) -> None:
        super().__init__(str(ssl_error))
        self.ssl_error = ssl_error


class ProxyUnreachableError(UnreachableError):
    """The same as UnreachableError, of the proxy."""


class ProxyRefusedError(Exception):
    """The proxy gives no connection to where it should lead."""


class NotHttpError(Exception):
    """What came is no answer that HTTP/1.1 allows."""


class LostError(Exception):
    """The connection ended before its answer did."""
