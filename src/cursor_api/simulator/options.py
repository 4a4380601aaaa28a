"""What a simulator is set to, as frozen values with defaults."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """A simulator's address, manners and limits. Port 0 takes a free one.

    `scripts` gives single credentials faults of their own: one value for every request, or a row
    of them, of which each request uses up one and the last one stays. `choose`, where given, is
    asked for each request instead: from its credential and its question, how it is answered and
    with what text.
    """

    host: str = "127.0.0.1"
    port: int = 0
    faults: Faults = field(default_factory=Faults)
    scripts: Mapping[str, Faults | tuple[Faults, ...]] = field(default_factory=dict)
    choose: Callable[[str, str], tuple[Faults, Scenario]] | None = None
    scenario: Scenario = field(default_factory=Scenario)
    tls: ssl.SSLContext | None = None
    now_s: Callable[[], float] = time.time
    # A long conversation with images; the real limit is not known.
    request_bytes_max: int = 32 * 1024 * 1024
    # Whole conversations are kept for tests to look at; a soak run must not keep them all.
    requests_kept_max: int = 1000
    connections_max: int = 4096
    # As the load balancer in front of the real server: longer than a client keeps a connection.
    idle_timeout_s: float = 75.0
    # A request that does not arrive whole is given up after so long.
    request_timeout_s: float = 30.0
