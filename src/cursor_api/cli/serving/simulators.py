"""The simulators that can be run alone: one line for each kind of upstream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from cursor_api.simulator.anthropic.kind import AnthropicSimulator
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.openai.kind import OpenAiSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import Simulator

SIMULATORS: Final[Mapping[str, Callable[[SimulatorOptions], Simulator]]] = MappingProxyType(
    {
        "cursor": CursorSimulator,
        "openai": OpenAiSimulator,
        "anthropic": AnthropicSimulator,
    }
)
