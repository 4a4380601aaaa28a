"""Everything the simulator can do wrong or slowly, as one frozen value with a seed.

A mishap has a probability of happening to a request; the other fields say how it looks. What
happens to a request depends on the seed and on the request's place in the order of arrival, and
on nothing else, so a run can be repeated byte for byte.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, fields


class Mishap(enum.Enum):
    """What can go wrong; each value names the field of `Faults` that holds its probability.

    The order is the order in which chance is asked; new ones go last, so that old seeds keep
    their meaning.
    """

    # Before the answer's headers: the first of these that happens is all that happens.
    SILENCE = "silence"
    RESET_BEFORE_HEADERS = "reset_before_headers"
    HTTP_ERROR = "http_error"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    # A well-formed stream that says no.
    ERROR_BEFORE_TEXT = "error_before_text"
    ERROR_MID_STREAM = "error_mid_stream"
    # The answer stops in the middle.
    RESET_MID_STREAM = "reset_mid_stream"
    HALF_CLOSE_MID_STREAM = "half_close_mid_stream"
    BODY_ENDS_MID_STREAM = "body_ends_mid_stream"
    STALL_MID_STREAM = "stall_mid_stream"
    # A frame that no client may accept.
    RESERVED_FLAG = "reserved_flag"
    OVERSIZED_LENGTH = "oversized_length"
    GZIP_BOMB = "gzip_bomb"
    BAD_GZIP = "bad_gzip"
    MALFORMED_MESSAGE = "malformed_message"
    # At the end.
    NO_TEXT = "no_text"
    MISSING_END = "missing_end"
    COMPRESSED_END = "compressed_end"
    DUPLICATE_END = "duplicate_end"
    TRAILING_BYTES = "trailing_bytes"
    CONTRADICTED_END = "contradicted_end"
    RESET_AFTER_END = "reset_after_end"


class HttpBody(enum.Enum):
    """What a plain HTTP error carries: Connect's JSON, a proxy's page, or nothing."""

    JSON = "json"
    HTML = "html"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Probabilities (0 to 1), durations and shapes. The defaults are a healthy, fast server."""

    seed: int = 0

    # Pace. The real server gives 30 to 100 text frames a second; tests want none of that.
    headers_delay_s: float = 0.0  # from the request to the answer's headers
    first_text_delay_s: float = 0.0  # from the prompt echo to the first text
    tokens_per_s: float = 0.0  # text frames per second; 0 is as fast as the socket takes them
    frames_per_write: int = 1

    # Shape of the answer.
    gzip_bytes_min: int = 1024  # connect-node's own default: smaller payloads go uncompressed
    thinking: bool | None = None  # <think> frames; None asks the model's name
    answer_bytes: int = 0  # so many bytes of text in place of the chosen one

    # How the body is cut into writes (each one is an HTTP chunk of its own).
    split_bytes_max: int = 0  # pieces of 1 to so many bytes; 1 is byte by byte, 0 is off
    split_at: tuple[int, ...] = ()  # further cuts at these offsets of the body
    split_pause_s: float = 0.0  # between pieces, so that they are not read as one

    # Where "mid-stream" is.
    fault_after_count: int | None = None  # text frames before it; None draws a place
    cut_at_bytes: int | None = None  # the three ways of stopping happen at this body offset

    # Plain HTTP errors and wrong answers.
    http_error: float = 0.0
    http_status: int = 502
    http_body: HttpBody = HttpBody.JSON
    retry_after_s: int | None = None
    wrong_content_type: float = 0.0

    # Errors of the private API.
    error_before_text: float = 0.0
    error_mid_stream: float = 0.0
    error_number: int = 50
    error_title: str = ""  # empty: the table's
    error_detail: str = ""

    # The connection.
    silence: float = 0.0
    silence_s: float = 3600.0
    reset_before_headers: float = 0.0
    reset_mid_stream: float = 0.0
    half_close_mid_stream: float = 0.0
    body_ends_mid_stream: float = 0.0  # a clean end of the HTTP body, in the middle of the answer
    stall_mid_stream: float = 0.0
    stall_s: float = 3600.0

    # Framing.
    reserved_flag: float = 0.0
    oversized_length: float = 0.0
    oversized_bytes: int = 0xFFFF_FFF0  # what the oversized frame announces
    is_oversized_sent: bool = False  # all of it, for as long as the client reads
    gzip_bomb: float = 0.0
    gzip_bomb_bytes: int = 64 * 1024 * 1024  # what the bomb inflates to
    bad_gzip: float = 0.0
    malformed_message: float = 0.0
    no_text: float = 0.0  # a clean end without a word
    missing_end: float = 0.0
    compressed_end: float = 0.0  # flag 3; legal
    duplicate_end: float = 0.0
    trailing_bytes: float = 0.0
    contradicted_end: float = 0.0  # a second end-of-stream, that tells of an error
    reset_after_end: float = 0.0  # a whole answer, and then a reset

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; raises ValueError naming the field."""
        for mishap in Mishap:
            chance = getattr(self, mishap.value)
            if not 0 <= chance <= 1:
                raise ValueError(f"{mishap.value} is {chance}, not a probability from 0 to 1")
        for field in fields(self):
            value = getattr(self, field.name)
            is_number = isinstance(value, int | float)
            if is_number and value < 0 and field.name != "seed":
                raise ValueError(f"{field.name} is {value}, below 0")
        if self.frames_per_write < 1:
            raise ValueError("frames_per_write is 0; a write holds at least one frame")

    def chance_for(self, ordinal: int) -> random.Random:
        """The one source of chance for the request that arrived as number `ordinal`."""
        return random.Random(f"{self.seed}/{ordinal}")  # noqa: S311 - reproducible, not secret

    def draw(self, chance: random.Random) -> frozenset[Mishap]:
        """What happens to one request; always takes the same count of draws from `chance`."""
        return frozenset(
            mishap for mishap in Mishap if chance.random() < getattr(self, mishap.value)
        )
