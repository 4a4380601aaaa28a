"""Whether the address that a gateway is to serve at can be had, and what to do where it cannot."""

from __future__ import annotations

import errno
import socket
from typing import Final

from cursor_api.cli.serving.found import Found, as_problem
from cursor_api.options.rules import Facts
from cursor_api.options.said import tell
from cursor_api.runtime import listen

PRIVILEGED_PORT_MAX: Final = 1023
PORT_MAX: Final = 65_535
DEFAULT_PORT: Final = 3000
_NOT_ALLOWED: Final = {errno.EACCES, errno.EPERM}


def take_port(facts: Facts) -> tuple[socket.socket | None, list[Found]]:
    """The listener, open; else why it is not to be had. Neither where HOST or PORT is wrong."""
    host, port = facts.find("HOST"), facts.find("PORT")
    if host is None or port is None:
        return None, []
    try:
        return listen(host, port), []
    except OSError as error:
        return None, [_explain(facts, host, port, error)]


def _explain(facts: Facts, host: str, port: int, error: OSError) -> Found:
    is_in_use = error.errno == errno.EADDRINUSE
    if is_in_use or (error.errno in _NOT_ALLOWED and port <= PRIVILEGED_PORT_MAX):
        message = _why_no_port(host, port, is_in_use=is_in_use)
        return Found(facts.finding("PORT", message), is_problem=True, may_be_ours=is_in_use)
    return as_problem(facts, "HOST", _why_no_host(host, port, error))


def _why_no_port(host: str, port: int, *, is_in_use: bool) -> str:
    if is_in_use:
        return tell(
            "another program listens on port {port} of {host}; stop it, or choose another port,"
            " as in PORT={other}",
            port=port,
            host=host,
            other=port + 1 if port < PORT_MAX else DEFAULT_PORT,
        )
    return tell(
        "{port} is for privileged programs only; choose one above {limit}, as in PORT={other}",
        port=port,
        limit=PRIVILEGED_PORT_MAX,
        other=DEFAULT_PORT,
    )


def _why_no_host(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return tell(
            "{host} is a name without an address here; use an address, such as 127.0.0.1",
            host=host,
        )
    match error.errno:
        case errno.EADDRNOTAVAIL:
            return tell(
                "{host} is no address of this machine; use 127.0.0.1 (this machine alone), or"
                " 0.0.0.0 or :: (everybody who can reach it)",
                host=host,
            )
        case errno.EAFNOSUPPORT:
            return tell(
                "{host} is an IPv6 address, and this machine has no IPv6; use an IPv4 one",
                host=host,
            )
        case _:
            return tell(
                "cannot listen on {host} port {port} ({reason}); choose others",
                host=host,
                port=port,
                reason=error.strerror,
            )
