"""TLS to upstreams: certificates are verified, always; sessions are resumed for a while.

To resume one spares both sides the certificate, and us a fifth of what a new connection costs. It
was verified when the session began, for the same name by the same authorities, and is verified
again after RESUMED_S at the latest.
"""

from __future__ import annotations

import functools
import ssl
import sys
from pathlib import Path
from time import monotonic
from typing import Any, Final, Self

ALPN: Final = ("http/1.1",)
# From the handshake that verified the certificate. Servers allow hours.
RESUMED_S: Final = 300.0
# A gateway has a few upstreams; but images come from wherever callers say.
SESSIONS_MAX: Final = 64


class UpstreamTls(ssl.SSLContext):
    """Trusts the system's authorities, and keeps a session for each name that gave one."""

    def __new__(cls) -> Self:
        """For clients: certificates and the names in them are verified."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self) -> None:
        # With the time until which each may be resumed.
        self._sessions: dict[str, tuple[ssl.SSLSession, float]] = {}

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as in SSLContext
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """See SSLContext. Event loops call it for each connection, without a session."""
        known = self._sessions.get(str(server_hostname))
        if known is not None:
            session, until = known
            if monotonic() >= until:
                del self._sessions[str(server_hostname)]
                session = None
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def keep_session(self, connection: ssl.SSLObject) -> None:
        """The next connection to the same name resumes that of this one."""
        # To ask for a session copies it, with its certificate.
        if connection.session_reused or (session := connection.session) is None:
            return
        if len(self._sessions) >= SESSIONS_MAX:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[str(connection.server_hostname)] = session, monotonic() + RESUMED_S


def make_tls(ca_file: Path | None = None) -> UpstreamTls:
    """Trusts the system's authorities, and those of the file too. Raises OSError."""
    tls = UpstreamTls()
    if sys.version_info >= (3, 13):
        # As ssl.create_default_context does from there on.
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    tls.load_default_certs()
    if ca_file is not None:
        tls.load_verify_locations(cafile=ca_file)
    tls.set_alpn_protocols(list(ALPN))
    return tls


@functools.cache
def system_tls() -> UpstreamTls:
    """One for the process: reading the system's authorities takes 20 ms."""
    return make_tls()


def keep_session(transport: Any) -> None:
    """That of a transport whose handshake is done; nothing where it is not TLS."""
    connection = transport.get_extra_info("ssl_object")
    if connection is not None:
        connection.context.keep_session(connection)
