"""What one connection may do to us, in time and in size."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.options.kinds import duration, size, whole
from cursor_api.options.setting import KIB, MIB, setting
from cursor_api.web.server import descriptors

# A body has to bring this much within the time limit: 16 KiB in 30 s is 4 kbit/s, below any
# network that carries an answer.
PROGRESS_BYTES = 16_384
# What a refused client gets to read its answer; closed at once, what it still sends would make its
# system throw the answer away.
REFUSAL_LINGER_S = 1.0
# How long a client may go on sending a body that was answered before it was whole. Most are through
# in less; on a slow line only so much of the largest body comes through.
BODY_LINGER_S = 5.0
# What is kept for a client that does not read, before whoever writes to it has to wait. A stream's
# write has some hundred bytes: this holds the dozens of them that a slow network is behind.
WRITE_BUFFER_BYTES = 16_384
# Connections beyond the limit that are refused in words; one more just ends.
REFUSED_MAX = 32


class ConnectionLimits(Struct, frozen=True):
    """What one connection may do to us."""

    # A full socket buffer that nobody empties for this long is a client that is gone.
    write_timeout_s: float = setting(
        "GATEWAY_WRITE_TIMEOUT_S",
        duration(1, 3600, "30s"),
        "30",
        "How long a client may fail to read before it is disconnected. Until then its answer"
        " occupies an upstream connection.",
    )
    header_timeout_s: float = setting(
        "GATEWAY_HEADER_TIMEOUT_S",
        duration(1, 3600, "15s"),
        "15",
        "How long a client may take to send the request line and headers, and how long a new"
        " connection may stay silent. Real clients send them in one packet. A TLS handshake has"
        " the same time to itself.",
    )
    body_timeout_s: float = setting(
        "GATEWAY_BODY_TIMEOUT_S",
        duration(1, 3600, "30s"),
        "30",
        "How long a client may take for the next 16 KiB of a body, or for its end. A large body"
        " on a slow line is fine as long as it keeps coming.",
    )
    # 64 KiB of headers is what nginx takes at most.
    header_bytes_max: int = setting(
        "GATEWAY_HEADER_BYTES_MAX",
        size(KIB, MIB, "64KiB"),
        "64KiB",
        "Largest request head: request line and headers together. Real clients send less than 4"
        " KiB; cookies of other pages on the same host may add some.",
    )
    # Of all connections together.
    connections_max: int = setting(
        "GATEWAY_CONNECTIONS_MAX",
        whole(1, 1_000_000, 4096),
        "4096",
        "Most connections that callers may have open, including idle ones; the next one gets a"
        " 503. It is at most half of what the system allows the process (`ulimit -n`), because"
        " the other half is for connections to upstreams.",
        is_divided=True,
    )

    def within(self, descriptor_limit: int | None) -> ConnectionLimits:
        """With callers' share of the connections that a process with so many descriptors has."""
        share = descriptors.share(self.connections_max, descriptor_limit)
        return replace(self, connections_max=share)
