"""Conversations as servers of this dialect get them, the strict ones too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.openai_chat import turns
from cursor_api.dialects.openai_chat.families import Family
from cursor_api.dialects.openai_chat.tool_names import write_name
from cursor_api.dialects.openai_chat.turns import DOCUMENT_FOLLOWS, IMAGES_FOLLOW, write_messages
from cursor_api.domain.content import (
    CacheMark,
    Document,
    Image,
    LinkedImage,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.value import replace

STRICT = Family()
OPENAI = Family(is_openai=True, thoughts="")
CLAUDE = Family(has_cache_marks=True)
IMAGE = Image(b"hi", "image/png")
IMAGE_PART: dict[str, Any] = {
    "type": "image_url",
    "image_url": {"url": "data:image/png;base64,aGk="},
}
MARK = CacheMark()


def written(*messages: Message, family: Family = STRICT) -> Any:
    """What they become, as JSON has it."""
    return json.loads(json.dumps(list(write_messages(messages, family))))


def messages_of(role: Role, *parts: Part, family: Family = STRICT) -> Any:
    """What one message of these parts becomes."""
    return written(Message(role, parts), family=family)


def user(text: str) -> Message:
    """What the user says."""
    return Message(Role.USER, (Text(text),))


def system(*texts: str) -> Message:
    """What the operator says."""
    return Message(Role.SYSTEM, tuple(map(Text, texts)))


def test_an_assistant_s_parts_become_one_message() -> None:
    """Reasoning, what was said, and the calls beside it; a seal has no place here."""
    parts = (
        Thinking("hm", "signature"),
        Thinking("sealed", is_redacted=True),
        Text("I look."),
        ToolUse("c1", "ls", b'{"p":"\xc3\xa9"}'),
    )
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "ls", "arguments": '{"p":"é"}'},
    }
    said = {"role": "assistant", "content": "I look.", "tool_calls": [call]}
    assert messages_of(Role.ASSISTANT, *parts) == [{**said, "reasoning_content": "hm"}]
    assert messages_of(Role.ASSISTANT, *parts, family=Family(thoughts="reasoning")) == [
        {**said, "reasoning": "hm"}
    ]
    assert messages_of(Role.ASSISTANT, *parts, family=OPENAI) == [said]
    (call_only,) = messages_of(Role.ASSISTANT, ToolUse("c1", "ls", b"{}"))
    assert call_only["content"] is None


@pytest.mark.parametrize("family", [STRICT, OPENAI, Family(has_short_call_ids=True)])
def test_a_call_and_its_result_have_one_id(family: Family) -> None:
    """Whatever becomes of it."""
    id_ = "toolu_" + "x" * 64
    (call,) = messages_of(Role.ASSISTANT, ToolUse(id_, "ls", b"{}"), family=family)
    (result,) = messages_of(Role.USER, ToolResult(id_, (Text("a"),)), family=family)
    assert call["tool_calls"][0]["id"] == result["tool_call_id"] != id_


def test_a_signature_that_is_owed_stands_with_the_first_call() -> None:
    """The server's own word for calls that came without one."""
    calls = [ToolUse(f"c{number}", "ls", b"{}") for number in range(2)]
    family = Family(owes_signature=True)
    (said,) = messages_of(Role.ASSISTANT, *calls, family=family)
    word = {"google": {"thought_signature": "skip_thought_signature_validator"}}
    assert [call.get("extra_content") for call in said["tool_calls"]] == [word, None]
    (plain,) = messages_of(Role.ASSISTANT, *calls)
    assert "extra_content" not in json.dumps(plain)


def test_a_document_is_a_file_at_openai() -> None:
    """Elsewhere it was said in an earlier turn, and is mentioned."""
    inline, link = Document("application/pdf", "AA=="), Document("application/pdf", url="https://a")
    data = "data:application/pdf;base64,AA=="
    (mine,) = messages_of(Role.USER, inline, replace(link, name="b.pdf"), family=OPENAI)
    assert mine["content"] == [
        {"type": "file", "file": {"filename": "document.pdf", "file_data": data}},
        {"type": "text", "text": "[document b.pdf]"},
    ]
    (other,) = messages_of(Role.USER, inline, Text("a"), link)
    assert other["content"] == "[document application/pdf]\na\n[document https://a]"
    (told,) = messages_of(Role.USER, ToolResult("c", (inline,)))
    assert told["content"] == "[document application/pdf]"
    result, file = messages_of(Role.USER, ToolResult("c", (inline,)), family=OPENAI)
    assert (result["content"], file["content"]) == (DOCUMENT_FOLLOWS, mine["content"][:1])


