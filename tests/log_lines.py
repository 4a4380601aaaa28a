"""The process's logging, taken over for a test and given back."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def restored_logging() -> Iterator[None]:
    """Logging belongs to the process: what a test sets is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)


class _Keeping(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = {"event": record.getMessage(), "level": record.levelname.lower()}
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["exception"] = str(record.exc_info[1])
        self.lines.append(line)


@contextmanager
def capture_logs() -> Iterator[list[dict[str, Any]]]:
    """What is logged meanwhile, from INFO up: each event with its level, facts and exception."""
    with restored_logging():
        keeping = _Keeping()
        logging.getLogger().handlers.append(keeping)
        logging.getLogger().setLevel(logging.INFO)
        yield keeping.lines
