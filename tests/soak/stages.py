"""The stages of `make soak`: one row each, with the promise that its figures are about."""

from __future__ import annotations

from dataclasses import dataclass

from tests.soak import drain, reload
from tests.soak.figures import Run


@dataclass(frozen=True, slots=True)
class Stage:
    """`name` is what is typed; `promise` says what is to be kept."""

    name: str
    promise: str
    run: Run


STAGES = (
    Stage("drain", "SIGTERM breaks no stream that is under way", drain.run),
    Stage("reload", "The token files read again 100 times under load fail no request", reload.run),
)
