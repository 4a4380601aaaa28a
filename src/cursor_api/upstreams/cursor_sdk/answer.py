"""The stream of a run, cut anywhere, as deltas; no I/O.

Rules of this file:
- A run is whole when its `result` says that it finished; then, and only then, `Finished` is given,
  as the last delta. Every other end is a Fault.
- What came whole before a fault is given first, however the network cut the bytes.
- Text is taken from messages of the type `assistant` and from nowhere else: later bridges may
  repeat it in items of other kinds, as the genuine one does when it is asked for deltas.
- What is of an unknown type is passed over, as the contract asks.
- Where the bridge lost its backend and asked it again, the answer can begin twice in one stream.
  Nothing in it tells that from a model that repeats itself, so that it is given as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.cursor_sdk.faults import STATUS_PREFIX, fault_of_failure, fault_of_run
from cursor_api.wire.connect import ConnectError, EnvelopeDecoder, Reason, parse_end_stream
from cursor_api.wire.envelope import HEADER_BYTES, Frame
from cursor_api.wire.surrogates import Halves

# The largest are a tool's arguments and its result, which come back in messages: a screenshot.
FRAME_BYTES_MAX: Final = 32 << 20
# All frames of a run together. Nothing is kept of it, but a runaway answer goes on for ever.
ANSWER_BYTES_MAX: Final = 256 << 20
# As the bridge names the adapter's own tools among those of its backend.
CUSTOM_TOOLS: Final = ("mcp", "custom-user-tools")
FINISHED: Final = "FINISHED"
# How JavaScript writes half a character, and nothing else.
_HALF: Final = rb"\ud"
# Of what fits into 64 bits.
COUNT_DIGITS_MAX: Final = 18

_T = TypeVar("_T")


class _SdkMessage(msgspec.Struct, gc=False):
    type: str = ""
    message: msgspec.Raw = msgspec.Raw(b"{}")


# Numbers in messages, strings in results.
_Count = int | str


class _Counts(msgspec.Struct, rename="camel", gc=False):
    input_tokens: _Count = 0
    output_tokens: _Count = 0
    cache_read_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    reasoning_tokens: _Count = 0


class _RunResult(msgspec.Struct, rename="camel"):
    usage: _Counts | None = None
    error_code: str = ""
    error_message: str = ""


class _Result(msgspec.Struct, rename="camel"):
    run_id: str = ""
    status: str = ""
    error_code: str = ""
    result: _RunResult | None = None


class _Item(msgspec.Struct, rename="camel"):
    sdk_message: _SdkMessage | None = None
    result: _Result | None = None


class _Block(msgspec.Struct, gc=False):
    type: str = ""
    text: str = ""


class _Content(msgspec.Struct):
    content: list[_Block] = []


class _Assistant(msgspec.Struct):
    message: _Content


class _Thinking(msgspec.Struct, gc=False):
    text: str = ""


class _Ids(msgspec.Struct, gc=False):
    run_id: str = ""


class _Status(_Ids, gc=False):
    status: str = ""
    message: str = ""


class _Arguments(msgspec.Struct, rename="camel", gc=False):
    provider_identifier: str = ""


class _ToolCall(msgspec.Struct):
    name: str = ""
    status: str = ""
    args: _Arguments | None = None


class _Used(msgspec.Struct):
    usage: _Counts | None = None


_ITEM: Final = msgspec.json.Decoder(_Item)
_ASSISTANT: Final = msgspec.json.Decoder(_Assistant)
_THINKING: Final = msgspec.json.Decoder(_Thinking)
_IDS: Final = msgspec.json.Decoder(_Ids)
_STATUS: Final = msgspec.json.Decoder(_Status)
_TOOL_CALL: Final = msgspec.json.Decoder(_ToolCall)
_USED: Final = msgspec.json.Decoder(_Used)


class RunDecoder:
    """Feed it what the network gives, b"" at the end of the body; it gives deltas or a Fault.

    `run_id` is "" until the bridge has told it. `calls_begun_count` counts the calls of the
    adapter's tools that the stream has told of. `has_ended`: the bridge says that the run is over.
    """

    __slots__ = (
        "_bytes_left",
        "_context",
        "_envelopes",
        "_failure",
        "_halves",
        "_said",
        "_usage",
        "calls_begun_count",
        "has_ended",
        "is_finished",
        "run_id",
    )

    def __init__(self, context: FaultContext) -> None:
        self._envelopes = EnvelopeDecoder(FRAME_BYTES_MAX, FRAME_BYTES_MAX, accepts_gzip=False)
        self._bytes_left = ANSWER_BYTES_MAX
        self._context = context
        self._failure: Fault | None = None
        self._halves = Halves()
        # The last words about the run, which a failed one has in place of a code.
        self._said = ""
        self._usage: Usage | None = None
        self.run_id = ""
        self.calls_begun_count = 0
        self.has_ended = False
        self.is_finished = False

    def __repr__(self) -> str:
        return f"<RunDecoder {self._envelopes!r}, run_id={self.run_id}, failure={self._failure!r}>"

    def check(self) -> None:
        """Raise the fault that came after the deltas given last, if there was one."""
        if self._failure is not None:
            raise self._failure

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas that are whole now, maybe none; raises the Fault if there is nothing else."""
        self.check()
        deltas: list[Delta] = []
        try:
            if data:
                self._take(self._envelopes.feed(data), deltas)
            else:
                self._envelopes.close()
        except ConnectError as error:
            self._fail_after(error, deltas)
        except Fault as fault:
            self._failure = fault
        if not deltas:
            self.check()
        return deltas

    def _fail_after(self, error: ConnectError, deltas: list[Delta]) -> None:
        """Keep an envelope's fault, and what came whole in front of it."""
        is_cut = error.reason is Reason.TRUNCATED
        self._failure = Fault(
            FaultKind.INCOMPLETE if is_cut else FaultKind.PROTOCOL_ERROR,
            f"The Cursor SDK bridge's answer is broken: {error.message}.",
        )
        self._failure.__cause__ = error
        frames, error.frames = error.frames, ()
        try:
            self._take(frames, deltas)
        except Fault:
            return  # an earlier fault than the one kept; both end the answer

    def _take(self, frames: Iterable[Frame], deltas: list[Delta]) -> None:
        for frame in frames:
            if self.is_finished:
                return  # `done` and the end, which say nothing more
            payload = frame.payload
            self._bytes_left -= HEADER_BYTES + len(payload)
            if self._bytes_left < 0:
                raise Fault(FaultKind.UPSTREAM_ERROR, "The answer is longer than is allowed.")
            if frame.is_end_stream:
                self._end(payload)
            elif payload:
                self._take_item(_decode(_ITEM, self._mend(payload)), deltas)

    def _mend(self, payload: bytes) -> bytes:
        """Without halves of characters: whole ones the bridge writes as they are."""
        if _HALF in payload:
            return self._halves.mend(payload) or payload
        self._halves.held = b""
        return payload

    def _take_item(self, item: _Item, deltas: list[Delta]) -> None:
        if item.sdk_message is not None:
            self._take_message(item.sdk_message, deltas)
        elif item.result is not None:
            self._take_result(item.result, deltas)

    def _take_message(self, message: _SdkMessage, deltas: list[Delta]) -> None:
        raw = message.message
        match message.type:
            case "assistant":
                blocks = _decode(_ASSISTANT, raw).message.content
                deltas += [TextDelta(one.text) for one in blocks if one.type == "text" and one.text]
            case "thinking":
                text = _decode(_THINKING, raw).text
                if text:
                    deltas.append(ReasoningDelta(text))
            case "tool_call":
                self.calls_begun_count += _is_begun(_decode(_TOOL_CALL, raw))
            case "status":
                status = _decode(_STATUS, raw)
                self._said = status.message or self._said
                self.run_id = self.run_id or status.run_id
            case "usage":
                self._usage = _usage_of(_decode(_USED, raw).usage)
            case _:
                # Every message tells the run's id; the first is not always a status.
                self.run_id = self.run_id or _decode(_IDS, raw).run_id

    def _take_result(self, result: _Result, deltas: list[Delta]) -> None:
        self.run_id = self.run_id or result.run_id
        self.has_ended = True
        inner = result.result or _RunResult()
        if result.status.removeprefix(STATUS_PREFIX) != FINISHED:
            said = self._said or inner.error_message
            code = result.error_code or inner.error_code
            raise fault_of_run(result.status, said, code, self._context)
        self.is_finished = True
        usage = _usage_of(inner.usage) or self._usage
        deltas.append(Finished(FinishReason.STOP, usage, is_stated=True))

    def _end(self, payload: bytes) -> None:
        end = parse_end_stream(payload)
        if end.error is not None:
            raise fault_of_failure(end.error, self._context)
        raise Fault(
            FaultKind.INCOMPLETE, "The Cursor SDK bridge ended the stream without a result."
        )


