"""The simulator as a stand-in for Anthropic's API."""

from __future__ import annotations

from cursor_api.simulator.anthropic.api import AnthropicApi
from cursor_api.simulator.api_server import ApiSimulator
from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.options import SimulatorOptions


class AnthropicSimulator(ApiSimulator):
    """A server that answers Messages, counts tokens and lists models."""

    def __init__(
        self, options: SimulatorOptions | None = None, api: ApiOptions | None = None
    ) -> None:
        super().__init__(AnthropicApi(api or ApiOptions()), options)
