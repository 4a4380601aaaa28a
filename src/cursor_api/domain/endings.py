"""How the deltas of an answer end, and what is told of those that do not hold together."""

from __future__ import annotations

from cursor_api.domain.deltas import Finished, Usage
from cursor_api.domain.errors import Fault, FaultKind


def get_usage(finished: Finished) -> Usage:
    """What was counted, which an answer always comes with; raises Fault(INTERNAL) otherwise."""
    if finished.usage is None:
        # The relay estimates where the upstream does not count; zeros would be a lie.
        raise Fault(FaultKind.INTERNAL, "The gateway did not count this answer's tokens.")
    return finished.usage


def goes_on() -> Fault:
    """For what follows the end."""
    return Fault(FaultKind.PROTOCOL_ERROR, "The upstream went on after the end of its answer.")


def is_incomplete() -> Fault:
    """For an answer without an end."""
    return Fault(FaultKind.INCOMPLETE, "The upstream stopped before the end of its answer.")


def has_no_call() -> Fault:
    """For arguments that belong to no call."""
    return Fault(
        FaultKind.PROTOCOL_ERROR,
        "The upstream gave arguments to a call that it never made, or had ended.",
    )
