"""Each credential and each upstream: whether it can be asked, and what to do if not."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cursor_api.bootstrap import Operator, open_credentials
from cursor_api.cli.terminal.display import TerminalObserver, format_instant, now_utc, plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.telling import told, told_advice
from cursor_api.cli.tokens.credential_words import describe_reason
from cursor_api.cli.upstreams.one import open_upstream, parts_for
from cursor_api.domain.credential import Secret
from cursor_api.domain.diagnosis import Check, Diagnosing, Verdict
from cursor_api.domain.errors import Fault, StoreError
from cursor_api.installed import KINDS, Settings
from cursor_api.options.addresses import mask_user
from cursor_api.options.said import tell
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.service.credentials.report import CredentialReport, State
from cursor_api.service.credentials.use_cases import Order
from cursor_api.settings import find_secrets
from cursor_api.telemetry.redaction import Redactor
from cursor_api.transport.client import HttpClient, HttpOptions, Timeouts

CREDENTIALS: Final = tell("credentials")
CLOCK: Final = tell("clock")
# A person waits; all are asked at once.
REACH_S: Final = 10.0
LIST_S: Final = 30.0
# Certificates and tokens are judged by the clock; a minute is nobody's fault.
CLOCK_OFF_S_MAX: Final = 60.0
# More are a file, not a report.
SHOWN_MAX: Final = 50


def find_secrets_of(settings: Settings) -> Iterator[str]:
    """Every secret of the settings."""
    return (secret.reveal() for secret in find_secrets(settings))


async def check_routes(settings: Settings, redactor: Redactor) -> list[Check]:
    """Credentials first, then each upstream. The redactor learns the credentials' secrets."""
    checks, keys = await _check_credentials(settings, redactor)
    found = await asyncio.gather(
        *(_check_upstream(one, keys.get(one.name, ())) for one in settings.upstreams)
    )
    clocks: list[float] = []
    for of_one, offset_s in found:
        checks += of_one
        clocks += [offset_s] if offset_s is not None else []
    checks += _check_clock(clocks)
    return checks


# --- Credentials


async def _check_credentials(
    settings: Settings, redactor: Redactor
) -> tuple[list[Check], dict[str, list[Secret]]]:
    """What the token files and `TOKENS` give, and the secrets of these by upstream."""
    keys: dict[str, list[Secret]] = {}
    api_keys = {key for one in settings.upstreams for key in one.api_keys}
    try:
        async with open_credentials(settings, TerminalObserver()) as operator:
            for one in operator.pools.credentials:
                redactor.add(one.secret.reveal())
                if one.secret not in api_keys:
                    keys.setdefault(one.endpoint, []).append(one.secret)
            return [one async for one in _tell_credentials(operator, settings)], keys
    except StoreError as error:
        # The lines that are wrong are told with the settings.
        files = tell("the token files cannot be read; see above")
        words = told(error) if settings.are_credentials_shared else files
        return [Check(CREDENTIALS, Verdict.PROBLEM, words)], keys


async def _tell_credentials(operator: Operator, settings: Settings) -> AsyncIterator[Check]:
    page = await operator.credentials.list(Order.FILE, 0, SHOWN_MAX)
    if not page.credentials:
        is_passthrough = settings.access.is_passthrough
        yield Check(
            CREDENTIALS,
            Verdict.OK if is_passthrough else Verdict.PROBLEM,
            tell("there is none, but callers bring their own")
            if is_passthrough
            else tell("there is none"),
            ""
            if is_passthrough
            else tell("cursor-api token import, cursor-api token add, or cursor-api upstream add"),
        )
    for notice in page.notices if settings.are_credentials_shared else ():
        yield Check(CREDENTIALS, Verdict.WARNING, told(notice))
    for report in page.credentials:
        yield _tell_credential(report)
    if page.total_count > SHOWN_MAX:
        words = tell("{count} more: cursor-api token list", count=page.total_count - SHOWN_MAX)
        yield Check(CREDENTIALS, Verdict.SKIPPED, words)


def _tell_credential(report: CredentialReport) -> Check:
    facts = {"name": plain(report.alias), "secret": report.secret, "upstream": report.upstream}
    name = tell("{name} ({secret}) for {upstream}", **facts)
    if report.configured:
        name = tell("{name} ({secret}) for {upstream}, from the settings", **facts)
    if report.state is State.DISABLED:
        return Check(CREDENTIALS, Verdict.SKIPPED, tell("{name} is switched off", name=name))
    state = "" if report.state is State.HEALTHY else f", {say(report.state.value)}"
    words = tell("{name}{state}", name=name, state=state)
    if report.expires_at:
        at = format_instant(report.expires_at, now_utc())
        words = tell("{said}, expires {at}", said=words, at=at)
    if report.state in {State.EXPIRED, State.QUARANTINED}:
        renew = tell("Renew it: cursor-api token import --replace, or token add.")
        return Check(CREDENTIALS, Verdict.WARNING, words, describe_reason(report) or renew)
    verdict = Verdict.WARNING if report.expiry_warning else Verdict.OK
    return Check(CREDENTIALS, verdict, words)


