"""Answers that are kept for their callers: to be asked for again, and gone on from.

Rules of this file:
- They are in memory and nowhere else: a restart forgets them all.
- An answer belongs to who asked for it. To anybody else there is none.
- Only whole answers are found. What a request brings is counted from its beginning.
- Where room is needed, the caller who takes most loses the oldest: nobody takes the room of all.
  One that would take a quarter of it is not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from msgspec import Struct

from cursor_api.domain.caller import Caller
from cursor_api.domain.credential import Secret
from cursor_api.domain.kept import not_kept
from cursor_api.options.kinds import duration, size
from cursor_api.options.setting import GIB, setting
from cursor_api.ports.process import Clock

# What one takes besides its texts.
ENTRY_BYTES: Final = 2_048
# The most that one may take of all.
SHARE: Final = 4


class KeptAnswersOptions(Struct, frozen=True):
    """How many answers are kept, and for how long."""

    bytes_max: int = setting(
        "GATEWAY_ANSWERS_BYTES_MAX",
        size(0, 64 * GIB, "64MiB"),
        "64MiB",
        "Memory for answers that clients continue from with `previous_response_id`, or ask for"
        " again. When it is full, the oldest of the caller who takes most is removed; `0` keeps"
        " none.",
        key="answers_bytes_max",
        is_divided=True,
    )
    age_s_max: float = setting(
        "GATEWAY_ANSWERS_KEPT_S",
        duration(1, 30 * 86_400, "1h"),
        "1h",
        "How long such an answer is kept. Conversations are seldom continued after a longer pause.",
        key="answers_kept_s",
    )


# Who asked: a name, and what tells it from others of this name. Of an API key that is when it was
# made, as a deleted one leaves its name to another; in pass-through the caller's own secrets.
Owner = tuple[str, float, tuple[Secret, ...]]


class KeptAnswer(NamedTuple):
    """`body` is the answer and `items` is what was asked; `history` has those before, in turns.

    All is as it was written: read once more it is messages, of which thousands that lie around
    would be a burden to the garbage collector.
    """

    history: tuple[bytes, ...]
    items: bytes
    body: bytes

    @property
    def turns(self) -> tuple[bytes, ...]:
        """The whole conversation: what was asked, what was answered, and so on."""
        return (*self.history, self.items, self.body)


class _Entry:
    __slots__ = ("answer", "kept_at", "owner", "size_bytes")

    def __init__(self, owner: Owner, answer: KeptAnswer, kept_at: float, size_bytes: int) -> None:
        self.owner = owner
        self.answer = answer
        self.kept_at = kept_at
        self.size_bytes = size_bytes


class _Owned:
    """The ids of one caller's answers, the oldest first."""

    __slots__ = ("ids", "size_bytes")

    def __init__(self) -> None:
        self.ids: OrderedDict[str, None] = OrderedDict()
        self.size_bytes = 0


class KeptAnswers:
    """The answers of all callers, by their ids."""

    def __init__(self, options: KeptAnswersOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._keys: object = None
        # The oldest first; of this kind of dictionary, as its first is found at once whatever went.
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        # Of each caller the same, and the bytes that they take together.
        self._owned: dict[Owner, _Owned] = {}
        self.size_bytes = 0

    def __repr__(self) -> str:
        return f"KeptAnswers({len(self._entries)}, {self.size_bytes} bytes)"

    def use(self, options: KeptAnswersOptions, keys: object) -> None:
        """Keep no more than these say, and nothing where the keys of callers are others now.

        Callers are named by the order of their keys: under a name may be another one.
        """
        self._options = options
        if keys != self._keys:
            self._keys = keys
            self._entries.clear()
            self._owned.clear()
            self.size_bytes = 0
        self._make_room(0)

    def get(self, id_: str, caller: Caller, *, param: str | None = None) -> KeptAnswer:
        """The caller's answer; raises Fault(NOT_FOUND)."""
        self._make_room(0)
        entry = self._entries.get(id_)
        if entry is None or entry.owner != _owner(caller) or not entry.answer.body:
            raise not_kept(param)
        return entry.answer

    def delete(self, id_: str, caller: Caller) -> None:
        """Forget the caller's answer; raises Fault(NOT_FOUND)."""
        self.get(id_, caller)
        self._drop(id_)

    def begin(
        self, id_: str, caller: Caller, items: bytes, history: tuple[bytes, ...] = ()
    ) -> None:
        """A request of which the answer is to be kept; `history` is what it goes on from."""
        size_bytes = ENTRY_BYTES + len(items) + sum(map(len, history))
        if size_bytes > self._options.bytes_max // SHARE:
            return
        self._make_room(size_bytes)
        answer = KeptAnswer(history, items, b"")
        owner = _owner(caller)
        self._entries[id_] = _Entry(owner, answer, self._clock.monotonic(), size_bytes)
        owned = self._owned.setdefault(owner, _Owned())
        owned.ids[id_] = None
        owned.size_bytes += size_bytes
        self.size_bytes += size_bytes

    def end(self, id_: str, body: bytes) -> None:
        """Keep a whole answer, if there still is room for it."""
        entry = self._entries.get(id_)
        if entry is None:
            return
        more = len(body)
        if entry.size_bytes + more > self._options.bytes_max // SHARE:
            self._drop(id_)
            return
        entry.answer = entry.answer._replace(body=body)
        entry.size_bytes += more
        self._owned[entry.owner].size_bytes += more
        self.size_bytes += more
        self._make_room(0)

    def break_off(self, id_: str) -> None:
        """Forget a request of which the answer has not become whole."""
        entry = self._entries.get(id_)
        if entry is not None and not entry.answer.body:
            self._drop(id_)

    def _make_room(self, size_bytes: int) -> None:
        """Let go of what is too old; where there is too much, of the oldest of who takes most."""
        oldest_at = self._clock.monotonic() - self._options.age_s_max
        while self._entries:
            id_, entry = next(iter(self._entries.items()))
            if entry.kept_at >= oldest_at:
                break
            self._drop(id_)
        while self._entries and self.size_bytes > self._options.bytes_max - size_bytes:
            most = max(self._owned.values(), key=lambda owned: owned.size_bytes)
            self._drop(next(iter(most.ids)))

    def _drop(self, id_: str) -> None:
        entry = self._entries.pop(id_)
        owned = self._owned[entry.owner]
        del owned.ids[id_]
        owned.size_bytes -= entry.size_bytes
        if not owned.ids:
            del self._owned[entry.owner]
        self.size_bytes -= entry.size_bytes


def _owner(caller: Caller) -> Owner:
    made_at = caller.key.created_at if caller.key is not None else 0.0
    return caller.name, made_at, tuple([one.secret for one in caller.credentials])
