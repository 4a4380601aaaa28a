"""The commands that look at the token files and change them."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from cursor_api.bootstrap import Operator, open_credentials
from cursor_api.cli.home.settings import find_upstreams, load_groups, say_place, with_settings
from cursor_api.cli.terminal.display import (
    TerminalObserver,
    format_instant,
    now_utc,
    plain,
    print_json,
    print_table,
)
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.question import is_agreed
from cursor_api.cli.terminal.telling import in_words
from cursor_api.cli.tokens.credential_words import describe_end, describe_state, describe_use
from cursor_api.cli.tokens.unusual import describe_unusual
from cursor_api.domain.diagnosis import Needing
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.installed import KINDS, SCHEMA, Settings, read_paste
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.service.credentials.report import CredentialReport, State
from cursor_api.service.credentials.use_cases import Order

LIST_COLUMNS: Final = ("ALIAS", "TOKEN", "EXPIRES", "PRIORITY", "USED", "STATE")
# As much as the store takes; a larger file is no list of tokens.
INPUT_CHARS_MAX: Final = 16 * 1024 * 1024
# An order of magnitude above the files that are promised to be quick.
LISTED_MAX: Final = 200_000
# A mistyped alias is found among these, or in the list.
NAMED_MAX: Final = 10

IN_ARGUMENTS = (
    "warning: the token is now in your shell's history, and other users of this computer could see"
    " it\n"
    "while the command ran. Without an argument, `cursor-api token add` asks for it; `-` reads"
    " standard input."
)

Work = Callable[[Operator, Settings], Awaitable[int]]


def show_all(parsed: argparse.Namespace) -> int:
    """`token list`."""

    async def work(operator: Operator, settings: Settings) -> int:
        page = await operator.credentials.list(Order.FILE, 0, LISTED_MAX)
        if parsed.json:
            print_json(page.credentials)
        elif not page.credentials:
            print_result(say("There are no tokens in {file}.", file=say_place(settings)))
            print_result(
                say(
                    "`cursor-api token import` adds the token of the Cursor editor on this"
                    " computer; `cursor-api token add` asks for one."
                )
            )
        else:
            print_table(list(map(say, LIST_COLUMNS)), [_row(report) for report in page.credentials])
        return 0

    return with_credentials(parsed, work)


def add(parsed: argparse.Namespace) -> int:
    """`token add`."""
    text = read_tokens(parsed.token)
    if text is None or not is_meant(text):
        return 1
    if parsed.alias is not None:
        named = name_token(text, parsed.alias)
        if named is None:
            return 1
        text = named

    async def work(operator: Operator, settings: Settings) -> int:
        added = await operator.credentials.add(text, parsed.checksum)
        print_added(added, settings)
        _warn_of_lacks(added, parsed)
        return 0

    return with_credentials(parsed, work, is_adding=True)


def remove(parsed: argparse.Namespace) -> int:
    """`token remove`."""

    async def work(operator: Operator, settings: Settings) -> int:
        report = operator.credentials.get(parsed.alias)
        if not parsed.yes and not _is_sure(report):
            return 1
        await operator.credentials.remove(parsed.alias)
        print_result(
            say(
                "Removed {name} ({secret}) from {file}.",
                name=plain(report.alias),
                secret=report.secret,
                file=say_place(settings),
            )
        )
        return 0

    return with_credentials(parsed, work)


def with_credentials(parsed: argparse.Namespace, work: Work, *, is_adding: bool = False) -> int:
    """Do it with the credentials of the settings; what can be foreseen is told, and exits 1.

    Where tokens are added, none of them may be the key of an upstream.
    """

    async def run(settings: Settings) -> int:
        others = find_upstreams(parsed.config) if is_adding else ()
        return await work_on(settings, work, others)

    return with_settings(parsed, run)


async def work_on(settings: Settings, work: Work, others: Sequence[UpstreamSettings] = ()) -> int:
    """The same where the settings are there; the `others` are upstreams with keys of their own."""
    async with open_credentials(settings, TerminalObserver(), others) as operator:
        try:
            return await work(operator, settings)
        except Fault as fault:
            print_error(say("error: {error}", error=plain(in_words(fault.said))))
            if fault.kind is FaultKind.NOT_FOUND:
                print_error(say("Known: {names}.", names=_list_aliases(operator)))
            return 1


def name_token(text: str, alias: str) -> str | None:
    """One token under a name; None, with a word on it, when that cannot be."""
    lines = tuple(read_paste(text))
    if len(lines) != 1:
        print_error(
            say("error: --alias names one token, but {count} were given.", count=len(lines))
        )
        return None
    is_plain = alias.isprintable() and alias == alias.strip() and not alias.startswith("#")
    if not alias or not is_plain or "::" in alias or "," in alias:
        print_error(
            say(
                "error: an alias is a short name without `::` or commas, and does not begin"
                " with `#`."
            )
        )
        return None
    checksum = f",{lines[0].binding}" if lines[0].binding else ""
    return f"{alias}::{lines[0].secret}{checksum}"


def print_added(added: Sequence[CredentialReport], settings: Settings) -> None:
    """What is there now that was not before."""
    for report in added:
        name, until = plain(report.alias), describe_end(report)
        print_result(
            say("Added {name} ({secret}){until}.", name=name, secret=report.secret, until=until)
        )
        if report.state is State.EXPIRED:
            print_error(say("warning: {name} has expired and cannot be used.", name=name))
    print_result(
        say(
            "Saved in {file}; a running gateway picks it up within two seconds.",
            file=say_place(settings),
        )
    )
    if len(added) == 1:
        name = plain(added[0].alias)
        print_result(say("Test it: cursor-api token test {name}", name=name))


def _warn_of_lacks(added: Sequence[CredentialReport], parsed: argparse.Namespace) -> None:
    """What has to be installed before they can be used; whoever adds them is there to do it."""
    loaded = load_groups(frozenset(SCHEMA.own_kinds), parsed.config)
    names = {report.upstream for report in added}
    for upstream in loaded.settings.upstreams if loaded.checked is not None else ():
        kind = KINDS[upstream.kind]
        if upstream.name in names and isinstance(kind, Needing):
            lack = kind.find_lack(upstream.options)
            if lack:
                print_error(say("warning: {warning}", warning=in_words(lack)))


def _row(report: CredentialReport) -> tuple[str, ...]:
    now = now_utc()
    expires = format_instant(report.expires_at, now) if report.expires_at else "-"
    if report.expiry_warning and report.state is not State.EXPIRED:
        expires += say(" soon!")
    use, state = describe_use(report, now), describe_state(report, now)
    return (plain(report.alias), report.secret, expires, str(report.priority), use, state)


def read_tokens(given: Sequence[str]) -> str | None:
    """The tokens from wherever they are; None, with a word on it, when there are none."""
    text = _read_tokens(given)
    if text is not None and next(read_paste(text), None) is None:
        print_error(
            say(
                "error: no token was given; nothing was changed. Paste one when you are asked, or"
                " put it on standard input."
            )
        )
        return None
    return text


def _read_tokens(given: Sequence[str]) -> str | None:
    if len(given) > 1:
        print_error(say("error: give one token at a time; `-` reads several from standard input."))
        return None
    if given and given[0] != "-":
        print_error(say(IN_ARGUMENTS))
        return given[0]
    return _ask_for_token() if not given and sys.stdin.isatty() else _read_input()


def is_meant(text: str) -> bool:
    """Whether it looks like tokens, or is to be taken all the same by whoever sits there."""
    unusual = describe_unusual((one.line, one.secret) for one in read_paste(text))
    if unusual is None:
        return True
    if not sys.stdin.isatty():
        print_error(say("warning: {unusual}; it is taken as it is.", unusual=unusual))
        return True
    sentence = f"{unusual[0].upper()}{unusual[1:]}"
    if is_agreed(say("{sentence}. Add it anyway? [y/N] ", sentence=sentence)):
        return True
    print_result(say("Nothing was changed."))
    return False


def _ask_for_token() -> str | None:
    with suppress(EOFError):
        return getpass.getpass(say("Token (not shown while you paste it): "))
    print_error(say("No input; nothing was changed."))
    return None


def _read_input() -> str | None:
    try:
        text = sys.stdin.read(INPUT_CHARS_MAX + 1)
    except UnicodeDecodeError:
        print_error(say("error: standard input is not UTF-8 text."))
        return None
    if len(text) > INPUT_CHARS_MAX:
        print_error(say("error: that is too much for a list of tokens; is it the right file?"))
        return None
    return text


def _is_sure(report: CredentialReport) -> bool:
    if not sys.stdin.isatty():
        print_error(
            say("error: this is not a terminal, so nothing can be asked; add --yes to remove it.")
        )
        return False
    name = plain(report.alias)
    if is_agreed(say("Remove {name} ({secret})? [y/N] ", name=name, secret=report.secret)):
        return True
    print_result(say("Nothing was changed."))
    return False


def _list_aliases(operator: Operator) -> str:
    names = [plain(one.alias) for one in operator.pools.credentials]
    shown = ", ".join(names[:NAMED_MAX]) or say("none")
    if len(names) <= NAMED_MAX:
        return shown
    return say("{names} and {count} more", names=shown, count=len(names) - NAMED_MAX)
