"""The simulator as a stand-in for an OpenAI-compatible endpoint."""

from __future__ import annotations

from cursor_api.simulator.api_server import ApiSimulator
from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.openai.api import OpenAiApi
from cursor_api.simulator.options import SimulatorOptions


class OpenAiSimulator(ApiSimulator):
    """A server that answers chat completions, embeddings and the list of models."""

    def __init__(
        self, options: SimulatorOptions | None = None, api: ApiOptions | None = None
    ) -> None:
        super().__init__(OpenAiApi(api or ApiOptions()), options)
