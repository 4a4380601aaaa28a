"""The commands that look at API keys and change them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec.structs import replace

from cursor_api.bootstrap import copy_keys, open_keys
from cursor_api.bootstrap.api_keys import KeyHouse
from cursor_api.cli.home.settings import find_client_names, with_settings
from cursor_api.cli.keys.words import (
    instant_in_words,
    limits_in_words,
    standing_in_words,
    text_in_words,
)
from cursor_api.cli.terminal.display import TerminalObserver, print_facts, print_json, print_table
from cursor_api.cli.terminal.language import say, say_word
from cursor_api.cli.terminal.output import print_error, print_note, print_result
from cursor_api.cli.terminal.telling import in_words
from cursor_api.domain.act import COMMAND_LINE, ActKind
from cursor_api.domain.api_key import ApiKey, KeyTerms
from cursor_api.domain.errors import Fault
from cursor_api.domain.periods import Period
from cursor_api.domain.permission import Permission
from cursor_api.domain.quota import NO_LIMITS, OUTPUT_RESERVE, Budget, Limits
from cursor_api.domain.standing import Standing
from cursor_api.installed import Settings
from cursor_api.service.access.keys import NewKey
from cursor_api.web.management.key_shapes import KeysOut, NewKeyOut, show_key

COLUMNS: Final = ("ID", "STATE", "ROLE", "OWNER", "MODELS", "LIMITS", "EXPIRES")
_COUNTS: Final = {
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "rpd": "requests_per_day",
    "tpd": "tokens_per_day",
    "concurrent": "concurrent_max",
}

Work = Callable[[KeyHouse], Awaitable[int]]


def create(parsed: argparse.Namespace) -> int:
    """`key create`."""

    async def work(house: KeyHouse) -> int:
        house.keys.keep_apart(find_client_names(parsed.config))
        terms = _terms(parsed, KeyTerms(parsed.name))
        new = await house.keys.create(terms._replace(limits=_limits(parsed, NO_LIMITS)), parsed.id)
        await note(house, ActKind.KEY_CREATED, new.key.id)
        _tell_secret(parsed, new, say("Created the API key {key}.", key=new.key.id))
        return 0

    return with_keys(parsed, work)


def show_all(parsed: argparse.Namespace) -> int:
    """`key list`."""

    async def work(house: KeyHouse) -> int:
        keys, now = house.keys.all, time.time()
        if parsed.json:
            print_json(KeysOut([show_key(key, now, None) for key in keys]))
        elif not keys:
            print_result(say("There are no API keys. `cursor-api key create NAME` creates one."))
        else:
            print_table(list(map(say, COLUMNS)), [_row(key, now) for key in keys])
        return 0

    return with_keys(parsed, work)


def show(parsed: argparse.Namespace) -> int:
    """`key show`."""

    async def work(house: KeyHouse) -> int:
        key = await house.keys.get(parsed.id)
        _tell_key(parsed, key, await house.quota.stand(key))
        return 0

    return with_keys(parsed, work)


def change(parsed: argparse.Namespace) -> int:
    """`key change`."""

    async def work(house: KeyHouse) -> int:
        terms = _terms(parsed, (await house.keys.get(parsed.id)).terms)
        if parsed.name is not None:
            terms = terms._replace(name=parsed.name)
        if parsed.all_models:
            terms = terms._replace(models=())
        return await _change(parsed, house, terms)

    return with_keys(parsed, work)


def limits(parsed: argparse.Namespace) -> int:
    """`key limits`."""

    async def work(house: KeyHouse) -> int:
        terms = (await house.keys.get(parsed.id)).terms
        wanted = terms._replace(limits=_limits(parsed, terms.limits))
        return await _change(parsed, house, wanted)

    return with_keys(parsed, work)


async def _change(parsed: argparse.Namespace, house: KeyHouse, terms: KeyTerms) -> int:
    changed = await house.keys.change(parsed.id, terms)
    await note(house, ActKind.KEY_CHANGED, changed.id)
    _tell_key(parsed, changed, None)
    return 0


def rotate(parsed: argparse.Namespace) -> int:
    """`key rotate`."""

    async def work(house: KeyHouse) -> int:
        new = await house.keys.rotate(parsed.id, parsed.keep)
        await note(house, ActKind.KEY_ROTATED, new.key.id)
        done = say("The API key {key} has a new secret.", key=new.key.id)
        _tell_secret(parsed, new, done)
        if new.key.previous_until is not None and not parsed.json:
            until = instant_in_words(new.key.previous_until, "")
            print_note(say("The old secret is valid until {until}.", until=until))
        return 0

    return with_keys(parsed, work)


def revoke(parsed: argparse.Namespace) -> int:
    """`key revoke`."""

    async def work(house: KeyHouse) -> int:
        key = await house.keys.revoke(parsed.id)
        await note(house, ActKind.KEY_REVOKED, key.id)
        print_result(
            say("{key} is revoked: a running gateway refuses it within two seconds.", key=key.id)
        )
        return 0

    return with_keys(parsed, work)


def delete(parsed: argparse.Namespace) -> int:
    """`key delete`."""

    async def work(house: KeyHouse) -> int:
        await house.keys.delete(parsed.id)
        await note(house, ActKind.KEY_DELETED, parsed.id)
        print_result(say("{key} is deleted; its records stay.", key=parsed.id))
        return 0

    return with_keys(parsed, work)


def copy(parsed: argparse.Namespace) -> int:
    """`key copy`."""

    async def work(settings: Settings) -> int:
        copied = await copy_keys(settings)
        for key_id in copied.left:
            print_note(say("{key} is in the database already and was not changed.", key=key_id))
        print_result(
            say(
                "Copied {count} key(s) and {prices} price(s) into the database.",
                count=len(copied.keys),
                prices=copied.price_count,
            )
        )
        return 0

    return with_settings(parsed, work)


async def note(house: KeyHouse, kind: ActKind, subject: str) -> None:
    """Keep that this was done here."""
    await house.audit.note(COMMAND_LINE, kind, subject)


def with_keys(parsed: argparse.Namespace, work: Work) -> int:
    """Do this with the stored keys and prices; the exit status."""

    async def run(settings: Settings) -> int:
        try:
            async with open_keys(settings, TerminalObserver()) as house:
                return await work(house)
        except Fault as fault:
            print_error(say("error: {error}", error=in_words(fault.said)))
            return 1

    return with_settings(parsed, run)


def _terms(parsed: argparse.Namespace, terms: KeyTerms) -> KeyTerms:
    """These, with what was typed."""
    typed = {
        "owner": parsed.owner,
        "note": parsed.note,
        "role": None if parsed.role is None else Permission(parsed.role),
        "models": None if parsed.model is None else tuple(parsed.model),
        "zone": parsed.zone,
    }
    terms = terms._replace(**{name: value for name, value in typed.items() if value is not None})
    if parsed.expires is not None:
        terms = terms._replace(expires_at=parsed.expires.find(time.time()))
    return terms


def _limits(parsed: argparse.Namespace, limits: Limits) -> Limits:
    """These, with what was typed."""
    for option, name in _COUNTS.items():
        typed = getattr(parsed, option)
        if typed is not None:
            limits = replace(limits, **{name: typed.value})
    if parsed.reserve is not None:
        reserved = parsed.reserve.value
        limits = replace(
            limits, output_reserve_count=OUTPUT_RESERVE if reserved is None else reserved
        )
    return replace(limits, budget=_budget(parsed, limits.budget))


def _budget(parsed: argparse.Namespace, budget: Budget | None) -> Budget | None:
    period = None if parsed.per is None else Period(parsed.per)
    if parsed.budget is not None:
        if parsed.budget.amount is None:
            return None
        known = budget.period if budget else Period.MONTH
        return Budget(parsed.budget.amount, parsed.budget.unit, period or known)
    return budget._replace(period=period) if budget and period else budget


def _tell_secret(parsed: argparse.Namespace, new: NewKey, done: str) -> None:
    if parsed.json:
        print_json(NewKeyOut(show_key(new.key, time.time(), None), new.secret.reveal()))
        return
    print_note(say("{done} Its secret is shown only this one time:\n", done=done))
    print_result(new.secret.reveal())
    print_note(say("\nA running gateway accepts it at once."))


def _tell_key(parsed: argparse.Namespace, key: ApiKey, standing: Standing | None) -> None:
    now = time.time()
    if parsed.json:
        print_json(show_key(key, now, standing))
        return
    facts = {
        "id": key.id,
        "name": text_in_words(key.name),
        "owner": text_in_words(key.owner),
        "note": text_in_words(key.note),
        "state": say(key.state(now).value),
        "role": key.role.value,
        "secret": f"{key.hint}…",
        "models": ", ".join(key.models) or say("all"),
        "limits": limits_in_words(key.limits),
        "time zone": key.zone,
        "made": instant_in_words(key.created_at, ""),
        "expires": instant_in_words(key.expires_at, say_word("never")),
    }
    if key.revoked_at is not None:
        facts["revoked"] = instant_in_words(key.revoked_at, "")
    if (end := key.find_previous_end(now)) is not None:
        facts["old secret"] = say("valid until {until}", until=instant_in_words(end, ""))
    if standing is not None:
        facts |= standing_in_words(standing)
    print_facts({say(name): fact for name, fact in facts.items()})


def _row(key: ApiKey, now: float) -> tuple[str, ...]:
    return (
        key.id,
        say(key.state(now).value),
        key.role.value,
        text_in_words(key.owner),
        ", ".join(key.models) or say("all"),
        limits_in_words(key.limits),
        instant_in_words(key.expires_at, say_word("never")),
    )
