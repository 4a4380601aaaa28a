"""The commands that change one credential: its secret, its name, whether and when it is used.

A gateway that runs in this home is asked to do it: it saves every two seconds what it knows of each
credential, over what anybody else has written there. Where none runs, the files are changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from cursor_api.bootstrap import Operator
from cursor_api.cli.gateway.call import Call, CallError, fetch_as
from cursor_api.cli.gateway.place import find_gateway
from cursor_api.cli.home.folder import find_home
from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.tokens.actions import is_meant, read_tokens, with_credentials
from cursor_api.cli.tokens.credential_words import describe_end
from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.credential_health import PRIORITY_MAX
from cursor_api.files.running import find_running
from cursor_api.installed import Settings
from cursor_api.service.credentials.report import CredentialReport
from cursor_api.service.credentials.use_cases import PreferenceChange

Tell = Callable[[CredentialReport], str]


class _Wanted(NamedTuple):
    """What is to change; None stays."""

    alias: str | None = None
    token: str | None = None
    priority: int | None = None
    enabled: bool | None = None

    def patch(self) -> dict[str, Any]:
        """As the management API takes it."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def change(self) -> CredentialChange:
        """The part that stands in the token files."""
        secret = Secret(self.token) if self.token is not None else None
        return CredentialChange(alias=self.alias, secret=secret)

    def wish(self) -> PreferenceChange:
        """The part that does not."""
        return PreferenceChange(priority=self.priority, is_enabled=self.enabled)


def renew(parsed: argparse.Namespace) -> int:
    """`token renew`."""
    text = read_tokens([])
    if text is None or not is_meant(text):
        return 1
    return _change(parsed, _Wanted(token=text.strip()), tell_renewed)


def rename(parsed: argparse.Namespace) -> int:
    """`token rename`."""
    if not parsed.name.strip():
        print_error(say("error: the new name is empty."))
        return 1
    old = plain(parsed.alias)

    def tell(now: CredentialReport) -> str:
        return say("{old} is now called {new}.", old=old, new=_name(now))

    return _change(parsed, _Wanted(alias=parsed.name), tell)


def enable(parsed: argparse.Namespace) -> int:
    """`token enable`."""

    def tell(now: CredentialReport) -> str:
        return say("{name} is enabled.", name=_name(now))

    return _change(parsed, _Wanted(enabled=True), tell)


def disable(parsed: argparse.Namespace) -> int:
    """`token disable`."""

    def tell(now: CredentialReport) -> str:
        return say(
            "{name} is disabled. To use it again: cursor-api token enable {name}", name=_name(now)
        )

    return _change(parsed, _Wanted(enabled=False), tell)


def prefer(parsed: argparse.Namespace) -> int:
    """`token priority`."""
    if abs(parsed.priority) > PRIORITY_MAX:
        print_error(say("error: a priority is a number from -{most} to {most}.", most=PRIORITY_MAX))
        return 1

    def tell(now: CredentialReport) -> str:
        return say(
            "{name} now has priority {priority}; the highest is used first.",
            name=_name(now),
            priority=now.priority,
        )

    return _change(parsed, _Wanted(priority=parsed.priority), tell)


def _change(parsed: argparse.Namespace, wanted: _Wanted, tell: Tell) -> int:
    if find_running(find_home()) is None:
        return _change_files(parsed, wanted, tell)
    try:
        report = _ask_gateway(parsed, wanted)
    except (CallError, ValueError) as error:
        print_error(say("error: {error}.", error=error))
        return 1
    print_result(tell(report))
    return 0


def _ask_gateway(parsed: argparse.Namespace, wanted: _Wanted) -> CredentialReport:
    """Raises CallError, and ValueError where its address cannot be understood."""
    here = argparse.Namespace(url=None, key_env=None, config=parsed.config)
    gateway = find_gateway(here, is_operator=True)
    path = f"/api/credentials/{quote(parsed.alias, safe='')}"
    return fetch_as(gateway, Call("PATCH", path, wanted.patch()), CredentialReport)


def _change_files(parsed: argparse.Namespace, wanted: _Wanted, tell: Tell) -> int:
    async def work(operator: Operator, _settings: Settings) -> int:
        report = await operator.credentials.change(parsed.alias, wanted.change(), wanted.wish())
        await operator.roster.save()
        print_result(tell(report))
        return 0

    return with_credentials(parsed, work, is_adding=wanted.token is not None)


def tell_renewed(report: CredentialReport) -> str:
    """That it was, under which name, until when."""
    return say(
        "Renewed {name} ({secret}){until}; it keeps its device.",
        name=plain(report.alias),
        secret=report.secret,
        until=describe_end(report),
    )


def _name(report: CredentialReport) -> str:
    return plain(report.alias)
