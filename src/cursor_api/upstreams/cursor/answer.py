"""A StreamChat answer's body, cut anywhere, as deltas; no I/O.

Rules of this file:
- An answer is whole when its end-of-stream came and says nothing of an error; then, and only then,
  `Finished` is given, as the last delta. Everything else ends in a Fault.
- What came whole before a fault is given first, however the network cut the bytes.
- Bytes that come together with the end-of-stream but after it are a fault. Bytes that come in a
  later read are not waited for: the answer is whole already, and its reader has left.
- The frame of one text field is the hot path: two bytes identify it, and it is not parsed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.kinds import size
from cursor_api.options.setting import GIB, KIB, setting
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.cursor.faults import fault_of_failure
from cursor_api.upstreams.cursor.messages import decode_chat_response
from cursor_api.upstreams.cursor.thinking import ThinkingSplitter
from cursor_api.wire.connect import ConnectError, EnvelopeDecoder, Frame, Reason, parse_end_stream
from cursor_api.wire.envelope import HEADER_BYTES, PAYLOAD_BYTES_MAX
from cursor_api.wire.protobuf import ProtobufError

_FINISHED: Final = Finished(FinishReason.STOP)
# The tag of `text`: field 1, length-delimited.
_TEXT_TAG: Final = 0x0A
# Tag and a length of one byte in front of at most 127 bytes of text.
_SHORT_HEAD_BYTES: Final = 2
_SHORT_FRAME_BYTES_MAX: Final = _SHORT_HEAD_BYTES + 127
# One piece of text, as frames of text have some hundred bytes. What has megabytes is the echo of a
# prompt, which reaches nobody; text that large would be kept several times over on its way.
TEXT_CHARS_MAX: Final = 1 << 20


class AnswerLimits(Struct, frozen=True):
    """What an answer may be. Sizes are bytes. Raises ValueError for what cannot be."""

    # A frame is held whole.
    frame_bytes_max: int = setting(
        "CURSOR_FRAME_BYTES_MAX",
        size(KIB, GIB, "8MiB"),
        "8MiB",
        "Largest frame as it arrives. Text frames have under 100 bytes; the largest seen,"
        " an echo of the prompt, had 16 KB, and grows with the prompt.",
    )
    inflated_bytes_max: int = setting(
        "CURSOR_INFLATED_BYTES_MAX",
        size(KIB, GIB, "12MiB"),
        "12MiB",
        "Largest frame after decompression: room for the echo of the largest request, and"
        " the end of a gzip bomb.",
    )
    # Their heads included: empty ones are work as well. Nothing is kept of it, but a runaway
    # answer costs its caller traffic for ever.
    answer_bytes_max: int = setting(
        "CURSOR_ANSWER_BYTES_MAX",
        size(KIB, GIB, "64MiB"),
        "64MiB",
        "All frames of one answer together, the echo of its prompt included. No model"
        " writes this much; an answer without an end stops here.",
    )

    def __post_init__(self) -> None:
        for name in ("frame_bytes_max", "inflated_bytes_max", "answer_bytes_max"):
            if not 0 < getattr(self, name) <= PAYLOAD_BYTES_MAX:
                raise ValueError(f"{name} is not within 1 and {PAYLOAD_BYTES_MAX} bytes")


class AnswerDecoder:
    """Feed it what the network gives, b"" at the end of the body; it gives deltas or a Fault."""

    __slots__ = ("_bytes_left", "_context", "_envelopes", "_failure", "_thinking", "is_finished")

    def __init__(
        self, limits: AnswerLimits, context: FaultContext, *, accepts_gzip: bool = True
    ) -> None:
        self._envelopes = EnvelopeDecoder(
            limits.frame_bytes_max, limits.inflated_bytes_max, accepts_gzip=accepts_gzip
        )
        self._thinking = ThinkingSplitter()
        self._bytes_left = limits.answer_bytes_max
        self._context = context
        self._failure: Fault | None = None
        self.is_finished = False

    def __repr__(self) -> str:
        return (
            f"<AnswerDecoder {self._envelopes!r}, {self._thinking!r},"
            f" failure={self._failure!r}, is_finished={self.is_finished}>"
        )

    def check(self) -> None:
        """Raise the fault that came after the deltas given last, if there was one."""
        if self._failure is not None:
            raise self._failure

    def completes_large(self, size_bytes: int) -> bool:
        """Whether so many bytes make a large frame whole, whose inflating takes its time."""
        return self._envelopes.completes_large(size_bytes)

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
        except ProtobufError as error:
            # It holds the frames of this call, and those the message, which may have megabytes.
            error.__traceback__ = None
            self._failure = Fault(
                FaultKind.PROTOCOL_ERROR, f"The upstream sent a malformed message: {error}."
            )
            self._failure.__cause__ = error
        except Fault as fault:
            self._failure = fault
        if not deltas:
            self.check()
        return deltas

    def _fail_after(self, error: ConnectError, deltas: list[Delta]) -> None:
        """Keep an envelope's fault, and what came whole in front of it."""
        kind = (
            FaultKind.INCOMPLETE if error.reason is Reason.TRUNCATED else FaultKind.PROTOCOL_ERROR
        )
        self._failure = Fault(kind, f"The upstream's answer is broken: {error.message}.")
        self._failure.__cause__ = error
        frames, error.frames = error.frames, ()
        try:
            self._take(frames, deltas)
        except (ProtobufError, Fault):
            return  # an earlier fault than the one kept; both end the answer

    def _take(self, frames: Iterable[Frame], deltas: list[Delta]) -> None:
        thinking = self._thinking
        for frame in frames:
            payload = frame.payload
            size = len(payload)
            self._bytes_left -= HEADER_BYTES + size
            if self._bytes_left < 0:
                raise Fault(
                    FaultKind.UPSTREAM_ERROR, "The upstream's answer is longer than is allowed."
                )
            if frame.is_end_stream:
                self._end(payload, deltas)
            elif (
                _SHORT_HEAD_BYTES < size <= _SHORT_FRAME_BYTES_MAX
                and payload[0] == _TEXT_TAG
                and payload[1] == size - _SHORT_HEAD_BYTES
            ):
                try:
                    text = payload[_SHORT_HEAD_BYTES:].decode()
                except UnicodeDecodeError as error:
                    raise ProtobufError("text is not UTF-8") from error
                if thinking.is_answering:
                    deltas.append(TextDelta(text))
                else:
                    deltas.extend(thinking.feed(text))
            elif size:
                self._take_message(payload, deltas)

    def _take_message(self, payload: bytes, deltas: list[Delta]) -> None:
        for delta in decode_chat_response(payload):
            if isinstance(delta, TextDelta) and len(delta.text) > TEXT_CHARS_MAX:
                raise ProtobufError(f"a text has more than {TEXT_CHARS_MAX} characters")
            if isinstance(delta, TextDelta) and not self._thinking.is_answering:
                deltas.extend(self._thinking.feed(delta.text))
            else:
                deltas.append(delta)

    def _end(self, payload: bytes, deltas: list[Delta]) -> None:
        end = parse_end_stream(payload)
        deltas.extend(self._thinking.close())
        if end.error is None:
            self.is_finished = True
            deltas.append(_FINISHED)
            return
        waits = next((v for k, v in end.metadata.items() if k.lower() == "retry-after"), ())
        raise fault_of_failure(end.error, self._context, retry_after="".join(waits[:1]))
