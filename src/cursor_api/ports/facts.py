"""What nodes tell each other of things that all of them have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Fact(NamedTuple):
    """What is so: `state` is of the teller's own form, b"" where all is well again.

    The last one of a name holds. `age_s` is how long ago it was told.
    """

    name: str
    state: bytes
    age_s: float = 0.0


class FactListener(Protocol):
    """Whoever hears what other nodes tell, of whatever kind; must not block or raise."""

    def hear(self, fact: Fact) -> None:
        """One of them has told it just now."""
        ...

    def begin(self, facts: Sequence[Fact]) -> None:
        """All that holds, at the start and after every gap; what is not there was never told."""
        ...


class FactChannel(Protocol):
    """Tells all nodes, and keeps what holds for those that come later.

    `node` is what this one is called among all that ever were.
    """

    node: str

    @property
    def is_up(self) -> bool:
        """Whether the others can be reached."""
        ...

    def tell(self, fact: Fact, kept_s: float) -> None:
        """Must not block or raise; where the others cannot be reached, later.

        Whoever comes within `kept_s` seconds hears of it.
        """
        ...

    def listen(self, listener: FactListener) -> None:
        """Be told what others tell, from the next gap or start on; besides those who listen."""
        ...
