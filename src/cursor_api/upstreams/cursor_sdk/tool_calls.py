"""Calls of the caller's tools, which wait in the bridge until the caller brings the results; pure.

The bridge asks us to run a tool and waits for as long as it takes. The caller gets the call as part
of an answer, runs the tool, and sends the result with his next request, which finds the call by its
id. Whoever knows the id goes on with the run: it is random, and told to nobody else.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct, field

from cursor_api.domain.content import Document, Image, LinkedImage, Text, ToolResult
from cursor_api.domain.value import replace, repr_without
from cursor_api.wire.free_text import read_free_text

# Arguments of all calls that wait, in all runs. A file that is to be written is part of them.
PARKED_BYTES_MAX: Final = 64 << 20
# Connect's code for a tool that failed; the model is told the message.
FAILED: Final = "unknown"
NO_RESULT: Final = "The tool was not run: no result was given for this call."
TOO_MANY: Final = "The tool was not run: too many calls are waiting for their results."
ENDED: Final = "The tool was not run: the conversation has ended."


class ToolAnswer(Struct, frozen=True):
    """What the bridge is answered: 200 with a result, or 400 with why there is none."""

    status: int
    body: bytes


def refuse(message: str, code: str = FAILED) -> ToolAnswer:
    """The answer for a call that failed, in words for the model."""
    return ToolAnswer(400, msgspec.json.encode({"code": code, "message": message}))


def answer_of(result: ToolResult) -> ToolAnswer:
    """A result as the model gets it; of one that failed, only the text."""
    if result.is_error:
        said = [part.text for part in result.parts if isinstance(part, Text)]
        return refuse("\n".join(said) or "The tool failed.")
    # An empty list was never seen to work.
    content = [_encode(part) for part in result.parts or (Text(""),)]
    return ToolAnswer(200, msgspec.json.encode({"result": {"content": content}}))


def _encode(part: Text | Image | LinkedImage | Document) -> dict[str, str]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Document):
        return {"type": "text", "text": part.mention}
    if isinstance(part, LinkedImage):
        # Fetched before it comes here, or refused; if neither, the model knows of it.
        return {"type": "text", "text": f"[image at {part.url}]"}
    data = base64.b64encode(part.data).decode()
    return {"type": "image", "data": data, "mimeType": part.media_type}


class ToolCall(Struct, eq=False):
    """A call that waits. Two that ask the same are one: the bridge may ask again for a lost one."""

    id: str
    name: str
    arguments: bytes
    is_told: bool = False
    waiting: list[asyncio.Future[ToolAnswer]] = field(default_factory=list)

    __repr__ = repr_without("arguments")

    def spell(self, *, is_free_text: bool) -> str:
        """The arguments as the caller gets them; a tool that takes any text gets the text."""
        if is_free_text:
            return read_free_text(self.arguments)
        return self.arguments.decode(errors="replace")

    def settle(self, answer: ToolAnswer) -> None:
        """Whoever waits for it gets this."""
        for one in self.waiting:
            if not one.done():
                one.set_result(answer)
        self.waiting.clear()


class _Held(Struct):
    """What one caller's calls take."""

    count: int = 0
    size_bytes: int = 0


