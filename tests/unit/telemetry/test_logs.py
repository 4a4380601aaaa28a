"""One line per event, through one chain, without secrets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cursor_api.telemetry.logs import FIELD_LENGTH_MAX, LEVELS, configure_logging
from cursor_api.telemetry.redaction import Redactor

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjYW5hcnkifQ.canarysignature0123"
CHECKSUM = "paaotdDV" + "c0ffee00" * 8 + "/" + "decade00" * 8
CANARIES = {
    "the gateway's key": "canary-auth-token-1",
    "an opaque credential": "canary-opaque-credential-2",
    "a session token": JWT,
    "a cookie": f"user_01CANARY%3A%3A{JWT}",
    "a checksum": CHECKSUM,
    "a dashboard key": "crsr_canary0123456789",
    "somebody's wrong key": "Bearer canary-wrong-key-3",
}
# What must never be seen of any of them.
TRACES = ("canary-", "canarysig", "eyJzdWI", "c0ffee00", "decade00", "crsr_")


def redactor() -> Redactor:
    """One that knows the two canaries without a shape."""
    return Redactor(["canary-auth-token-1", "canary-opaque-credential-2"])


def started(line_format: str = "json", level: str = "debug") -> io.StringIO:
    """Logging to a stream of our own."""
    stream = io.StringIO()
    configure_logging(level, line_format, stream, redactor())
    return stream


def fail_with(secret: str) -> None:
    """Raise as libraries do: the secret in the arguments, a cause, a note."""
    outer = RuntimeError(f"cannot use {secret}")
    outer.add_note(f"tried {secret}")
    raise outer from ValueError(secret, {"headers": [("authorization", secret)]})


def log_message(secret: str) -> None:
    """The secret in an event's name and values."""
    facts = {"credential": secret, "tries": [{"with": secret}], "raw": secret.encode()}
    logging.getLogger("ours").debug("trying %s", secret, extra={"facts": facts})


def log_exception(secret: str) -> None:
    """The secret in an exception, its cause, its note and the source lines around it."""
    try:
        fail_with(secret)
    except RuntimeError as error:
        logging.getLogger("ours").exception("it failed", extra={"facts": {"error": error}})


def log_foreign(secret: str) -> None:
    """The secret in the message, the arguments and the exception of somebody else's logger."""
    log = logging.getLogger("somebody.else")
    log.debug("sending %s with %r", secret, {"authorization": secret})
    log.info(f"raw {secret}")  # noqa: G004 - libraries do that
    try:
        fail_with(secret)
    except RuntimeError:
        logging.getLogger("somebody.else").exception("it failed: %s", secret)


def log_broken_template(secret: str) -> None:
    """Arguments that do not fit the template, which stdlib would print as they are."""
    template = "%d of %d"
    logging.getLogger("somebody").error(template, secret)


def log_warning(secret: str) -> None:
    """A Python warning that holds the secret."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"do not use {secret}", stacklevel=1)
        logging.captureWarnings(capture=False)


def log_uncaught(secret: str) -> None:
    """The program ends with an error that holds the secret."""
    try:
        fail_with(secret)
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)


def log_thread(secret: str) -> None:
    """A thread ends with an error that holds the secret."""
    thread = threading.Thread(target=fail_with, args=(secret,))
    thread.start()
    thread.join()


def log_unraisable(secret: str) -> None:
    """An error in a finaliser, which Python can only print."""

    class Fragile:
        """Fails when it is dropped."""

        def __del__(self) -> None:
            fail_with(secret)

    Fragile()


def log_lost_task(secret: str) -> None:
    """A task's error that nobody looked at."""

    async def lose() -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"lost {secret}", "exception": RuntimeError(secret)}
        )

    asyncio.run(lose())


WAYS: list[Callable[[str], None]] = [
    log_message,
    log_exception,
    log_foreign,
    log_broken_template,
    log_warning,
    log_uncaught,
    log_thread,
    log_unraisable,
    log_lost_task,
]


@pytest.mark.parametrize("secret", CANARIES.values(), ids=CANARIES.keys())
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("line_format", ["text", "json"])
def test_no_canary_reaches_the_log(
    way: Callable[[str], None],
    secret: str,
    line_format: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """At DEBUG, over every way into the log, nothing of any secret is seen: there or on stderr."""
    stream = started(line_format)
    way(secret)
    written = stream.getvalue()
    captured = capfd.readouterr()
    assert written, "the event itself must not be lost"
    for trace in TRACES:
        assert trace not in written
        assert trace not in captured.err + captured.out


def test_a_secret_that_becomes_known_later_is_hidden_from_then_on() -> None:
    """Credentials are told to the redactor as they are loaded."""
    stream = io.StringIO()
    hiding = configure_logging("info", "json", stream)
    log = logging.getLogger("ours")
    log.info("late-secret-9")
    hiding.add("late-secret-9")
    log.info("late-secret-9")
    first, second = stream.getvalue().splitlines()
    assert json.loads(first)["event"] == "late-secret-9"
    assert json.loads(second)["event"] == "[redacted]"


def test_a_json_line_has_its_head_first_and_a_utc_time() -> None:
    """Machines get one object a line: ISO 8601 in UTC, the level, the event, then the rest."""
    stream = started("json")
    facts = {"duration_ms": 1.5, "中": "文\n"}
    logging.getLogger("web").info("request finished", extra={"facts": facts})
    line = json.loads(stream.getvalue())
    assert list(line) == ["timestamp", "level", "logger", "event", "duration_ms", "中"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])
    assert line["中"] == "文\n"
    assert stream.getvalue().isascii()


