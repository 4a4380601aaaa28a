"""From a request and its mishaps to the steps of an answer. Pure: no socket, no clock.

The order of the frames is that of five decoded traces of the real upstream: status and web page
when links are given, the prompt echo, an empty frame, text, the end-of-stream.
"""

from __future__ import annotations

import functools
import itertools
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from cursor_api.simulator.cursor.asks import make_ask
from cursor_api.simulator.cursor.messages import (
    ChatAsk,
    encode_prompt,
    encode_status,
    encode_text,
    encode_web_citation,
    fill_prompt,
)
from cursor_api.simulator.cursor.refusals import ErrorText, numbered_end_frame
from cursor_api.simulator.faults import Faults, Mishap
from cursor_api.simulator.model.replies import reply_to
from cursor_api.simulator.playing import RESET_AFTER_END_S, Fate
from cursor_api.simulator.scenario import (
    Scenario,
    filler_pieces,
    is_thinking_model,
    split_pieces,
)
from cursor_api.simulator.steps import (
    BodyStep,
    Data,
    Ending,
    Head,
    Pause,
    Step,
    cut_body,
    group_writes,
    split_writes,
)
from cursor_api.wire.connect import (
    CODE_UNKNOWN,
    FLAG_COMPRESSED,
    HTTP_TO_CODE,
    ConnectFailure,
    encode_end_stream,
    encode_envelope,
    encode_error_json,
    encode_gzip_envelope,
)
from cursor_api.wire.protobuf import field_bytes

