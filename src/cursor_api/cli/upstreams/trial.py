"""The command that asks an upstream for its models, and one of them a question."""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.cli.home.settings import load_upstreams
from cursor_api.cli.terminal.display import plain, print_json
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import in_words, told, told_advice
from cursor_api.cli.upstreams.one import ask, open_upstream
from cursor_api.domain.catalog import Route
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.installed import KINDS, SCHEMA
from cursor_api.options.said import tell
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.ports.upstream import Upstream

# A person waits for each of the two; a server of one's own may have to load the model first.
LIST_TIMEOUT_S: Final = 30.0
CHAT_TIMEOUT_S: Final = 120.0
# In one line; `--json` has them all.
SHOWN_MODELS_MAX: Final = 8


class Result(Struct, frozen=True):
    """What `upstream test --json` prints. What was not asked or did not answer is None.

    Its sentences are in English; people are told them in their language.
    """

    name: str
    kind: str
    is_ok: bool
    models: tuple[str, ...] | None = None
    models_after_s: float | None = None
    chat_model: str | None = None
    chat_text: str | None = None
    chat_after_s: float | None = None
    fault: str | None = None
    fault_kind: FaultKind | None = None
    advice: str | None = None


def test(parsed: argparse.Namespace) -> int:
    """`upstream test`."""
    loaded = load_upstreams(parsed.config)
    for problem in loaded.problems:
        print_error(say("error: {error}", error=told(problem)))
    if loaded.problems:
        return 1
    upstreams = {one.name: one for one in loaded.settings.upstreams}
    settings = upstreams.get(parsed.name)
    if settings is None:
        print_error(say("error: there is no upstream {name}.", name=plain(parsed.name)))
        print_error(say("Known: {names}.", names=", ".join(upstreams)))
        return 1
    if settings.name in SCHEMA.own_kinds and not settings.api_keys:
        print_error(
            say("error: the credentials of {name} are in the token files.", name=settings.name)
        )
        print_error(say("Test one of them: cursor-api token test ALIAS"))
        return 1
    result = asyncio.run(try_upstream(settings, is_chat=parsed.chat, model=parsed.model))
    if parsed.json:
        print_json(result)
    else:
        _print(result, is_chat=parsed.chat)
    return 0 if result.is_ok else 1


async def try_upstream(
    settings: UpstreamSettings, *, is_chat: bool, model: str | None = None
) -> Result:
    """Ask it; whatever goes wrong is in the result."""
    result = Result(settings.name, settings.kind, is_ok=False)
    try:
        async with open_upstream(settings) as upstream:
            result = await _list_models(upstream, result)
            if is_chat:
                result = await _chat(upstream, settings, result, model)
    except TimeoutError:
        return replace(
            result,
            fault=tell("It did not answer in time."),
            advice=tell("Is it running, and reachable?"),
        )
    except OSError as error:
        return replace(
            result, fault=tell("It cannot be opened: {reason}.", reason=error.strerror or error)
        )
    except Fault as fault:
        advice = KINDS[settings.kind].words.advise(fault)
        return replace(result, fault=fault.said, fault_kind=fault.kind, advice=advice)
    return replace(result, is_ok=True)


async def _list_models(upstream: Upstream, result: Result) -> Result:
    started = time.monotonic()
    async with asyncio.timeout(LIST_TIMEOUT_S):
        models = await upstream.list_models()
    names = tuple(model.id for model in models)
    return replace(result, models=names, models_after_s=round(time.monotonic() - started, 3))


async def _chat(
    upstream: Upstream, settings: UpstreamSettings, result: Result, model: str | None
) -> Result:
    named = model or next(iter(settings.models or result.models or ()), None)
    if named is None:
        return replace(
            result, fault=tell("It lists no model."), advice=tell("Name one with --model.")
        )
    async with asyncio.timeout(CHAT_TIMEOUT_S):
        reply = await ask(upstream, Route(settings.name, named), settings.api_keys[0])
    return replace(
        result, chat_model=named, chat_text=reply.text, chat_after_s=round(reply.latency_s, 3)
    )


def _print(result: Result, *, is_chat: bool) -> None:
    name = result.name
    if result.models is not None:
        shown = ", ".join(plain(model) for model in result.models[:SHOWN_MODELS_MAX])
        more = len(result.models) - SHOWN_MODELS_MAX
        if more > 0:
            shown = say("{names} and {count} more", names=shown, count=more)
        words = say(
            "{name} lists {count} model(s) after {seconds:.1f} s",
            name=name,
            count=len(result.models),
            seconds=result.models_after_s,
        )
        print_result(words + (say(": {detail}", detail=shown) if shown else say(".")))
    if result.chat_model is not None:
        print_result(
            say(
                "{name} works: {model} answered {text!r} after {seconds:.1f} s.",
                name=name,
                model=plain(result.chat_model),
                text=plain(result.chat_text or ""),
                seconds=result.chat_after_s,
            )
        )
    if result.fault is not None:
        print_result(
            say("{name} did not answer: {reason}", name=name, reason=plain(in_words(result.fault)))
        )
        if result.advice:
            print_result(_tell_advice(result, result.advice))
    elif not is_chat:
        print_result(
            say("Send a question to one of them: cursor-api upstream test {name} --chat", name=name)
        )


def _tell_advice(result: Result, advice: str) -> str:
    if result.fault_kind is None:
        return in_words(advice)
    return told_advice(result.fault_kind.value, advice, plain(result.chat_model or ""))