# --- Upstreams


async def _check_upstream(
    settings: UpstreamSettings, keys: Sequence[Secret]
) -> tuple[list[Check], float | None]:
    """Whether it is reached, its models, its kind's own checks; and how far its clock is ahead."""
    area = tell("upstream {name} ({kind})", name=settings.name, kind=settings.kind)
    is_unused = not settings.api_keys and not keys
    if is_unused:
        words = tell("not used: there is no credential for it")
        advice = KINDS[settings.kind].words.no_credentials
        return [Check(area, Verdict.SKIPPED, words, advice)], None
    checks, offset_s = [], None
    reach = await _reach(settings.options)
    if reach is not None:
        verdict, words, offset_s = reach
        checks.append(Check(area, verdict, words))
    kind = KINDS[settings.kind]
    if isinstance(kind, Diagnosing):
        parts = parts_for(settings, keys)
        checks += [one async for one in kind.diagnose(settings.options, parts)]
    if all(one.verdict is not Verdict.PROBLEM for one in checks):
        checks.append(await _check_models(area, settings, keys))
    return [one._replace(area=area) for one in checks], offset_s


async def _reach(options: Any) -> tuple[Verdict, str, float | None] | None:
    """Any answer of the address will do; None for what has no address."""
    http, url = getattr(options, "http", None), getattr(options, "base_url", "")
    if not isinstance(http, HttpOptions) or not url:
        return None
    proxy = http.find_proxy(url)
    way = tell(" through the proxy {proxy}", proxy=mask_user(proxy.reveal())) if proxy else ""
    started = time.monotonic()
    try:
        async with (
            HttpClient(http) as client,
            client.open_get(url, {"Accept": "*/*"}, Timeouts(first_token_s=REACH_S)) as answer,
        ):
            took_s = time.monotonic() - started
            offset_s = _clock_offset(answer.headers.get("date"))
    except Fault as fault:
        words = tell("{url} cannot be reached{way}: {reason}", url=url, way=way, reason=fault.said)
        return Verdict.PROBLEM, words, None
    except OSError as error:
        return Verdict.PROBLEM, _not_opened(error), None
    words = tell("{url} answers{way} after {took_s} s", url=url, way=way, took_s=f"{took_s:.1f}")
    return Verdict.OK, words, offset_s


def _not_opened(error: OSError) -> str:
    return tell("it cannot be opened: {reason}", reason=error.strerror or error)


def _clock_offset(date: str | None) -> float | None:
    """Seconds that its clock is ahead of ours."""
    try:
        there = email.utils.parsedate_to_datetime(date or "")
    except ValueError:
        return None
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    return (there - datetime.now(UTC)).total_seconds()


async def _check_models(area: str, settings: UpstreamSettings, keys: Sequence[Secret]) -> Check:
    started = time.monotonic()
    try:
        async with open_upstream(settings, keys) as upstream, asyncio.timeout(LIST_S):
            models = await upstream.list_models()
    except TimeoutError:
        words = tell("it gives no list of models within {limit_s} s", limit_s=f"{LIST_S:.0f}")
        return Check(area, Verdict.PROBLEM, words)
    except OSError as error:
        return Check(area, Verdict.PROBLEM, _not_opened(error))
    except Fault as fault:
        return _no_models(area, settings, fault)
    took_s = time.monotonic() - started
    if not models and not settings.models:
        advice = tell("Name some with `models = [...]` in its block.")
        return Check(area, Verdict.PROBLEM, tell("it lists no model"), advice)
    words = tell(
        "it lists {count} model(s) after {took_s} s", count=len(models), took_s=f"{took_s:.1f}"
    )
    return Check(area, Verdict.OK, words)


def _no_models(area: str, settings: UpstreamSettings, fault: Fault) -> Check:
    advice = told_advice(fault.kind.value, KINDS[settings.kind].words.advise(fault))
    if settings.models is not None:
        words = tell(
            "it gives no list of models, but the settings name some: {reason}",
            reason=fault.said,
        )
        return Check(area, Verdict.WARNING, words, advice)
    words = tell("it gives no list of models: {reason}", reason=fault.said)
    return Check(area, Verdict.PROBLEM, words, advice)


def _check_clock(offsets_s: Sequence[float]) -> list[Check]:
    if not offsets_s:
        return []
    # The one that agrees best: a wrong clock of theirs is not ours.
    off_s = min(offsets_s, key=abs)
    if abs(off_s) <= CLOCK_OFF_S_MAX:
        return [Check(CLOCK, Verdict.OK, tell("it goes with that of the upstreams"))]
    words = tell("it is {off_s} s ahead of that of the upstreams", off_s=f"{abs(off_s):.0f}")
    if off_s > 0:
        words = tell("it is {off_s} s behind that of the upstreams", off_s=f"{off_s:.0f}")
    return [
        Check(
            CLOCK,
            Verdict.WARNING,
            words,
            tell("Let the system set it (NTP): certificates and tokens are judged by it."),
        )
    ]
