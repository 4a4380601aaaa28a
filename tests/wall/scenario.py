"""What a scenario of the wall is: a frozen value that says what goes wrong and what must be seen.

A scenario is played by each way of asking (streamed, in one piece, and by OpenAI's own SDK) before
a gateway and a simulator of its own, so that nothing is left over from another.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.scenario import CHINESE, CODE

# Code with its spaces and tabs, and words whose letters take three bytes each.
TEXT = CODE + CHINESE
# Words frames before what goes wrong in the middle.
MIDDLE = 12
# Limits of time. A healthy answer takes milliseconds, on a machine that does much else at once
# some tenths of a second.
LIMIT_S = 1.0
FOREVER_S = 3600.0

FINE = (Faults(),)


class Shape(enum.Enum):
    """How an answer looks to who asked for it.

    WHOLE: all of the text and a clean end. REFUSED: an error status and no text. BROKEN: where it
    is streamed a beginning of the text and then an error event, where it is not an error status.
    LATE: the same without a text, as silence had begun the stream. LEFT: nobody was there to see
    it.
    """

    WHOLE = "whole"
    REFUSED = "refused"
    BROKEN = "broken"
    LATE = "late"
    LEFT = "left"


# A credential's alias and the fault that ended the attempt, "" for the one that answered.
Attempt = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What one request must come to.

    `status` and `code` are those of the error. `retry_after_s` are the allowed values of the
    header, None for no header. `attempts` are told to the client and kept in the record;
    `is_upstream_asked` says whether the simulator sees each of them. `is_kept_alive`: where it is
    streamed, comments break a silence before all else, and the attempts are only on record.
    """

    shape: Shape = Shape.WHOLE
    status: int = 200
    code: str = ""
    retry_after_s: range | None = None
    is_retry_invited: bool = True
    attempts: tuple[Attempt, ...] = ()
    is_upstream_asked: bool = True
    is_kept_alive: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `headers` come on top of the usual ones.

    `jump_s` moves the wall clock while the answer is under way.
    """

    expect: Expect
    headers: Mapping[str, str] = field(default_factory=dict)
    jump_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Leave:
    """One request whose client leaves: as soon as text has come, where it is streamed.

    `is_half`: it only says that it will send no more, and goes on reading.
    """

    attempts: tuple[Attempt, ...]
    is_half: bool = False


@dataclass(frozen=True, slots=True)
class Jump:
    """The wall clock is moved by so many seconds, as a person or a time server does it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Elapse:
    """So many seconds pass, for the clocks of the gateway."""

    seconds: float


Step = Ask | Leave | Jump | Elapse


@dataclass(frozen=True, slots=True)
class Afterwards:
    """How things must stand in the end; whom it does not name must be as if nothing had happened.

    `resting`: aliases with the cause of their cooldown; `quarantined`: aliases.
    """

    resting: Mapping[str, str] = field(default_factory=dict)
    quarantined: frozenset[str] = frozenset()
    is_breaker_open: bool = False


class Place(enum.Enum):
    """Where the gateway's base URL leads: to the simulator, or nowhere."""

    SIMULATOR = "simulator"
    SIMULATOR_SELF_SIGNED = "simulator with a self-signed certificate"
    CLOSED_PORT = "closed port"
    NO_NAME = "name without an address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of the wall.

    `credentials` gives each alias the faults of its requests, the last of which stays; the pool
    asks them in this order. `kind` is that of the upstream. `is_streamed`: asked only so, None for
    streamed and in one piece. `upstream_bytes_max` bounds what the gateway takes of one answer's
    body. `deeper` is the test file that takes the matter further.
    """

    key: str
    name: Words
    credentials: Mapping[str, tuple[Faults, ...]]
    steps: tuple[Step, ...]
    after: Afterwards = Afterwards()
    settings: Mapping[str, str] = field(default_factory=dict)
    place: Place = Place.SIMULATOR
    text: str = TEXT
    upstream_bytes_max: int | None = None
    kind: str = "cursor"
    is_streamed: bool | None = None
    deeper: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """What a scenario's row says, as it was seen."""

    streamed: Words
    whole: Words
    attempts: Words


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a scenario; it has passed when there are no complaints."""

    cells: Cells
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """A row whose course is no list of steps."""

    key: str
    name: Words
    run: Callable[[], Awaitable[Report]]
    deeper: str = ""


Row = Scenario | Special