CONTENT_TYPE = "application/connect+proto"
RESERVED_FLAG = 0x04
# Around what a model thinks, in frames of text like any other.
THINK_OPEN = "<think>\n"
THINK_CLOSE = "\n</think>\n\n"
# An answer may be endless: the middle is looked for among its first frames.
MIDDLE_FRAMES_MAX = 24
# An oversized frame is made in pieces, as long as somebody takes them.
FILLER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answerer:
    """What an answer is made from. `accepts_gzip` is what the client said it can read."""

    faults: Faults
    mishaps: frozenset[Mishap]
    chance: random.Random
    scenario: Scenario
    accepts_gzip: bool

    @classmethod
    def for_request(
        cls, ordinal: int, faults: Faults, scenario: Scenario, *, accepts_gzip: bool
    ) -> Answerer:
        """The one whose chances are those of the request that arrived as number `ordinal`."""
        chance = faults.chance_for(ordinal)
        return cls(faults, faults.draw(chance), chance, scenario, accepts_gzip)

    def early_steps(self) -> Iterator[Step] | None:
        """The whole answer when something goes wrong before the request is even looked at."""
        return self._fate.early_steps(_encode_http_error)

    def refusal_steps(self, end_frame: bytes) -> Iterator[Step]:
        """A stream that holds nothing but its error."""
        body = iter((Data(end_frame), Ending.COMPLETE))
        yield from (Pause(self.faults.headers_delay_s), self._head(), *body)

    def steps(self, ask: ChatAsk, question: str) -> Iterator[Step]:
        """An answer to a request that was found good."""
        yield Pause(self.faults.headers_delay_s)
        yield self._head()
        body = group_writes(self._frames(ask, question), self.faults.frames_per_write)
        if self.faults.cut_at_bytes is not None and (ending := self._fate.stop):
            body = cut_body(body, self.faults.cut_at_bytes, ending)
        yield from split_writes(body, self.faults, self.chance)

    def _head(self) -> Head:
        encoding = (("connect-content-encoding", "gzip"),) if self.accepts_gzip else ()
        accepted = (("connect-accept-encoding", "gzip"),)
        return Head(200, (("content-type", CONTENT_TYPE), *encoding, *accepted))

    @property
    def _fate(self) -> Fate:
        return Fate(self.faults, self.mishaps, self.chance)

    def _frame(self, payload: bytes, pace_s: float = 0.0) -> Data:
        is_large = len(payload) >= self.faults.gzip_bytes_min
        encode = encode_gzip_envelope if is_large and self.accepts_gzip else encode_envelope
        return Data(encode(payload), pace_s)

    def _frames(self, ask: ChatAsk, question: str) -> Iterator[BodyStep]:
        """Every frame as its own step, in the order of the real traces."""
        faults = self.faults
        error = numbered_end_frame(
            faults.error_number, ErrorText(faults.error_title, faults.error_detail)
        )
        if Mishap.ERROR_BEFORE_TEXT in self.mishaps:
            yield from (Data(error), Ending.COMPLETE)
            return
        is_thinking = is_thinking_model(ask.model) if faults.thinking is None else faults.thinking
        yield from self._preamble(ask)
        if not is_thinking:
            yield Data(encode_envelope(b""))
        if faults.first_text_delay_s:
            yield Pause(faults.first_text_delay_s)
        pieces = self._pieces(ask, question, is_thinking=is_thinking)
        first = list(itertools.islice(pieces, MIDDLE_FRAMES_MAX))
        pace_s = 1 / faults.tokens_per_s if faults.tokens_per_s else 0.0
        drawn = self.chance.randint(1, max(1, len(first) - 1))
        middle_at = drawn if faults.fault_after_count is None else faults.fault_after_count
        # A place behind the last text means just before the end.
        for at, piece in enumerate(itertools.chain(first, pieces, (None,))):
            if at == middle_at or (piece is None and at < middle_at):
                for step in self._middle(piece or "…", error):
                    yield step
                    if isinstance(step, Ending):
                        return
            if piece is not None:
                yield self._frame(encode_text(piece), pace_s)
        yield from self._end(error)

    def _preamble(self, ask: ChatAsk) -> Iterator[BodyStep]:
        if ask.links or ask.web_search:
            yield self._frame(encode_status("Reading links"))
            for url in ask.links or ("https://example.com/found",):
                page = f"The page at {url}, as the simulator imagines it. " * 60
                yield self._frame(encode_web_citation(url, "A page", page))
            yield self._frame(encode_status(""))
        yield self._frame(encode_prompt(fill_prompt(ask)))

    def _pieces(self, ask: ChatAsk, question: str, *, is_thinking: bool) -> Iterator[str]:
        if Mishap.NO_TEXT in self.mishaps:
            return
        if is_thinking:
            yield THINK_OPEN
            yield from split_pieces(self.scenario.thoughts, ask.model, self.chance)
            yield THINK_CLOSE
        if self.faults.answer_bytes:
            yield from filler_pieces(self.faults.answer_bytes)
        else:
            reply = reply_to(make_ask(ask, question), self.scenario, self.chance)
            yield from split_pieces(reply.text, ask.model, self.chance)

    def _middle(self, piece: str, error: bytes) -> Iterator[BodyStep]:
        """What happens in the middle, before the frame of `piece`; an Ending is the last of it."""
        faults, mishaps = self.faults, self.mishaps
        text = encode_text(piece)
        if Mishap.STALL_MID_STREAM in mishaps:
            yield Pause(faults.stall_s)
        if Mishap.RESERVED_FLAG in mishaps:
            yield Data(encode_envelope(text, flags=RESERVED_FLAG))
        if Mishap.OVERSIZED_LENGTH in mishaps:
            yield from self._oversized(text)
        if Mishap.GZIP_BOMB in mishaps:
            yield Data(_bomb(faults.gzip_bomb_bytes))
        if Mishap.BAD_GZIP in mishaps:
            yield Data(encode_envelope(b"\x1f\x8b" + text, flags=FLAG_COMPRESSED))
        if Mishap.MALFORMED_MESSAGE in mishaps:
            # Field 1 announces more bytes than the message has.
            yield Data(encode_envelope(b"\x0a\x7f" + piece.encode()))
        if Mishap.ERROR_MID_STREAM in mishaps:
            yield from (Data(error), Ending.COMPLETE)
            return
        ending = self._fate.stop
        if ending and faults.cut_at_bytes is None:
            frame = encode_envelope(text)
            # Between two frames, or inside one.
            yield Data(frame[: self.chance.randrange(len(frame))])
            yield ending

    def _oversized(self, text: bytes) -> Iterator[BodyStep]:
        size_bytes = self.faults.oversized_bytes
        yield Data(struct.pack(">BI", 0, size_bytes) + text)
        if self.faults.is_oversized_sent:
            for sent_bytes in range(len(text), size_bytes, FILLER_BYTES):
                yield Data(b"A" * min(FILLER_BYTES, size_bytes - sent_bytes))

    def _end(self, error: bytes) -> Iterator[BodyStep]:
        mishaps = self.mishaps
        end = encode_end_stream(is_compressed=Mishap.COMPRESSED_END in mishaps)
        if Mishap.MISSING_END not in mishaps:
            yield Data(end)
        if Mishap.DUPLICATE_END in mishaps:
            yield Data(end)
        if Mishap.CONTRADICTED_END in mishaps:
            yield Data(error)
        if Mishap.TRAILING_BYTES in mishaps:
            yield Data(encode_envelope(encode_text("after the end")))
        if Mishap.RESET_AFTER_END in mishaps:
            yield from (Pause(RESET_AFTER_END_S), Ending.RESET)
            return
        yield Ending.COMPLETE


def _encode_http_error(status: int, message: str) -> bytes:
    """Connect's JSON."""
    code = "resource_exhausted" if status == HTTPStatus.TOO_MANY_REQUESTS else None
    return encode_error_json(
        ConnectFailure(code or HTTP_TO_CODE.get(status, CODE_UNKNOWN), message)
    )


@functools.lru_cache(maxsize=4)
def _bomb(inflated_bytes: int) -> bytes:
    """One frame that inflates to a valid text message of about so many bytes; slow to make."""
    return encode_gzip_envelope(field_bytes(1, b"A" * inflated_bytes))