class Parking:
    """How many calls wait in all runs, how large they are, and whose.

    One caller may take all the room while nobody else wants it. Whoever finds none gets that of the
    caller who has most: `end_run` ends the run of his that waits longest, and tells whether there
    was one.
    """

    def __init__(
        self,
        count_max: int,
        end_run: Callable[[str], bool] = lambda _caller: False,
        bytes_max: int = PARKED_BYTES_MAX,
    ) -> None:
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._end_run = end_run
        self._all = _Held()
        self._by_caller: dict[str, _Held] = {}

    def __repr__(self) -> str:
        return f"Parking({self.count} of {self._count_max} calls, {self._all.size_bytes} bytes)"

    @property
    def count(self) -> int:
        """How many wait."""
        return self._all.count

    def enter(self, caller: str, arguments: bytes) -> bool:
        """Whether there is room; if so, it is taken."""
        size_bytes = len(arguments)
        while (
            self._all.count >= self._count_max
            or self._all.size_bytes + size_bytes > self._bytes_max
        ):
            if not self._make_room(caller, size_bytes):
                return False
        held = self._by_caller.setdefault(caller, _Held())
        for one in (self._all, held):
            one.count += 1
            one.size_bytes += size_bytes
        return True

    def leave(self, caller: str, arguments: bytes) -> None:
        """One less."""
        held = self._by_caller[caller]
        for one in (self._all, held):
            one.count -= 1
            one.size_bytes -= len(arguments)
        if not held.count:
            del self._by_caller[caller]

    def _make_room(self, caller: str, size_bytes: int) -> bool:
        """Whether another caller, who has more than this one would have, has less now."""
        most = max(self._by_caller, key=lambda one: self._part(self._by_caller[one]), default=None)
        own = self._by_caller.get(caller, _Held())
        wanted = _Held(own.count + 1, own.size_bytes + size_bytes)
        if most is None or self._part(self._by_caller[most]) <= self._part(wanted):
            return False
        return self._end_run(most)

    def _part(self, held: _Held) -> float:
        """Which part of the room it is, by whatever there is least of."""
        return max(held.count / self._count_max, held.size_bytes / self._bytes_max)


class RunCalls:
    """The calls of one run that wait, in the order in which they came."""

    def __init__(
        self, names: Iterable[str], parking: Parking, new_id: Callable[[], str], caller: str = ""
    ) -> None:
        self._names = frozenset(names)
        self._caller = caller
        self._parking = parking
        self._new_id = new_id
        self._by_id: dict[str, ToolCall] = {}
        self._is_closed = False

    def __repr__(self) -> str:
        return f"RunCalls({list(self._by_id.values())!r})"

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def ids(self) -> tuple[str, ...]:
        """Those that the caller was told of."""
        return tuple(call.id for call in self._by_id.values() if call.is_told)

    def untold(self) -> list[ToolCall]:
        """Those that he is still to be told of."""
        return [call for call in self._by_id.values() if not call.is_told]

    def add(self, name: str, arguments: bytes) -> asyncio.Future[ToolAnswer]:
        """A call from the bridge, and what it will be answered."""
        answer: asyncio.Future[ToolAnswer] = asyncio.get_running_loop().create_future()
        if self._is_closed:
            answer.set_result(refuse(ENDED))
        elif name not in self._names:
            answer.set_result(refuse(f"There is no tool with the name {name[:100]}.", "not_found"))
        elif (known := self._find(name, arguments)) is not None:
            known.waiting.append(answer)
        elif not self._parking.enter(self._caller, arguments):
            answer.set_result(refuse(TOO_MANY, "resource_exhausted"))
        else:
            call = ToolCall(self._new_id(), name, arguments, waiting=[answer])
            self._by_id[call.id] = call
        return answer

    def settle(self, results: Sequence[ToolResult], more: tuple[Text | Image, ...] = ()) -> None:
        """The caller's results; what he was told of and does not answer is not run.

        `more` is what he says besides, and goes with the last of them.
        """
        given = {result.call_id: result for result in results}
        told = self.ids
        last = next((call_id for call_id in reversed(told) if call_id in given), None)
        for call_id in told:
            result = given.get(call_id)
            if result is not None and call_id == last:
                result = replace(result, parts=(*result.parts, *more))
            self._pop(call_id).settle(answer_of(result) if result else refuse(NO_RESULT))

    def shut(self) -> None:
        """The run ends: nothing more will wait, and what does makes room for others' calls."""
        if self._is_closed:
            return
        self._is_closed = True
        for call in self._by_id.values():
            self._parking.leave(self._caller, call.arguments)

    def close(self, message: str = ENDED) -> None:
        """The run has ended: nothing waits any more."""
        self.shut()
        for call_id in tuple(self._by_id):
            self._pop(call_id).settle(refuse(message))

    def _pop(self, call_id: str) -> ToolCall:
        call = self._by_id.pop(call_id)
        if not self._is_closed:
            self._parking.leave(self._caller, call.arguments)
        return call

    def _find(self, name: str, arguments: bytes) -> ToolCall | None:
        same = (c for c in self._by_id.values() if (c.name, c.arguments) == (name, arguments))
        return next(same, None)
