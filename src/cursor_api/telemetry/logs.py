"""What the process says about itself: one line per event, as text or as JSON, without secrets.

Rules of this file:
- Every way text can reach the stream (structlog, stdlib loggers, warnings, uncaught exceptions)
  runs through one chain, and redaction is the last step in it that sees values.
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

import structlog
from msgspec import Struct
from structlog.typing import EventDict, Processor

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

# These stand first in a line, in this order.
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
    render = _render_json if is_json else _render_text
    line_maker = LineMaker(_chain(redactor), render)
    sink = LineSink(stream, line_maker.loss_line)
    structlog.configure(
        processors=[line_maker],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *names: NamedSink(sink, *names),
        # A cached logger would keep a stream that a later call has replaced.
        cache_logger_on_first_use=False,
    )
    _bridge_stdlib(StdlibBridge(line_maker, sink), threshold)
    _capture_uncaught()
    return redactor


def set_level(level: str) -> None:
    """Change the least serious level that is written; raises KeyError for one that is none."""
    threshold = LEVELS[level]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(threshold))
    logging.getLogger().setLevel(threshold)


def _chain(redactor: Redactor) -> list[Processor]:
    def redact(_logger: object, _method: str, event: EventDict) -> Mapping[str, Any]:
        return redactor.redact_event(event)

    return [
        _add_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
        _bound,
    ]


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


class LineMaker:
    """The whole chain, as structlog's only processor: an event in, its line out.

    A bug in the chain costs the event's values and is named; whoever logs is not concerned.
    """

    def __init__(self, chain: list[Processor], render: Callable[[EventDict], str]) -> None:
        self._chain = chain
        self._render = render

    def __call__(self, logger: Any, method: str, event: EventDict) -> str:
        """The line of one event."""
        try:
            made: Any = event
            for processor in self._chain:
                made = processor(logger, method, made)
            return self._render(made)
        except Exception as error:  # noqa: BLE001 - nobody above could do anything about it
            # Neither the event nor the message of the error: they may hold what was not yet hidden.
            kind, where = type(error).__name__, _innermost(error)
            return self._say("error", "a log line could not be made", error=kind, where=where)

    def loss_line(self, count: int) -> str:
        """The line that says how many were lost."""
        return self._say("error", "log lines could not be written and are lost", count=count)

    def _say(self, level: str, event: str, **facts: object) -> str:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return self._render({"timestamp": now, "level": level, "event": event, **facts})


def _innermost(error: Exception) -> str:
    """The file and line that raised it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


class NamedSink:
    """What `structlog.get_logger(name)` writes to: the sink, under the levels' names."""

    __slots__ = ("critical", "debug", "error", "info", "name", "warning")

    def __init__(self, sink: LineSink, name: str | None = None) -> None:
        self.name = name
        self.debug = self.info = self.warning = self.error = self.critical = sink.write_line


class StdlibBridge(logging.Handler):
    """Takes the records of stdlib loggers through the same chain as our own events."""

    def __init__(self, line_maker: LineMaker, sink: LineSink) -> None:
        super().__init__()
        self._line_maker = line_maker
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; `extra` fields are not shown."""
        event: Any = {
            "event": _message(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info:
            event["exc_info"] = record.exc_info
        if record.stack_info:
            event["stack"] = record.stack_info
        self._sink.write_line(self._line_maker(None, event["level"], event))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - logging itself would print the arguments as they are
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        return f"{template} (its arguments do not fit: {type(error).__name__})"


def _bridge_stdlib(handler: StdlibBridge, threshold: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
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


def _add_name(logger: object, _method: str, event: EventDict) -> EventDict:
    if isinstance(logger, NamedSink) and logger.name is not None:
        event["logger"] = logger.name
    return event


def _bound(_logger: object, _method: str, event: EventDict) -> EventDict:
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


def _render_json(event: EventDict) -> str:
    ordered = {name: event[name] for name in _HEAD if name in event}
    ordered.update(event)
    # ASCII only: readable for any stream whatever its encoding.
    return json.dumps(ordered)


def _render_text(event: EventDict) -> str:
    head = f"{event.get('timestamp')} {event.get('level', ''):<{_LEVEL_WIDTH}}"
    source = f"{event['logger']}: " if "logger" in event else ""
    words = [head, escape_controls(f"{source}{event.get('event')}")]
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
