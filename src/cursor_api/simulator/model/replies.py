"""What the simulated model says to a request: the same, each time, for the same seed."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Final

import msgspec

from cursor_api.simulator.model.asks import Ask, Call, Choice, Reply, Result, Tool
from cursor_api.simulator.model.fill import fill
from cursor_api.simulator.model.plans import call_of, is_same, plan_calls
from cursor_api.simulator.model.subjects import Subjects, find_subjects
from cursor_api.simulator.scenario import Scenario

# Of what a tool gave; enough to see that it was read.
QUOTED_MAX: Final = 400
# A tool whose call is the answer itself, as clients for structured output offer it.
_ANSWERING: Final = re.compile(r"final|result|answer|respond|response|output|submit", re.IGNORECASE)
_SAY: Final = re.compile(
    r"^\s*(?:please\s+)?(?:say|repeat|reply|answer|respond)\b(?:\s+(?:with|only|just|exactly|the"
    r" word|word))*\s*:?\s*[\"“'`]?([^\"”'`\n]{1,80}?)[\"”'`]?[.!]?\s*$"
    r"|^\s*(?:请)?(?:只)?(?:说|回答|回复)[:：]?\s*[“\"「]?([^”\"」\n]{1,80}?)[”\"」]?[。！]?\s*$",
    re.IGNORECASE,
)


def reply_to(ask: Ask, scenario: Scenario, chance: random.Random) -> Reply:
    """Calls where tools are asked for and allowed, else a text or JSON of the asked form."""
    asked = find_subjects(ask.question.text)
    calls = _calls(ask, asked)
    if calls:
        return Reply(_thoughts(ask, scenario, calls), "", _with_ids(calls, chance))
    if scenario.text is not None:
        text = scenario.text
    elif ask.form is not None:
        text = msgspec.json.encode(_form(ask, asked)).decode()
    else:
        text = _text(ask, asked, scenario, chance)
    return Reply(_thoughts(ask, scenario, ()), text)


def _calls(ask: Ask, asked: Subjects) -> tuple[Call, ...]:
    """What is planned and not yet done; under a choice that demands calls, one at least."""
    tools = ask.tools
    if ask.choice is Choice.NONE or not tools:
        return ()
    if ask.choice is Choice.NAMED:
        tools = tuple(tool for tool in tools if tool.name == ask.named)
    done = [call for turn in ask.since for call in turn.calls]
    planned = plan_calls(tools, asked)
    left = tuple(call for call in planned if not any(is_same(call, one) for one in done))
    if not left and tools and ask.choice in {Choice.REQUIRED, Choice.NAMED}:
        left = (call_of(_demanded(tools, done), asked),)
    return left if ask.is_parallel else left[:1]


def _demanded(tools: tuple[Tool, ...], done: list[Call]) -> Tool:
    """The one to call where one must be: an answering one, else one not yet called."""
    called = {call.name for call in done}
    answering = (tool for tool in tools if _ANSWERING.search(tool.name))
    fresh = (tool for tool in tools if tool.name not in called)
    return next(answering, None) or next(fresh, tools[-1])


def _with_ids(calls: tuple[Call, ...], chance: random.Random) -> tuple[Call, ...]:
    """Each with a number of its own; simulators put their vendor's prefix before it."""
    return tuple(call._replace(id=f"{chance.getrandbits(96):024x}") for call in calls)


def _thoughts(ask: Ask, scenario: Scenario, calls: tuple[Call, ...]) -> str:
    if not ask.is_thinking:
        return ""
    if not calls:
        return scenario.thoughts
    named = ", ".join(
        f"{call.name}({msgspec.json.encode(call.arguments).decode()})" for call in calls
    )
    return f"The person asks for something that tools can do. I call {named}."


def _form(ask: Ask, asked: Subjects) -> object:
    """JSON that fits; for any object, one that says the question and what tools gave."""
    results = _results(ask)
    if ask.form:
        return fill(ask.form, _with_results(asked, results), is_optional_filled=True)
    found = [result.text[:QUOTED_MAX] for result in results]
    return {"question": asked.question} | ({"results": found} if found else {})


def _with_results(asked: Subjects, results: list[Result]) -> Subjects:
    """Numbers that tools gave come before those of the question."""
    if not results:
        return asked
    told = find_subjects("\n".join(result.text for result in results))
    return replace(
        asked, numbers=told.numbers + asked.numbers, quoted=(told.question[:QUOTED_MAX],)
    )


def _results(ask: Ask) -> list[Result]:
    return [result for turn in ask.since for result in turn.results]


def _text(ask: Ask, asked: Subjects, scenario: Scenario, chance: random.Random) -> str:
    results = _results(ask)
    if results:
        return _report(ask, asked, results)
    seen = _seen(ask, asked)
    said = _SAY.match(asked.question)
    if said and not seen:
        return str(next(filter(None, said.groups())))
    return seen + scenario.answer(ask.model, asked.question, chance)


def _seen(ask: Ask, asked: Subjects) -> str:
    """What else came with the question."""
    counts = (ask.question.image_count, ask.question.document_count)
    if not any(counts):
        return ""
    if asked.is_chinese:
        names = ("张图片", "份文档")
        parts = [f"{count} {name}" for count, name in zip(counts, names, strict=True) if count]
        return f"收到 {'和 '.join(parts)}。"
    words = ("image", "document")
    parts = [
        f"{count} {word}{'s' if count > 1 else ''}"
        for count, word in zip(counts, words, strict=True)
        if count
    ]
    return f"I see {' and '.join(parts)}. "


def _report(ask: Ask, asked: Subjects, results: list[Result]) -> str:
    """An answer from what the tools gave, each named with its call."""
    calls = {call.id: call for turn in ask.since for call in turn.calls}
    lines = []
    for result in results:
        call = calls.get(result.call_id)
        name = _named(call) if call else ("工具" if asked.is_chinese else "the tool")
        quoted = result.text.strip()
        quoted = quoted if len(quoted) <= QUOTED_MAX else quoted[:QUOTED_MAX] + "…"
        if asked.is_chinese:
            lines.append(f"{name} {'失败' if result.is_error else '的结果'}：{quoted}")
        else:
            lines.append(f"{name} {'failed' if result.is_error else 'says'}: {quoted}")
    if len(lines) == 1:
        return lines[0]
    lead = "结果如下：" if asked.is_chinese else "Here is what I found:"
    return "\n".join((lead, *(f"- {line}" for line in lines)))


def _named(call: Call) -> str:
    """A call in words: the tool, and what it was asked about."""
    about = ", ".join(str(value) for value in call.arguments.values() if isinstance(value, str))
    return f"{call.name} ({about[:80]})" if about else call.name
