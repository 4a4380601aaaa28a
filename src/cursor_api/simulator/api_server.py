"""A simulator of one JSON API: a server, and what it was asked."""

from __future__ import annotations

from collections import deque

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.json_api import Api, ApiRequest, JsonApiResponder
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import Simulator


class ApiSimulator(Simulator):
    """Serves one API, and lets tests look at its requests and change its faults."""

    def __init__(self, api: Api, options: SimulatorOptions | None = None) -> None:
        options = options or SimulatorOptions()
        self._responder = JsonApiResponder(api, options)
        super().__init__((self._responder,), options)

    @property
    def requests(self) -> deque[ApiRequest]:
        """The last requests, in the order of arrival."""
        return self._responder.requests

    def use_faults(self, faults: Faults) -> None:
        """Change the faults of credentials without a script, for requests to come."""
        self._responder.scripts.faults = faults

    def script(self, token: str, *faults: Faults) -> None:
        """Give a credential one of `faults` for each request to come; the last one stays."""
        self._responder.scripts.script(token, *faults)