def test_the_detail_of_an_image_is_for_openai() -> None:
    """Another server may refuse it, and means nothing by it."""
    image = replace(IMAGE, detail="low")
    (mine,) = messages_of(Role.USER, image, family=OPENAI)
    assert mine["content"] == [
        {"type": "image_url", "image_url": {**IMAGE_PART["image_url"], "detail": "low"}}
    ]
    (other,) = messages_of(Role.USER, LinkedImage("https://a", detail="low"))
    assert other["content"][0]["image_url"] == {"url": "https://a"}


def test_thoughts_that_are_owed_stand_with_every_call() -> None:
    """Their server refuses calls without; an empty text counts as none."""
    family = Family(owes_thoughts=True)
    call = ToolUse("c", "f", b"{}")
    given: list[tuple[Part, ...]] = [
        (call,),
        (Thinking("hm"), call),
        (Thinking("", "a seal"), call),
    ]
    said = [messages_of(Role.ASSISTANT, *parts, family=family)[0] for parts in given]
    assert [one["reasoning_content"] for one in said] == [" ", "hm", " "]
    (text,) = messages_of(Role.ASSISTANT, Text("ho"), family=family)
    assert "reasoning_content" not in text


def test_a_refusal_is_one_where_there_are_such() -> None:
    """Elsewhere it is what the model said."""
    refusal = Text("No.", is_refusal=True)
    (refused,) = messages_of(Role.ASSISTANT, refusal, family=OPENAI)
    assert refused["content"] == [{"type": "refusal", "refusal": "No."}]
    (said,) = messages_of(Role.ASSISTANT, refusal)
    assert said["content"] == "No."


def test_nothing_but_text_is_one_string() -> None:
    """In every role, for many servers take no parts; two texts are two lines."""
    parts = (Text("a\n", MARK), Text("b"), Text("c"), Text(" d"))
    for role in (Role.SYSTEM, Role.USER):
        (said,) = messages_of(role, *parts)
        assert said["content"] == "a\nb\nc d"
    # The model's own words go on where they were cut.
    (said,) = messages_of(Role.ASSISTANT, *parts)
    assert said["content"] == "a\nbc d"
    (shown,) = messages_of(Role.USER, Text("a"), Text("b"), IMAGE, Text("c"))
    text = [{"type": "text", "text": "a\nb"}, IMAGE_PART, {"type": "text", "text": "c"}]
    assert shown["content"] == text


