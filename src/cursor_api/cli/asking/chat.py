"""The command that asks a model of the running gateway something.

Rules of this file:
- The answer alone goes to standard output, as the model gave it; on a terminal without control
  characters. What is said of it goes to standard error, where somebody looks.
- An answer that does not come to its end is an error, whatever there was of it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from cursor_api.cli.gateway.call import (
    JSON_ERRORS,
    Call,
    CallError,
    GatewayAddress,
    open_answer,
)
from cursor_api.cli.gateway.place import ask_models, find_gateway
from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_piece
from cursor_api.cli.terminal.telling import told_by_gateway
from cursor_api.clients.client import Api, choose_models

# The gateway sends a line every 15 s whatever the model does; whoever set more waits longer.
SILENCE_S: Final = 300.0
# Hundreds of pages; the gateway takes no more either.
INPUT_CHARS_MAX: Final = 16 * 1024 * 1024
# A line holds a few words; one of this size is no stream of a gateway.
LINE_BYTES_MAX: Final = 8 * 1024 * 1024
STDIN: Final = "-"
_DATA: Final = b"data:"
_DONE: Final = b"[DONE]"


class _Message(Struct):
    content: Any = None


class _Choice(Struct):
    finish_reason: str | None = None
    delta: _Message | None = None


class _Chunk(Struct):
    error: Any = None
    usage: dict[str, Any] | None = None
    choices: list[_Choice] | None = None


class _Told(Struct):
    """What came of it, for the line beneath. Times are seconds from the request."""

    model: str = ""
    route: str = ""
    first_s: float | None = None
    took_s: float = 0.0
    usage: Mapping[str, Any] | None = None
    finish: str = ""
    text_end: str = ""


def chat(parsed: argparse.Namespace) -> int:
    """`chat`."""
    prompt = _read_prompt(parsed.text)
    if prompt is None:
        return 1
    try:
        gateway = find_gateway(parsed)
        model = parsed.model or _choose(gateway)
        told = _ask(gateway, _body(model, parsed.system, prompt))
    except (CallError, ValueError) as error:
        print_error(say("error: {error}.", error=error))
        return 1
    if sys.stderr.isatty():
        print_error(_describe(told))
    return 0


def _read_prompt(words: Sequence[str]) -> str | None:
    """The text with standard input in its place; None, with a word, where that cannot be read."""
    if STDIN not in words:
        return " ".join(words)
    try:
        given = sys.stdin.read(INPUT_CHARS_MAX + 1)
    except UnicodeDecodeError:
        print_error(say("error: standard input is not UTF-8 text."))
        return None
    if len(given) > INPUT_CHARS_MAX:
        print_error(say("error: that is more than any model accepts; is it the right file?"))
        return None
    before = " ".join(words[: words.index(STDIN)])
    after = " ".join(words[words.index(STDIN) + 1 :])
    return "\n\n".join(part for part in (before, given.strip("\n"), after) if part)


def _choose(gateway: GatewayAddress) -> str:
    served = ask_models(gateway)
    chosen = choose_models(Api.CHAT, served.models)
    if chosen is None:
        raise CallError(served.problem or say("none of the models there can chat"))
    return chosen[0]


def _body(model: str, system: str | None, prompt: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    return {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _ask(gateway: GatewayAddress, body: Mapping[str, Any]) -> _Told:
    """Show the answer as it comes; raises CallError."""
    told, started = _Told(model=str(body["model"])), time.monotonic()
    try:
        with open_answer(gateway, Call("POST", Api.CHAT.value, body, SILENCE_S)) as answer:
            told.route = answer.headers.get("x-route", "")
            for chunk in _chunks(answer):
                text = _take(chunk, told)
                if text:
                    told.first_s = told.first_s or time.monotonic() - started
                    told.text_end = text[-1]
                    print_piece(_shown(text))
    finally:
        # Whatever comes next begins on a line of its own.
        if told.text_end not in ("", "\n"):
            print_piece("\n")
    told.took_s = time.monotonic() - started
    return told


def _chunks(answer: IO[bytes]) -> Iterator[_Chunk]:
    while line := answer.readline(LINE_BYTES_MAX):
        if not line.startswith(_DATA):
            continue
        data = line[len(_DATA) :].strip()
        if data == _DONE:
            return
        try:
            yield msgspec.json.decode(data, type=_Chunk)
        except JSON_ERRORS:
            raise CallError(
                say("what answers there is not this gateway: its stream has no chunks in JSON")
            ) from None
    raise CallError(say("the answer was cut off before its end"))


def _take(chunk: _Chunk, told: _Told) -> str:
    """The text of one chunk, once the rest of it is noted; raises CallError for an error."""
    error = chunk.error
    if isinstance(error, str):
        raise CallError(plain(error))
    if isinstance(error, dict):
        words = plain(str(error.get("message", "it failed"))).rstrip(".")
        raise CallError(told_by_gateway(error.get("code"), words))
    told.usage = chunk.usage or told.usage
    for choice in chunk.choices or ():
        told.finish = choice.finish_reason or told.finish
        if choice.delta is not None and isinstance(choice.delta.content, str):
            return choice.delta.content
    return ""


def _shown(text: str) -> str:
    if not sys.stdout.isatty():
        return text
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in text)


def _describe(told: _Told) -> str:
    """`gpt-5 by way of openai/gpt-5: first words after 0.4 s, 2.1 s in all, 8 + 35 tokens`."""
    way = say(" via {route}", route=plain(told.route)) if told.route else ""
    first = ""
    if told.first_s is not None:
        first = say("first words after {first:.1f} s, ", first=told.first_s)
    tokens = ""
    if told.usage:
        tokens = say(
            ", {given} + {got} tokens",
            given=told.usage.get("prompt_tokens"),
            got=told.usage.get("completion_tokens"),
        )
    cut = say("; cut off at the token limit") if told.finish == "length" else ""
    took = say("{took:.1f} s in all", took=told.took_s)
    return f"{plain(told.model)}{way}: {first}{took}{tokens}{cut}"
