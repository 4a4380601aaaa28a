"""The commands that read the Cursor editor's own token."""

from __future__ import annotations

import argparse
import os
import re
from datetime import datetime

from msgspec import Struct

from cursor_api.bootstrap import Operator
from cursor_api.cli.terminal.display import format_instant, now_utc, plain, print_facts, print_json
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.cli.tokens.actions import name_token, print_added, with_credentials
from cursor_api.cli.tokens.changes import tell_renewed
from cursor_api.cli.tokens.editor_database import (
    EditorAccount,
    EditorError,
    find_database_paths,
    read_account,
)
from cursor_api.domain.credential import CredentialChange, find_unusual
from cursor_api.domain.expiry import find_expiry
from cursor_api.installed import FORMS, Settings
from cursor_api.service.credentials.report import find_instant
from cursor_api.service.credentials.use_cases import PreferenceChange


class Shown(Struct, frozen=True):
    """What `token show --json` prints. `token` is masked unless `is_revealed`."""

    token: str
    is_revealed: bool
    user_id: str | None
    email: str | None
    plan: str | None
    expires_at: datetime | None
    is_expired: bool
    database: str


def show(parsed: argparse.Namespace) -> int:
    """`token show`."""
    account = _find_account(parsed)
    if account is None:
        return 1
    token = account.token.reveal() if parsed.reveal else account.token.masked
    expires_at, now = find_instant(find_expiry(account.token.reveal())), now_utc()
    is_expired = expires_at is not None and expires_at <= now
    if parsed.json:
        known = (account.user_id, account.email, account.plan, expires_at, is_expired)
        print_json(Shown(token, parsed.reveal, *known, str(account.database)))
        return 0
    facts = {
        say("token"): token,
        say("account"): plain(account.email or account.user_id or say("unknown")),
        say("plan"): plain(account.plan or say("unknown")),
        say("expires"): format_instant(expires_at, now),
        say("read from"): str(account.database),
    }
    print_facts(facts)
    if is_expired:
        print_error(say("The token has expired. Start Cursor, which renews it, and try again."))
    elif not parsed.reveal:
        print_error(say("`cursor-api token import` adds it to the token files; --reveal shows it."))
    return 0


def take_over(parsed: argparse.Namespace) -> int:
    """`token import`."""
    account = _find_account(parsed)
    if account is None or not _is_token(account):
        return 1
    expires_at, now = find_instant(find_expiry(account.token.reveal())), now_utc()
    if expires_at is not None and expires_at <= now:
        print_error(say("error: the editor's token has expired; nothing was added."))
        print_error(say("Start Cursor, which renews it, and try again."))
        return 1
    alias = parsed.alias if parsed.alias is not None else _name_of(account)
    line = name_token(account.token.reveal(), alias)
    if line is None:
        return 1

    async def work(operator: Operator, settings: Settings) -> int:
        there = {one.alias: one.secret for one in operator.pools.credentials}
        owner = next((name for name, secret in there.items() if secret == account.token), None)
        if owner is not None:
            print_result(
                say(
                    "The editor's token has been added already, as {name}; nothing was changed.",
                    name=plain(owner),
                )
            )
            return 0
        if alias not in there:
            print_added(await operator.credentials.add(line), settings)
            return 0
        if not parsed.replace:
            print_error(
                say(
                    "error: {name} exists with another token; nothing was changed.",
                    name=plain(alias),
                )
            )
            print_error(
                say(
                    "--replace replaces that token and keeps its device; --alias gives another"
                    " name."
                )
            )
            return 1
        change = CredentialChange(secret=account.token)
        renewed = await operator.credentials.change(alias, change, PreferenceChange())
        print_result(tell_renewed(renewed))
        await operator.roster.save()
        return 0

    return with_credentials(parsed, work, is_adding=True)


def _find_account(parsed: argparse.Namespace) -> EditorAccount | None:
    paths = [parsed.database] if parsed.database else find_database_paths(os.environ)
    try:
        return read_account(paths)
    except EditorError as error:
        print_error(say("error: {error}", error=told(error)))
        return None


def _is_token(account: EditorAccount) -> bool:
    """Whether it is of a known form; told where it is not: nobody has looked at it."""
    if not find_unusual(account.token.reveal(), FORMS):
        return True
    print_error(
        say(
            "error: what {file} has in the place of the token is no session token (a JWT: it"
            " begins with eyJ and has two dots); nothing was added.",
            file=account.database,
        )
    )
    print_error(
        say(
            "Sign in with the editor again; or copy the cookie WorkosCursorSessionToken of"
            " cursor.com from your browser, and add it with `cursor-api token add`."
        )
    )
    return False


def _name_of(account: EditorAccount) -> str:
    """The e-mail's part before the @, else the user id; of signs that are safe everywhere."""
    local = re.sub(r"[^\w.+-]+", "-", (account.email or "").partition("@")[0]).strip("-.")
    return local[:64] or account.user_id or "cursor"
