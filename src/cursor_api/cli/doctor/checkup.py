"""The command that looks at everything, and how it tells.

Rules of this file:
- What serving checks before it starts is asked of `preflight`, not checked again.
- Every sentence goes through the redactor, wherever it comes from.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Final

from msgspec import Struct

from cursor_api import __version__
from cursor_api.cli.doctor.live_trial import try_live
from cursor_api.cli.doctor.machine import check_files, check_gateway
from cursor_api.cli.doctor.servers import check_servers
from cursor_api.cli.doctor.upstreams import check_routes, find_secrets_of
from cursor_api.cli.home.folder import environment, find_home
from cursor_api.cli.home.settings import load_upstreams
from cursor_api.cli.serving.preflight import check_without_listening
from cursor_api.cli.terminal.display import print_json
from cursor_api.cli.terminal.language import for_programs, say
from cursor_api.cli.terminal.output import find_width, print_result
from cursor_api.cli.terminal.telling import in_words, told
from cursor_api.domain.diagnosis import Check, Verdict
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.said import tell
from cursor_api.settings import Loaded, load_settings
from cursor_api.settings.report import display_width, wrap
from cursor_api.telemetry.redaction import Redactor

SETTINGS: Final = tell("settings")
_MARK_WIDTH: Final = 9


class Report(Struct, frozen=True):
    """What `doctor --json` prints."""

    version: str
    system: str
    is_ok: bool
    checks: tuple[Check, ...]

    def as_json(self) -> dict[str, object]:
        """With the checks as objects."""
        # An area knows its other languages, which JSON cannot hold.
        checks = [one._asdict() | {"area": str(one.area)} for one in self.checks]
        return {
            "version": self.version,
            "system": self.system,
            "is_ok": self.is_ok,
            "checks": checks,
        }


def doctor(parsed: argparse.Namespace) -> int:
    """`doctor`."""
    with for_programs() if parsed.json else nullcontext():
        return _look_and_tell(parsed)


def _look_and_tell(parsed: argparse.Namespace) -> int:
    loaded = check_without_listening(
        load_settings(SCHEMA, environment(), find_home(), parsed.config)
    )
    # A key that only the gateway's own environment has shall not keep the rest from being seen.
    usable = loaded.checked or load_upstreams(parsed.config).checked
    if parsed.live:
        return try_live(usable, parsed)
    redactor = Redactor()
    gateway, is_running = check_gateway(parsed)
    checks = [*_check_settings(loaded, is_running=is_running), *check_files(loaded), gateway]
    if usable is None:
        checks.append(
            Check(
                tell("upstreams"),
                Verdict.SKIPPED,
                tell("credentials and upstreams are looked at once the settings can be used"),
            )
        )
    else:
        redactor.add_all(find_secrets_of(usable))
        checks += asyncio.run(check_servers(usable))
        checks += asyncio.run(check_routes(usable, redactor))
    report = _report(checks, redactor)
    if parsed.json:
        print_json(report.as_json())
    else:
        _print(report)
    return 0 if report.is_ok else 1


def describe_system() -> str:
    """What a bug report needs of the machine, and nothing that names it."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    libc = "".join(platform.libc_ver()) or "no glibc"
    return f"{platform.system()} {platform.machine()}, {python}, {libc}"


def _report(checks: Sequence[Check], redactor: Redactor) -> Report:
    masked = tuple(
        one._replace(
            message=redactor.redact_text(in_words(one.message)),
            advice=redactor.redact_text(in_words(one.advice)),
        )
        for one in checks
    )
    is_ok = all(one.verdict is not Verdict.PROBLEM for one in masked)
    return Report(__version__, describe_system(), is_ok, masked)


def _check_settings(loaded: Loaded[Settings], *, is_running: bool) -> Iterator[Check]:
    for problem in loaded.problems:
        yield Check(SETTINGS, Verdict.PROBLEM, told(problem))
    for warning in loaded.warnings:
        # That the port is in use, by the gateway that runs there, is as it should be.
        if is_running and warning.variable == "PORT":
            continue
        yield Check(SETTINGS, Verdict.WARNING, told(warning))
    if not loaded.problems:
        yield Check(
            SETTINGS, Verdict.OK, tell("{count} settings can be used", count=len(loaded.rows))
        )


def _print(report: Report) -> None:
    print_result(
        say("cursor-api {version} on {system}", version=report.version, system=report.system)
    )
    for area, checks in itertools.groupby(report.checks, key=lambda one: one.area):
        print_result(f"\n{in_words(area)}")
        for check in checks:
            _print_check(check)
    counts = {verdict: sum(one.verdict is verdict for one in report.checks) for verdict in Verdict}
    print_result(
        say(
            "\n{verdict}: {problems} problem(s), {warnings} warning(s).",
            verdict=say("OK") if report.is_ok else say("NOT OK"),
            problems=counts[Verdict.PROBLEM],
            warnings=counts[Verdict.WARNING],
        )
    )


def _print_check(check: Check) -> None:
    indent = " " * (_MARK_WIDTH + 2)
    width = find_width() - len(indent)
    lines = [*wrap(check.message, width), *(wrap(check.advice, width) if check.advice else ())]
    for number, line in enumerate(lines):
        word = say(check.verdict.value)
        mark = indent if number else f"  {word}{' ' * (_MARK_WIDTH - display_width(word))}"
        print_result(f"{mark}{line}")
    sys.stdout.flush()
