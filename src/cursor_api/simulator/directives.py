"""Asking the simulator for trouble in words: in a credential's text, or in a message.

`sim-429-retry-after-2` as a token and `/sim 429 retry-after 2` as the first line of a message
mean the same. The tables below are the whole language; each kind of upstream adds words of its own,
and a manual is made from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cursor_api.simulator.faults import Faults, HttpBody

TOKEN_PREFIX = "sim-"  # noqa: S105 - how a scripted credential begins, not a secret
MESSAGE_PREFIX = "/sim"
# Where the name of a credential begins that shares its directives with others: `sim-429@second`.
NAME_MARK = "@"
# Not an error: the model refuses, and the answer ends with that reason.
REFUSAL = "refusal"
_JOINTS = re.compile(r"[\s=_-]+")
_SEPARATORS = re.compile(r"[+,;]")

Change = dict[str, object]


class DirectiveError(ValueError):
    """A word that the language does not have; the message names it."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One row of the language. `pattern` matches the whole directive in its dashed spelling."""

    pattern: str
    spelling: str
    meaning: str
    change: Callable[[re.Match[str]], Change]


def always(**change: object) -> Callable[[re.Match[str]], Change]:
    """The change of a directive without a number."""
    return lambda _found: change


def _number(field: str, **change: object) -> Callable[[re.Match[str]], Change]:
    return lambda found: {**change, field: float(found[1])}


def _count(field: str, **change: object) -> Callable[[re.Match[str]], Change]:
    return lambda found: {**change, field: int(found[1])}


def _http(found: re.Match[str]) -> Change:
    retry_after = found["retry"]
    return {
        "http_error": 1.0,
        "http_status": int(found["status"]),
        "http_body": HttpBody(found["body"] or "json"),
        "retry_after_s": None if retry_after is None else int(retry_after),
    }


def _error(found: re.Match[str]) -> Change:
    place = "error_mid_stream" if found[2] else "error_before_text"
    return {place: 1.0, "error_number": int(found[1])}


def _named_error(found: re.Match[str]) -> Change:
    place = "error_mid_stream" if found[2] else "error_before_text"
    return {place: 1.0, "error_title": found[1]}


def _lasting(mishap: str, duration: str) -> Callable[[re.Match[str]], Change]:
    def change(found: re.Match[str]) -> Change:
        lasts = {} if found[1] is None else {duration: float(found[1])}
        return {mishap: 1.0, **lasts}

    return change


def _oversized(found: re.Match[str]) -> Change:
    sent = {} if found[1] is None else {"oversized_bytes": int(found[1]), "is_oversized_sent": True}
    return {"oversized_length": 1.0, **sent}


_S = r"(\d+(?:\.\d+)?)"  # a duration or rate
_N = r"(\d{1,9})"  # a count

ERROR_DIRECTIVES = (
    Directive("ok", "ok", "a healthy answer", always()),
    Directive(
        r"(?P<status>[45]\d\d)(?:-retry-after-(?P<retry>\d{1,6}))?(?:-(?P<body>html|empty|json))?",
        "STATUS [retry-after S] [html|empty]",
        "a plain HTTP error, such as 429 retry-after 2, 502 html or 464 empty",
        _http,
    ),
)

STREAM_DIRECTIVES = (
    Directive("reset", "reset", "reset before the headers", always(reset_before_headers=1.0)),
    Directive("reset-mid", "reset mid", "reset in the middle", always(reset_mid_stream=1.0)),
    Directive("reset-end", "reset end", "reset after the end", always(reset_after_end=1.0)),
    Directive("cut", "cut", "half-close in the middle", always(half_close_mid_stream=1.0)),
    Directive(
        f"cut-at-{_N}",
        "cut at N",
        "half-close after N bytes of the body",
        _count("cut_at_bytes", half_close_mid_stream=1.0),
    ),
    Directive(
        "short",
        "short",
        "the HTTP body ends cleanly in the middle of the answer",
        always(body_ends_mid_stream=1.0),
    ),
    Directive(
        f"silence(?:-{_S})?",
        "silence [S]",
        "nothing at all for S seconds",
        _lasting("silence", "silence_s"),
    ),
    Directive(
        f"stall(?:-{_S})?",
        "stall [S]",
        "S seconds of nothing in the middle",
        _lasting("stall_mid_stream", "stall_s"),
    ),
    Directive(f"ttfb-{_S}", "ttfb S", "headers after S seconds only", _number("headers_delay_s")),
    Directive(
        f"first-text-{_S}",
        "first-text S",
        "text S seconds after the headers",
        _number("first_text_delay_s"),
    ),
    Directive(f"rate-{_S}", "rate N", "N text frames a second", _number("tokens_per_s")),
    Directive("slow", "slow", "5 text frames a second", always(tokens_per_s=5.0)),
    Directive(f"batch-{_N}", "batch N", "N frames per write", _count("frames_per_write")),
    Directive(f"split-{_N}", "split N", "pieces of 1 to N bytes", _count("split_bytes_max")),
    Directive(
        "one-byte",
        "one-byte",
        "byte by byte",
        always(split_bytes_max=1),
    ),
    Directive("think", "think", "<think> frames before the answer", always(thinking=True)),
    Directive("no-think", "no-think", "none, whatever the model", always(thinking=False)),
    Directive(f"bytes-{_N}", "bytes N", "an answer of N bytes", _count("answer_bytes")),
    Directive(
        f"after-{_N}", "after N", "the middle is after N text frames", _count("fault_after_count")
    ),
    Directive("no-text", "no-text", "a clean end without a word", always(no_text=1.0)),
    Directive("no-end", "no-end", "no end-of-stream frame", always(missing_end=1.0)),
    Directive("double-end", "double-end", "two of them", always(duplicate_end=1.0)),
    Directive(
        "double-end-error",
        "double-end error",
        "two, the second with error 50",
        always(contradicted_end=1.0),
    ),
    Directive("trailing", "trailing", "bytes after it", always(trailing_bytes=1.0)),
    Directive(
        "malformed", "malformed", "a frame that is no message", always(malformed_message=1.0)
    ),
    Directive(
        "wrong-type", "wrong-type", "a web page with status 200", always(wrong_content_type=1.0)
    ),
    Directive(f"seed-{_N}", "seed N", "another seed", _count("seed")),
)

