"""Programs that are not ours and stay for many questions: starting one costs more than an answer.

Such a program reads orders, one JSON object a line, and prints one line for each.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Self

# Starting one and asking once, on a machine whose other core is busy.
ANSWER_S_MAX = 30.0

Json = dict[str, Any]


class LineProgram:
    """One program; a context manager."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment

    def __repr__(self) -> str:
        return f"LineProgram({' '.join(self._command)})"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=self._environment,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def ask(self, order: Json) -> Json:
        """Have one order done; raises TimeoutError, and EOFError when the program has ended."""
        assert self._process.stdin is not None
        line = json.dumps(order)
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self.read(line)

    def read(self, order: str = "its start") -> Json:
        """The next line that it prints."""
        try:
            printed = self._lines.get(timeout=ANSWER_S_MAX)
        except queue.Empty:
            # Its answer must not be taken for that of the next order.
            self._process.kill()
            raise TimeoutError(f"{self!r} did not come to an end with {order}") from None
        if not printed:
            raise EOFError(f"{self!r} ended at {order}")
        read: Json = json.loads(printed)
        return read

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")