def test_openai_takes_texts_as_they_are() -> None:
    """Each is a part; one alone is a string everywhere."""
    (said,) = messages_of(Role.USER, Text("a"), Text("b", MARK), family=OPENAI)
    assert said["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    (one,) = messages_of(Role.USER, Text("a"), family=OPENAI)
    assert one["content"] == "a"


@pytest.mark.parametrize("family", [STRICT, OPENAI])
def test_no_content_is_an_empty_text(family: Family) -> None:
    """Null is refused."""
    for role in (Role.SYSTEM, Role.USER):
        (empty,) = messages_of(role, family=family)
        assert empty["content"] == ""


def test_an_image_may_be_named_by_its_address() -> None:
    """A server fetches it."""
    link = LinkedImage("https://example.test/a.png")
    (linked,) = messages_of(Role.USER, link)
    assert linked["content"] == [{"type": "image_url", "image_url": {"url": link.url}}]


def test_who_said_nothing_has_no_message() -> None:
    """An assistant's message without content is refused."""
    assert messages_of(Role.ASSISTANT) == []
    assert messages_of(Role.ASSISTANT, Thinking("x", is_redacted=True)) == []
    assert messages_of(Role.ASSISTANT, Thinking("hm"), family=OPENAI) == []
    assert messages_of(Role.ASSISTANT, Thinking("", "a seal")) == []
    (thought,) = messages_of(Role.ASSISTANT, Thinking("hm"))
    assert thought == {"role": "assistant", "content": "", "reasoning_content": "hm"}


def test_a_long_text_stays_in_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """To write it in one go would hold everybody up, and a piece may end within a word."""
    monkeypatch.setattr(turns, "TEXT_CHARS_MAX", 3)
    monkeypatch.setattr(turns, "WHOLE_CHARS_MAX", 1)
    (said,) = messages_of(Role.USER, Text("ab"), Text("cd"), Text("e"))
    assert [part["text"] for part in said["content"]] == ["abcd", "e"]


def test_results_are_messages_of_their_own() -> None:
    """In front of what else the user said with them; a failure is told in words."""
    parts = (
        ToolResult("c1", (Text("a.py"), Text("b.py"))),
        Text("And now?"),
        ToolResult("c2", (Text("gone"),), is_error=True),
        ToolResult("c3", ()),
    )
    assert messages_of(Role.USER, *parts) == [
        {"role": "tool", "tool_call_id": "c1", "content": "a.py\nb.py"},
        {"role": "tool", "tool_call_id": "c2", "content": "Error: gone"},
        {"role": "tool", "tool_call_id": "c3", "content": ""},
        {"role": "user", "content": "And now?"},
    ]


@pytest.mark.parametrize("family", [STRICT, OPENAI])
def test_an_image_of_a_result_follows_all_results(family: Family) -> None:
    """A result is text alone, and nothing may stand between the results of one answer's calls."""
    parts = (
        ToolResult("c1", (IMAGE,)),
        ToolResult("c2", (Text("seen"), IMAGE)),
        Text("What is it?"),
    )
    assert messages_of(Role.USER, *parts, family=family) == [
        {"role": "tool", "tool_call_id": "c1", "content": IMAGES_FOLLOW},
        {"role": "tool", "tool_call_id": "c2", "content": "seen"},
        {
            "role": "user",
            "content": [IMAGE_PART, IMAGE_PART, {"type": "text", "text": "What is it?"}],
        },
    ]


def test_there_is_one_system_message_in_front() -> None:
    """Templates of open models refuse another; a later one keeps its place in the user's turn."""
    said = (
        *(system("a", "b"), system("c"), user("hi"), system("now")),
        *(Message(Role.ASSISTANT, (Text("ho"),)), system("d"), system("e"), user("on")),
    )
    assert written(*said) == [
        {"role": "system", "content": "a\nb\n\nc"},
        {"role": "user", "content": "hi\n\n<system>\nnow\n</system>"},
        {"role": "assistant", "content": "ho"},
        {
            "role": "user",
            "content": "<system>\nd\n</system>\n\n<system>\ne\n</system>\n\non",
        },
    ]
    result = Message(Role.USER, (ToolResult("c", (Text("r"),)),))
    assert written(user("hi"), result, system("now")) == [
        {"role": "tool", "tool_call_id": "c", "content": "r"},
        {"role": "user", "content": "hi\n\n<system>\nnow\n</system>"},
    ]


def test_openai_takes_system_messages_where_they_stand() -> None:
    """Nothing is moved."""
    said = (system("a"), system("b"), user("hi"), system("now"), user("on"))
    assert written(*said, family=OPENAI) == [
        {"role": message.role.value, "content": message.text} for message in said
    ]


def test_cache_marks_stand_where_they_were_put() -> None:
    """On a part, a call and a result, with the time to live where it has a word."""
    hour = CacheMark(3600)
    (said,) = messages_of(Role.SYSTEM, Text("a"), Text("b", MARK), Text("c"), family=CLAUDE)
    assert said["content"] == [
        {"type": "text", "text": "a\nb", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "c"},
    ]
    called = Message(Role.ASSISTANT, (ToolUse("c", "f", b"", hour),))
    (call,) = written(called, family=CLAUDE)
    assert call["tool_calls"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    answered = Message(Role.USER, (ToolResult("c", (), cache=CacheMark(77)),))
    (result,) = written(answered, family=CLAUDE)
    assert result["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in json.dumps(written(called, answered))


def test_arguments_of_a_call_are_an_object() -> None:
    """Servers read them, and fail at what a broken-off answer or a tool for any text has there."""
    given = {b'{"a": 1}': '{"a": 1}', b"": "{}", b" ": "{}", b"*** patch": '{"input":"*** patch"}'}
    for arguments, expected in given.items():
        (said,) = messages_of(Role.ASSISTANT, ToolUse("c", "f", arguments))
        assert said["tool_calls"][0]["function"]["arguments"] == expected


def test_a_long_name_of_a_tool_is_cut() -> None:
    """In a call as in the list of tools."""
    name = "mcp__" + "long" * 20
    (said,) = messages_of(Role.ASSISTANT, ToolUse("c", name, b"{}"))
    assert said["tool_calls"][0]["function"]["name"] == write_name(name)