def _is_begun(call: _ToolCall) -> bool:
    """Whether a tool of the adapter's begins to run."""
    provider = call.args.provider_identifier if call.args else ""
    return call.status == "running" and (call.name, provider) == CUSTOM_TOOLS


def _decode(decoder: msgspec.json.Decoder[_T], payload: bytes | msgspec.Raw) -> _T:
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(
            FaultKind.PROTOCOL_ERROR, f"The Cursor SDK bridge sent a malformed message: {error}."
        ) from None


def _usage_of(counts: _Counts | None) -> Usage | None:
    """None where nothing was counted."""
    if counts is None:
        return None
    asked, said = _number(counts.input_tokens), _number(counts.output_tokens)
    read, written = _number(counts.cache_read_tokens), _number(counts.cache_write_tokens)
    if not asked + said + read + written:
        return None
    # Whether the input holds what the cache had is not written down; where it cannot, it does not.
    if read + written > asked:
        asked += read + written
    thought = min(_number(counts.reasoning_tokens), said)
    return Usage(asked, said, UsageSource.UPSTREAM, read, written, thought)


def _number(count: _Count) -> int:
    """Never negative; 0 for what is none."""
    if isinstance(count, int):
        return max(count, 0)
    is_number = count.isascii() and count.isdigit() and len(count) <= COUNT_DIGITS_MAX
    return int(count) if is_number else 0
