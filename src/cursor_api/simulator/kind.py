"""What the simulator's server asks of each kind of upstream that it can stand in for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from cursor_api.simulator.faults import Mishap
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.steps import Step


@dataclass(frozen=True, slots=True)
class PlannedAnswer:
    """How a request is answered, not yet played. `mishaps` are those that chance chose."""

    ordinal: int
    mishaps: frozenset[Mishap]
    steps: Iterator[Step]


class Responder(Protocol):
    """One kind of upstream: its addresses, and how requests to them are answered."""

    @property
    def paths(self) -> Collection[str]:
        """The paths, without a query, of the requests that are its own."""
        ...

    def respond(self, request: RawRequest, /) -> PlannedAnswer:
        """The answer to any request, a refusal of one that is not its own included."""
        ...
