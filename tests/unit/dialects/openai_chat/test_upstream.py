"""Requests as an upstream that speaks this dialect gets them.

That nothing is lost is in tests/property/test_openai_dialect_requests.py.
"""

from __future__ import annotations

import json
from typing import Any

from cursor_api.dialects.openai_chat.families import family_of
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.dialects.openai_chat.tool_names import write_name
from cursor_api.dialects.openai_chat.upstream import STOP_COUNT_MAX, encode_request
from cursor_api.domain.chat import (
    ChatRequest,
    Choice,
    Effort,
    Native,
    Origin,
    OutputForm,
    Parameters,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.content import (
    CacheMark,
    Message,
    Role,
    Text,
)
from cursor_api.wire import free_text
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.limits import RequestLimits
from tests.steps import LongConversation, finish

OTHER = family_of("theirs")
DECIDED = {"model": "theirs", "stream": True, "stream_options": {"include_usage": True}}


def written(parameters: Parameters, model: str = "theirs") -> Any:
    """The body of a request that came in no dialect."""
    request = ChatRequest("ours", (Message(Role.USER, (Text("Hi"),)),), parameters=parameters)
    return json.loads(finish(encode_request(request, model, family_of(model))))


def test_what_came_in_this_dialect_goes_on_as_it_came() -> None:
    """Unknown fields, numbers and all; only what the gateway decides is written over it."""
    body = (
        b'{"x_new":[1.10, {"a":null}],"model":"ours","seed":12345678901234567890123,'
        b'"messages":[{"role":"user","content":"hi","y":1}],"stream":true,"temperature":"warm"}'
    )
    request = finish(parse_request(body, RequestLimits())).chat
    sent = finish(encode_request(request, "theirs", OTHER))
    assert json.loads(sent) == json.loads(body) | DECIDED
    assert b'"x_new":[1.10, {"a":null}]' in sent


def test_what_goes_on_as_it_came_has_its_parameters_unread() -> None:
    """To read twenty tools takes as long as all the rest of the request."""

    def read() -> Parameters:
        raise AssertionError("its parameters are read")

    body = b'{"model":"ours","messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}'
    for given in (body, b'{"model":"ours","messages":[]}'):
        origin = Origin(native=Native("openai_chat", given))
        request = ChatRequest("ours", (), parameters=read, origin=origin)
        assert json.loads(finish(encode_request(request, "theirs", OTHER)))["model"] == "theirs"


def test_what_is_large_waits_for_its_turn_first() -> None:
    """A first step is taken at once, beside those of others: nothing is done in it."""
    next(encode_request(ChatRequest("ours", LongConversation()), "theirs", OTHER))
    # Nobody has looked at it: it is no JSON.
    native = Native("openai_chat", b"[" * (SLICE_BYTES + 1))
    next(encode_request(ChatRequest("ours", (), origin=Origin(native=native)), "theirs", OTHER))


def test_what_came_in_this_dialect_is_streamed_if_the_callers_is() -> None:
    """An answer in one piece is asked for in one piece, without what is for streams alone."""
    body = b'{"model":"ours","messages":[{"role":"user","content":"hi"}],"stream":false}'
    request = finish(parse_request(body, RequestLimits())).chat
    assert json.loads(finish(encode_request(request, "theirs", OTHER))) == {
        "model": "theirs",
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_an_empty_list_of_tools_is_left_out() -> None:
    """OpenAI refuses it, and a choice without tools; tools that are not known here go on."""
    start = b'{"model":"ours","messages":[{"role":"user","content":"hi"}],"stream":true,"tools":'
    for tools, is_kept in ((b"[ ]", False), (b"null", True), (b'[{"type":"live_search"}]', True)):
        body = start + tools + b',"tool_choice":"auto","parallel_tool_calls":true}'
        request = finish(parse_request(body, RequestLimits())).chat
        sent = json.loads(finish(encode_request(request, "theirs", OTHER)))
        found = {"tools", "tool_choice", "parallel_tool_calls"} & sent.keys()
        assert len(found) == (3 if is_kept else 0)


def test_the_native_form_of_another_dialect_is_not_looked_at() -> None:
    """It is written anew from what it meant."""
    hi = (Message(Role.USER, (Text("hi"),)),)
    request = ChatRequest("ours", hi, origin=Origin(Native("another", b"\xff")))
    assert json.loads(finish(encode_request(request, "theirs", OTHER))) == DECIDED | {
        "messages": [{"role": "user", "content": "hi"}]
    }


def test_a_form_without_a_name_gets_one() -> None:
    """Anthropic's have none, and OpenAI's API takes none without."""
    for name, given in (("", "answer"), ("report", "report")):
        output = OutputForm(b'{"type":"object"}', name)
        sent = written(Parameters(output=output))
        assert sent["response_format"]["json_schema"]["name"] == given


def test_a_budget_for_thinking_goes_on_as_an_effort() -> None:
    """OpenAI's API refuses a number of tokens, as Anthropic's clients give it."""
    for budget, effort in ((0, None), (1024, "low"), (8000, "medium"), (10**9, "high")):
        sent = written(Parameters(reasoning=Reasoning(None, budget)))
        assert (sent.get("reasoning_effort"), "reasoning" in sent) == (effort, False)


SAMPLING = Sampling(0.5, 0.9, 7, 0.1, 0.2, 3, 100, ("END",))


def test_a_server_is_asked_for_nothing_that_it_refuses() -> None:
    """One refuses what another needs: the same request, as several of them get it."""
    asked = Parameters(
        sampling=SAMPLING,
        reasoning=Reasoning(Effort.MAX),
        user="u",
        prompt_cache_key="k",
        verbosity="low",
    )
    drawn = {"temperature": 0.5, "top_p": 0.9, "frequency_penalty": 0.1, "presence_penalty": 0.2}
    mine = {"max_completion_tokens": 100, "seed": 3, "user": "u", "prompt_cache_key": "k"}
    plain = {**drawn, "max_tokens": 100, "seed": 3, "stop": ["END"], "top_k": 7}
    expected = {
        "gpt-4o": {**mine, **drawn, "stop": ["END"]},
        "gpt-5": {**mine, "reasoning_effort": "high", "verbosity": "low"},
        "mistral-large": plain,
        "some-model": {**plain, "reasoning_effort": "high"},
    }
    for model, fields in expected.items():
        sent = written(asked, model)
        del sent["messages"]
        assert sent == DECIDED | {"model": model} | fields


def test_no_more_stop_texts_are_sent_than_are_taken() -> None:
    """The gateway looks for the others."""
    stop = tuple(map(str, range(2 * STOP_COUNT_MAX)))
    sent = written(Parameters(sampling=Sampling(stop=stop)), "gpt-4o")
    assert sent["stop"] == list(stop[:STOP_COUNT_MAX])


def test_a_schema_says_of_which_object_it_is() -> None:
    """OpenAI refuses one without a type, and an object without properties."""
    bare = {"type": "object", "properties": {}}
    other = {"type": "array", "items": {}}
    schemas = {
        "{}": bare,
        '{"type":"object"}': bare,
        '{"type":"object","properties":{"a":{}}}': {"type": "object", "properties": {"a": {}}},
        '{"additionalProperties":false}': {**bare, "additionalProperties": False},
        '{"type":"array","items":{}}': other,
    }
    tools = tuple(Tool("f", "", schema.encode()) for schema in schemas)
    sent = written(Parameters(tools=tools))["tools"]
    assert [tool["function"]["parameters"] for tool in sent] == list(schemas.values())


def test_a_tool_is_marked_for_a_cache_that_there_is() -> None:
    """Claude's; another server refuses the whole request for it."""
    asked = Parameters(tools=(Tool("f", "", b'{"type":"x"}', cache=CacheMark()),))
    (marked,) = written(asked, "claude-opus-5")["tools"]
    assert marked["cache_control"] == {"type": "ephemeral"}
    (plain,) = written(asked)["tools"]
    assert "cache_control" not in plain


def test_a_tool_that_takes_any_text_is_a_function() -> None:
    """Most servers know no other tools."""
    (tool,) = written(Parameters(tools=(Tool("patch", "Patches.", b""),)))["tools"]
    assert tool == {
        "type": "function",
        "function": {
            "name": "patch",
            "description": "Patches.",
            "parameters": json.loads(free_text.SCHEMA),
        },
    }


def test_a_long_name_of_a_tool_is_cut() -> None:
    """Where the tool is described, and where it is asked for."""
    name = "mcp__" + "long" * 20
    choice = ToolChoice(Choice.NAMED, name)
    sent = written(Parameters(tools=(Tool(name, "", b"{}"),), tool_choice=choice))
    assert sent["tools"][0]["function"]["name"] == write_name(name)
    assert sent["tool_choice"]["function"]["name"] == write_name(name)


def test_a_choice_without_tools_is_left_out() -> None:
    """Such as that of a tool which only the caller's own provider has."""
    assert written(Parameters(tool_choice=ToolChoice(Choice.NAMED, "web_search"))) == DECIDED | {
        "messages": [{"role": "user", "content": "Hi"}]
    }


def test_thinking_is_switched_off_where_there_is_a_switch() -> None:
    """An effort of none is no word of such a server's, and it refuses to be forced to a call."""
    forced = ToolChoice(Choice.ANY)
    tools = (Tool("f", "", b"{}"),)
    cases = {
        "disabled": Parameters(reasoning=Reasoning(Effort.NONE)),
        "forced": Parameters(tools, forced, reasoning=Reasoning(Effort.HIGH)),
        "free": Parameters(tools, reasoning=Reasoning(Effort.HIGH)),
        "no tools": Parameters(tool_choice=forced),
    }
    told = {}
    for host in ("api.deepseek.com", "other.example"):
        for name, asked in cases.items():
            hi = ChatRequest("ours", (Message(Role.USER, (Text("Hi"),)),), parameters=asked)
            sent = json.loads(finish(encode_request(hi, "a", family_of("a", host))))
            told[host, name] = sent.get("thinking", sent.get("reasoning_effort"))
    off = {"type": "disabled"}
    assert list(told.values()) == [off, off, "high", None, "none", "high", "high", None]


def test_who_tells_the_usage_unasked_is_not_asked() -> None:
    """Mistral refuses the whole request for it, the caller's own wish as well."""
    family = family_of("mistral-small", "api.mistral.ai")
    body = (
        b'{"model":"ours","messages":[{"role":"user","content":"Hi"}],"stream":true,'
        b'"stream_options":{"include_usage":true}}'
    )
    request = finish(parse_request(body, RequestLimits())).chat
    hi = ChatRequest("ours", (Message(Role.USER, (Text("Hi"),)),))
    for asked in (request, hi):
        assert json.loads(finish(encode_request(asked, "a", family))) == {
            "model": "a",
            "stream": True,
            "messages": [{"role": "user", "content": "Hi"}],
        }
