"""The small chats of `doctor --live`: what each sends, and what a good answer to it is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from cursor_api.cli.doctor.inner_call import App, Called, call
from cursor_api.domain.credential import Secret
from cursor_api.options.said import tell

CHAT_PATH: Final = "/v1/chat/completions"
HTTP_OK: Final = 200
QUESTION: Final = "Reply with the single word OK."
# Long enough to be broken off in the middle.
LONG_QUESTION: Final = "Count from 1 to 200 in words, one number a line."
TOOL: Final[Mapping[str, Any]] = {
    "type": "function",
    "function": {
        "name": "get_temperature",
        "description": "The temperature at a place, in degrees Celsius.",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}},
            "required": ["place"],
        },
    },
}
TOOL_QUESTION: Final = "Use the tool to find out the temperature in Oslo."
# The upstream should be let go of at once; more than this is a run that goes on spending.
LEAVING_S_MAX: Final = 5.0
SAID_MAX: Final = 40
DATA: Final = b"data: "
DONE: Final = b"[DONE]"


class Target(Struct, frozen=True):
    """A route: one model of one upstream. `model` None: none is known."""

    upstream: str
    kind: str
    model: str | None


class Outcome(Struct, frozen=True):
    """What came of one chat, in a line that was told."""

    name: str
    is_ok: bool
    detail: str


Probe = Callable[[App, Secret, Target], Awaitable[Outcome]]


async def _try_whole(app: App, key: Secret, target: Target) -> Outcome:
    called = await call(app, CHAT_PATH, key, _body(target, QUESTION))
    content = _read(called)
    if content is None:
        return _failed("whole", called)
    choice = content["choices"][0]
    said = str(choice["message"].get("content") or "")
    detail = tell(
        "{took:.1f} s, {reason}, said {said!r}, usage {usage}{ignored}",
        took=called.took_s,
        reason=choice.get("finish_reason"),
        said=said[:SAID_MAX],
        usage=_usage(content.get("usage")),
        ignored=_ignored(called),
    )
    return Outcome("whole", is_ok=bool(said), detail=detail)


async def _try_stream(app: App, key: Secret, target: Target) -> Outcome:
    more = {"stream": True, "stream_options": {"include_usage": True}}
    called = await call(app, CHAT_PATH, key, _body(target, QUESTION) | more)
    events = _events(called)
    if called.status != HTTP_OK or not events:
        return _failed("stream", called)
    choices = [choice for one in events for choice in one.get("choices") or ()]
    text = "".join(str((one.get("delta") or {}).get("content") or "") for one in choices)
    reason = next((one["finish_reason"] for one in choices if one.get("finish_reason")), None)
    usage = next((one["usage"] for one in events if one.get("usage")), None)
    fault = next((one["error"] for one in events if one.get("error")), None)
    has_end = called.body.rstrip().endswith(DATA + DONE)
    detail = tell(
        "first after {first:.1f} s, all after {took:.1f} s, {count} events, {reason},"
        " usage {usage}{end}{error}",
        first=called.first_after_s or 0.0,
        took=called.took_s,
        count=len(events),
        reason=reason,
        usage=_usage(usage),
        end="" if has_end else tell(", no [DONE]"),
        error=tell(", error: {message}", message=_message(fault)) if fault else "",
    )
    is_ok = bool(text and reason and usage and has_end and not fault)
    return Outcome("stream", is_ok=is_ok, detail=detail)


async def _try_tool(app: App, key: Secret, target: Target) -> Outcome:
    """A model may answer in text, and a route without tools says that it left them out."""
    body = _body(target, TOOL_QUESTION) | {"tools": [TOOL]}
    called = await call(app, CHAT_PATH, key, body)
    content = _read(called)
    if content is None:
        return _failed("tool", called)
    choice = content["choices"][0]
    calls = choice["message"].get("tool_calls") or ()
    if not calls:
        words = tell(
            "no call; {reason}, answered in text{ignored}",
            reason=choice.get("finish_reason"),
            ignored=_ignored(called),
        )
        return Outcome("tool", is_ok=True, detail=words)
    function = calls[0].get("function") or {}
    try:
        is_right = "place" in json.loads(function.get("arguments") or "")
    except (ValueError, TypeError):
        is_right = False
    detail = tell(
        "{took:.1f} s, {count} call(s) of {name}, {judged}, {reason}",
        took=called.took_s,
        count=len(calls),
        name=function.get("name"),
        judged=tell("arguments as asked") if is_right else tell("arguments not as asked"),
        reason=choice.get("finish_reason"),
    )
    return Outcome("tool", is_ok=is_right, detail=detail)


async def _try_leaving(app: App, key: Secret, target: Target) -> Outcome:
    body = _body(target, LONG_QUESTION) | {"stream": True}
    called = await call(app, CHAT_PATH, key, body, leaves=True)
    if called.status != HTTP_OK or called.ended_after_leaving_s is None:
        return _failed("cancel", called)
    gone_s = called.ended_after_leaving_s
    detail = tell(
        "left after {first:.1f} s, let go of after {gone:.2f} s",
        first=called.first_after_s or 0.0,
        gone=gone_s,
    )
    return Outcome("cancel", is_ok=gone_s <= LEAVING_S_MAX, detail=detail)


PROBES: Final[Mapping[str, Probe]] = {
    "whole": _try_whole,
    "stream": _try_stream,
    "tool": _try_tool,
    "cancel": _try_leaving,
}


def _body(target: Target, question: str) -> dict[str, Any]:
    return {
        "model": f"{target.upstream}/{target.model}",
        "messages": [{"role": "user", "content": question}],
    }


def _read(called: Called) -> Any:
    """The answer's object; None for what is none."""
    try:
        content = json.loads(called.body)
    except ValueError:
        return None
    is_good = called.status == HTTP_OK and isinstance(content, dict) and content.get("choices")
    return content if is_good else None


def _events(called: Called) -> list[dict[str, Any]]:
    found = []
    for line in called.body.split(b"\n"):
        data = line.removeprefix(DATA).strip()
        if line.startswith(DATA) and data != DONE:
            try:
                event = json.loads(data)
            except ValueError:
                continue
            if isinstance(event, dict):
                found.append(event)
    return found


def _failed(name: str, called: Called) -> Outcome:
    try:
        words = _message(json.loads(called.body).get("error"))
    except (ValueError, AttributeError):
        words = tell("not the answer that was asked for")
    detail = tell("status {status}: {words}", status=called.status, words=words)
    return Outcome(name, is_ok=False, detail=detail)


def _message(error: Any) -> str:
    return str(error.get("message")) if isinstance(error, dict) else str(error)


def _usage(usage: Any) -> str:
    if not isinstance(usage, dict):
        return tell("none")
    return f"{usage.get('prompt_tokens')}+{usage.get('completion_tokens')}"


def _ignored(called: Called) -> str:
    names = called.headers.get("x-ignored-params")
    return tell(", ignored: {names}", names=names) if names else ""
