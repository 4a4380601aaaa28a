"""One request of a simulated world, with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import RequestRecord
from tests.simulation.callers import Seen
from tests.simulation.plan import Call, Flaw
from tests.simulation.told import Told
from tests.simulation.world import Attempt, World

# What is refused before it is a request that the relay knows of: the status it gets.
EARLY_STATUS = {
    Flaw.NO_KEY: 401,
    Flaw.WRONG_KEY: 401,
    Flaw.BAD_JSON: 400,
    Flaw.NO_MESSAGES: 400,
    Flaw.TOO_LARGE: 413,
    Flaw.HALF_SENT: 408,
    Flaw.GET: 405,
}
# What the relay records and refuses by itself.
KNOWN_FLAWS = {
    Flaw.WRONG_MODEL: FaultKind.MODEL_NOT_FOUND,
    Flaw.WRONG_PIN: FaultKind.INVALID_REQUEST,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One request: what its client saw, what the upstream did for it, what is recorded of it."""

    world: World
    call: Call
    seen: Seen
    told: Told
    attempts: list[Attempt]
    entries: list[tuple[float, RequestRecord]]

    @property
    def record(self) -> RequestRecord:
        """Its last record."""
        return self.entries[-1][1]

    @property
    def is_after_stop(self) -> bool:
        """Whether the gateway was told to stop before its end."""
        stopped_at = self.world.stopped_at
        return stopped_at is not None and self.seen.ended_at >= stopped_at

    @property
    def may_be_cut(self) -> bool:
        """Whether its connection may end in the middle: a stop, or a reader that does not read."""
        return self.is_after_stop or self.call.read_pause_s > 0

    @property
    def is_own(self) -> bool:
        """Whether it brings its own tokens."""
        return self.world.is_own(self.call.tag)

    @property
    def early_status(self) -> int | None:
        """The status with which it has to be refused before the relay knows of it."""
        is_token = self.call.flaw is Flaw.WRONG_KEY and self.is_own
        return None if is_token else EARLY_STATUS.get(self.call.flaw)

    @property
    def mistake(self) -> FaultKind | None:
        """What the relay has to say of it, whatever else happens."""
        is_pin = self.call.flaw is Flaw.WRONG_PIN
        return None if is_pin and self.is_own else KNOWN_FLAWS.get(self.call.flaw)

    @property
    def is_broken_off(self) -> bool:
        """Whether it failed because the gateway's time was over."""
        return self.world.is_broken_off(self.call.tag)

    @property
    def reasoning(self) -> str:
        """What the last attempt thought."""
        return self.attempts[-1].reasoning if "thinking" in self.call.model else ""