# For upstreams whose errors have numbers.
NUMBERED_DIRECTIVES = (
    Directive(
        r"error-(\d{1,4})(-mid)?",
        "error N [mid]",
        "numbered error N before the first text, or in the middle",
        _error,
    ),
)

# Of upstreams whose streams are made of enveloped frames.
FRAME_DIRECTIVES = (
    Directive("flag-3", "flag 3", "a compressed one", always(compressed_end=1.0)),
    Directive("reserved", "reserved", "a frame with a reserved flag", always(reserved_flag=1.0)),
    Directive(
        f"oversized(?:-{_N})?",
        "oversized [N]",
        "a frame of 4 GB, announced only; or of N bytes, sent",
        _oversized,
    ),
    Directive("bomb", "bomb", "a frame that inflates to 64 MiB", always(gzip_bomb=1.0)),
    Directive("bad-gzip", "bad-gzip", "a frame that does not inflate", always(bad_gzip=1.0)),
)


class DirectiveLanguage:
    """The directives that one kind of upstream can play, in the order of its manual."""

    def __init__(self, rows: Sequence[Directive], credential_name: str) -> None:
        self.rows = rows
        self.manual = _write_manual(rows, credential_name)

    def apply(self, text: str, faults: Faults) -> Faults:
        """`faults`, changed as the text says; raises DirectiveError naming an unknown word."""
        for part in _SEPARATORS.split(text):
            spelled = _JOINTS.sub("-", part.strip().lower())
            if spelled:
                faults = self._apply_one(spelled, faults)
        return faults

    def token_faults(self, token: str, faults: Faults) -> Faults:
        """What a credential asks for: `sim-…` is a script, anything else asks for nothing."""
        if not token.startswith(TOKEN_PREFIX):
            return faults
        return self.apply(token.removeprefix(TOKEN_PREFIX).partition(NAME_MARK)[0], faults)

    def _apply_one(self, spelled: str, faults: Faults) -> Faults:
        for row in self.rows:
            found = re.fullmatch(row.pattern, spelled)
            if found:
                try:
                    # The table's own keys are Faults' fields; a test asks every row.
                    return replace(faults, **row.change(found))  # type: ignore[arg-type]
                except ValueError as error:
                    raise DirectiveError(f"{spelled!r}: {error}") from error
        raise DirectiveError(f"the simulator knows no {spelled!r}")


def http_language(errors: Iterable[str]) -> DirectiveLanguage:
    """The language of an upstream over plain HTTP whose errors have names."""
    named = (
        Directive(
            f"({name})(-mid)?",
            f"{name} [mid]",
            "this error of the API, at once or in the middle",
            _named_error,
        )
        for name in errors
    )
    refusal = Directive(
        REFUSAL,
        REFUSAL,
        "the model's refusal in the middle of the answer",
        always(error_mid_stream=1.0, error_title=REFUSAL),
    )
    rows = (*ERROR_DIRECTIVES, *named, refusal, *STREAM_DIRECTIVES)
    return DirectiveLanguage(rows, "an API key")


def split_message(text: str) -> tuple[str | None, str]:
    """A message as (directive or None, the question that is left)."""
    first, _, rest = text.lstrip().partition("\n")
    word, _, directive = first.strip().partition(" ")
    if word != MESSAGE_PREFIX:
        return None, text
    return directive.strip(), rest


def _write_manual(rows: Sequence[Directive], credential_name: str) -> str:
    table = "\n".join(f"  {row.spelling:<36} {row.meaning}" for row in rows)
    return f"""\
The simulator does as it is told, in a message or in a credential:

  /sim 429 retry-after 2      as the first line of a message
  sim-429-retry-after-2       as {credential_name}

Join several with +, as in sim-think+slow. In a token, @name at the end tells
credentials apart that ask for the same. Words in capitals stand for numbers:

{table}

Without a directive, the words code, markdown, long, emoji or 中文 in the last message
choose the text; models with thinking in their name think first."""