def test_a_text_line_can_be_read_and_cannot_be_forged() -> None:
    """Values with spaces are quoted; line ends and terminal codes in them are spelled out."""
    stream = started("text")
    log = logging.getLogger("web")
    facts = {"model": "gpt-4", "note": "two words", "n": 3, "ok": None, "empty": "", "zh": "中文"}
    log.info("done", extra={"facts": facts})
    log.warning("bad\n2026-01-01 info forged", extra={"facts": {"name": "x\n\x1b[2Jy"}})
    first, second = stream.getvalue().splitlines()
    assert first.endswith(
        'info     web: done model=gpt-4 note="two words" n=3 ok=null empty="" zh=中文'
    )
    assert second.endswith(r'warning  web: bad\n2026-01-01 info forged name="x\n\u001b[2Jy"')


def test_a_traceback_is_indented_below_its_line() -> None:
    """Nothing in an exception's text can stand at the beginning of a line."""
    stream = started("text")
    error = ValueError("one\n2026-01-01T00:00:00Z info forged")
    logging.getLogger("ours").error("it failed", exc_info=error)
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("error    ours: it failed")
    assert all(line.startswith("    ") for line in lines[1:])
    assert lines[-1] == "    2026-01-01T00:00:00Z info forged"


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_holds_for_our_loggers_and_for_foreign_ones(level: str) -> None:
    """What lies below the level is not written, whoever logs it."""
    stream = started("json", level)
    for name in LEVELS:
        getattr(logging.getLogger("ours"), name)("ours")
        getattr(logging.getLogger("somebody.else"), name)("theirs")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    expected = list(LEVELS)[list(LEVELS).index(level) :]
    assert [line["level"] for line in lines if line["event"] == "ours"] == expected
    assert [line["level"] for line in lines if line["event"] == "theirs"] == expected


def test_foreign_handlers_are_replaced() -> None:
    """A library's own handler would write past the redaction."""
    own = io.StringIO()
    theirs = logging.getLogger("somebody.loud")
    theirs.addHandler(logging.StreamHandler(own))
    theirs.propagate = False
    stream = started("json")
    logging.getLogger("somebody.loud.too").info("started as [%d]", 7)
    assert own.getvalue() == ""
    line = json.loads(stream.getvalue())
    assert (line["logger"], line["event"]) == ("somebody.loud.too", "started as [7]")


def test_auto_is_json_where_nobody_reads_along() -> None:
    """On a terminal text, in a container's log JSON."""

    class Terminal(io.StringIO):
        """A stream that says that it is one."""

        def isatty(self) -> bool:
            return True

    for stream, is_json in ((io.StringIO(), True), (Terminal(), False)):
        configure_logging("info", "auto", stream)
        logging.getLogger("ours").info("hello")
        assert stream.getvalue().startswith("{") is is_json


def test_an_unknown_level_or_format_is_refused() -> None:
    """A programming error is told at once; the settings check what users write."""
    with pytest.raises(KeyError):
        configure_logging("loud", "json", io.StringIO())
    with pytest.raises(ValueError, match="auto, text, json"):
        configure_logging("info", "xml", io.StringIO())


def test_a_very_long_value_is_cut_in_its_middle() -> None:
    """One value cannot fill the disk; the end of a traceback stays readable."""
    stream = started("json")
    logging.getLogger("ours").info("%sthe end", "x" * 10 * FIELD_LENGTH_MAX)
    event = json.loads(stream.getvalue())["event"]
    assert len(event) < FIELD_LENGTH_MAX + 100
    assert event.endswith("the end")


def test_an_interrupt_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C keeps Python's own answer."""
    stream = started("json")
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert stream.getvalue() == ""
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_lines_from_many_threads_stay_whole() -> None:
    """Every line is one write under one lock."""
    stream = started("json", "info")

    def talk() -> None:
        for number in range(50):
            logging.getLogger("ours").info("ours", extra={"facts": {"number": number}})
            logging.getLogger("x").info("theirs %d", number)

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 400
    assert all(json.loads(line)["event"] for line in lines)


class Broken(Redactor):
    """A redactor with a bug that tells its secret."""

    def redact_event(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Fail."""
        raise TypeError(f"canary-auth-token-1 in {event}")


@pytest.mark.parametrize("line_format", ["text", "json"])
def test_a_bug_in_the_chain_costs_the_line_and_not_its_writer(line_format: str) -> None:
    """Whoever logs goes on; the log names the bug, and holds nothing that was not yet hidden."""
    stream = io.StringIO()
    configure_logging("debug", line_format, stream, Broken())
    logging.getLogger("ours").warning("canary-auth-token-1")
    logging.getLogger("x").warning("canary-auth-token-1")
    first, second = stream.getvalue().splitlines()
    for line in (first, second):
        assert "a log line could not be made" in line
        assert "TypeError" in line
        assert "test_logs.py:" in line
        assert "canary" not in line


def test_lost_lines_are_told_once_lines_get_through_again() -> None:
    """So that a gap in the log can be told from silence."""

    class Filling(io.StringIO):
        """A disk that is full for a while."""

        is_full = True

        def write(self, text: str) -> int:
            if self.is_full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    stream = Filling()
    configure_logging("info", "json", stream)
    for _ in range(3):
        logging.getLogger("ours").info("hello")
    stream.is_full = False
    logging.getLogger("ours").info("hello again")
    told, line = map(json.loads, stream.getvalue().splitlines())
    assert (told["level"], told["count"]) == ("error", 3)
    assert list(told)[:3] == ["timestamp", "level", "event"]
    assert line["event"] == "hello again"
