"""What the process says about itself: one line per event, as text or as JSON, without secrets.

Rules of this file:
- Every way text can reach the stream (our loggers, a library's, warnings, uncaught exceptions)
  runs through one handler, and redaction is the last step in it that sees values.
- Our own loggers give their values as `extra={"facts": {…}}`; a library's other extras are not
  shown.
- Logging never raises: where a line cannot be made, another one says so (and where it cannot be
  written, see `sink.py`).
- No line is made of two: control characters in values are spelled out.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from msgspec import Struct

from cursor_api.options.kinds import choice, flag
from cursor_api.options.masking import escape_controls
from cursor_api.options.setting import setting
from cursor_api.telemetry.redaction import Redactor
from cursor_api.telemetry.sink import LineSink

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
FORMATS = ("auto", "text", "json")

# One value of one line; a traceback through a deep recursion is about this long.
FIELD_LENGTH_MAX = 32 * 1024

# These stand first in a line.
_HEAD = ("timestamp", "level", "logger", "event")
# These stand last, on lines of their own.
_BLOCKS = ("exception", "stack")
_LEVEL_WIDTH = len("critical")


class LogOptions(Struct, frozen=True):
    """How the process says something about itself."""

    level: str = setting(
        "GATEWAY_LOG_LEVEL",
        choice(*LEVELS),
        "info",
        "Events less serious than this are not logged. Secrets are removed at every level.",
    )
    format: str = setting(
        "GATEWAY_LOG_FORMAT",
        choice(*FORMATS),
        "auto",
        "`text` for people, `json` for machines; `auto` is text on a terminal, else JSON.",
        needs_restart=True,
    )
    requests: bool = setting(
        "GATEWAY_LOG_REQUESTS",
        flag(),
        "true",
        "A line for each request that has ended: caller, model, credential, how it ended, the"
        " time to the first text and in all. At most 20 a second; the others are counted.",
    )


def configure_logging(
    level: str, line_format: str, stream: TextIO, redactor: Redactor | None = None
) -> Redactor:
    """Send everything that is logged in this process to `stream`, and give its redactor.

    `level` is a key of `LEVELS`; `line_format` one of `FORMATS`, where "auto" is text on a
    terminal and JSON elsewhere. Secrets that become known later are told to the redactor with
    `add`. Calling it again replaces what the call before has set. Raises KeyError for another
    level and ValueError for another format.
    """
    if line_format not in FORMATS:
        raise ValueError(f"no such log format; there are {', '.join(FORMATS)}")
    threshold = LEVELS[level]
    redactor = redactor or Redactor()
    is_json = line_format == "json" or (line_format == "auto" and not _is_terminal(stream))
    _take_over(LineHandler(stream, redactor, _render_json if is_json else _render_text))
    logging.getLogger().setLevel(threshold)
    _capture_uncaught()
    return redactor


def set_level(level: str) -> None:
    """Change the least serious level that is written; raises KeyError for one that is none."""
    logging.getLogger().setLevel(LEVELS[level])


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


class LineHandler(logging.Handler):
    """Makes one line of each record, without secrets.

    A bug in that costs the record's values and is named; whoever logs is not concerned.
    """

    def __init__(
        self, stream: TextIO, redactor: Redactor, render: Callable[[Mapping[str, Any]], str]
    ) -> None:
        super().__init__()
        self._redactor = redactor
        self._render = render
        self._sink = LineSink(stream, self._loss_line)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self._sink.write_line(self._line(record))

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self._render(_bound(self._redactor.redact_event(_event(record))))
        except Exception as error:  # noqa: BLE001 - nobody above could do anything about it
            # Neither the event nor the message of the error: they may hold what was not yet hidden.
            kind, where = type(error).__name__, _innermost(error)
            return self._say("a log line could not be made", error=kind, where=where)

    def _loss_line(self, count: int) -> str:
        return self._say("log lines could not be written and are lost", count=count)

    def _say(self, event: str, **facts: object) -> str:
        now = _timestamp(datetime.now(UTC))
        return self._render({"timestamp": now, "level": "error", "event": event, **facts})


def _event(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says, in the order of its line."""
    event = {
        "timestamp": _timestamp(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _message(record),
        **getattr(record, "facts", {}),
    }
    if record.exc_info:
        event["exception"] = logging.Formatter().formatException(record.exc_info)
    if record.stack_info:
        event["stack"] = record.stack_info
    return event


def _timestamp(when: datetime) -> str:
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _innermost(error: Exception) -> str:
    """The file and line that raised it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - logging itself would print the arguments as they are
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        return f"{template} (its arguments do not fit: {type(error).__name__})"


def _take_over(handler: logging.Handler) -> None:
    """Let nothing be written but by this handler."""
    logging.getLogger().handlers[:] = [handler]
    for logger in logging.root.manager.loggerDict.values():
        # A library's own handler would write past the redaction. (Others hold a place in the tree.)
        if isinstance(logger, logging.Logger) and (logger.handlers or not logger.propagate):
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=True)


def _capture_uncaught() -> None:
    """Python would print these to stderr itself, with whatever secret is in their arguments."""
    log = logging.getLogger("uncaught")

    def on_uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("the program ends with an error", exc_info=(kind, error, trace))

    def on_thread(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if error is not None and not isinstance(error, SystemExit):
            log.error("a thread ended with an error", exc_info=error)

    def on_unraisable(args: sys.UnraisableHookArgs) -> None:
        where = getattr(args.object, "__qualname__", type(args.object).__name__)
        log.error("an error could not be raised, in %s", where, exc_info=args.exc_value)

    sys.excepthook = on_uncaught
    threading.excepthook = on_thread
    sys.unraisablehook = on_unraisable


def _bound(event: Mapping[str, Any]) -> Mapping[str, Any]:
    for value in event.values():
        if type(value) is str and len(value) > FIELD_LENGTH_MAX:
            return {name: _cut(item) for name, item in event.items()}
    return event


def _cut(value: object) -> object:
    if not isinstance(value, str) or len(value) <= FIELD_LENGTH_MAX:
        return value
    # The end of a traceback names the error, so both ends are kept.
    half = FIELD_LENGTH_MAX // 2
    return f"{value[:half]} … {len(value) - 2 * half} characters left out … {value[-half:]}"


def _render_json(event: Mapping[str, Any]) -> str:
    # ASCII only: readable for any stream whatever its encoding.
    return json.dumps(event)


def _render_text(event: Mapping[str, Any]) -> str:
    head = f"{event['timestamp']} {event['level']:<{_LEVEL_WIDTH}}"
    source = f"{event['logger']}: " if "logger" in event else ""
    words = [head, escape_controls(f"{source}{event['event']}")]
    words.extend(
        f"{name}={_plain(value)}"
        for name, value in event.items()
        if name not in _HEAD and name not in _BLOCKS
    )
    lines = [" ".join(words)]
    for name in _BLOCKS:
        if name in event:
            # Indented, so that no line of a foreign message can pass for one of ours.
            lines.extend(f"    {escape_controls(line)}" for line in str(event[name]).splitlines())
    return "\n".join(lines)


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_word = text and not any(sign in text for sign in ' "=\\') and text.isprintable()
    if is_word or not isinstance(value, str):
        return escape_controls(text)
    return escape_controls(json.dumps(text, ensure_ascii=False))
