"""The simulator as a stand-in for Cursor's StreamChat that needs no account."""

from __future__ import annotations

from collections import deque

from cursor_api.simulator.cursor.options import Gate
from cursor_api.simulator.cursor.received import ReceivedRequest
from cursor_api.simulator.cursor.responder import CursorResponder
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import Simulator


class CursorSimulator(Simulator):
    """A server that answers StreamChat, and knows what it was asked."""

    def __init__(self, options: SimulatorOptions | None = None, gate: Gate | None = None) -> None:
        options = options or SimulatorOptions()
        self._responder = CursorResponder(options, gate)
        super().__init__((self._responder,), options)

    @property
    def requests(self) -> deque[ReceivedRequest]:
        """The last requests, in the order of arrival."""
        return self._responder.requests

    def use_faults(self, faults: Faults) -> None:
        """Change the faults of credentials without a script, for requests to come."""
        self._responder.scripts.faults = faults

    def script(self, token: str, *faults: Faults) -> None:
        """Give a credential one of `faults` for each request to come; the last one stays."""
        self._responder.scripts.script(token, *faults)
