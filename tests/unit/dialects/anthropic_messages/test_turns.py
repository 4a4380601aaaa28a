"""Messages as turns: who speaks, in which order, and what is left out."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from cursor_api.dialects.anthropic_messages.turns import (
    BLOCK_CHARS,
    NO_QUESTION,
    STEP_MESSAGES,
    write_turns,
)
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

_T = TypeVar("_T")
USER, ASSISTANT, SYSTEM = Role.USER, Role.ASSISTANT, Role.SYSTEM


def run(steps: Generator[None, None, _T]) -> tuple[_T, int]:
    """What work returns, and in how many steps."""
    count = 1
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value, count
        count += 1


def write(
    *messages: tuple[Role, str | tuple[Part, ...]], has_system_turns: bool = False
) -> tuple[list[Any], list[tuple[str, list[Any]]]]:
    """The system prompt and the turns of these messages."""
    made = []
    for role, said in messages:
        made.append(Message(role, (Text(said),) if isinstance(said, str) else said))
    written, _ = run(write_turns(tuple(made), has_system_turns=has_system_turns))
    return written.system, [(turn.role.value, turn.content) for turn in written.turns]


def text(said: str, **more: Any) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": said, **more}


def test_turns_alternate() -> None:
    """What one side says in several messages is one turn; texts that follow each other are one."""
    _, turns = write(
        (USER, (Text("a"), Text("b"))),
        (USER, "c"),
        (ASSISTANT, "d"),
        (ASSISTANT, "e"),
        (USER, "f"),
    )
    assert turns == [
        ("user", [text("ab"), text("c")]),
        ("assistant", [text("d"), text("e")]),
        ("user", [text("f")]),
    ]


def test_calls_and_results_are_paired_and_results_come_first() -> None:
    """Whatever the caller says beside them."""
    image = Image(b"\x89PNG", "image/png", cache=CacheMark())
    _, turns = write(
        (USER, "go"),
        (
            ASSISTANT,
            (
                Thinking("hm", "sig"),
                Text("I look."),
                ToolUse("call:1", "look", b'{"x": 1.50}'),
                ToolUse("", "wait", b" "),
                ToolUse("t_3", "free", b"any text"),
            ),
        ),
        (USER, (Text("by the way"), ToolResult("call:1", (Text("saw"), image)))),
        (USER, (ToolResult("", (), is_error=True),)),
        (USER, (ToolResult("t_3", (Text("done"),), cache=CacheMark(3600)),)),
    )
    calling, answering = turns[1][1], turns[2][1]
    assert [one["type"] for one in calling] == ["thinking", "text", *["tool_use"] * 3]
    assert calling[0] == {"type": "thinking", "thinking": "hm", "signature": "sig"}
    assert [one["id"] for one in calling[2:]] == ["toolu_made_1", "toolu_made_2", "t_3"]
    assert bytes(calling[2]["input"]) == b'{"x": 1.50}'
    assert [one["input"] for one in calling[3:]] == [{}, {"input": "any text"}]
    source = {"type": "base64", "media_type": "image/png", "data": b"\x89PNG"}
    ephemeral = {"type": "ephemeral"}
    assert answering == [
        {
            "type": "tool_result",
            "tool_use_id": "toolu_made_1",
            "content": [
                text("saw"),
                {"type": "image", "source": source, "cache_control": ephemeral},
            ],
        },
        {"type": "tool_result", "tool_use_id": "toolu_made_2", "is_error": True},
        {
            "type": "tool_result",
            "tool_use_id": "t_3",
            "content": [text("done")],
            "cache_control": ephemeral | {"ttl": "1h"},
        },
        text("by the way"),
    ]


def test_a_later_system_message_keeps_its_place() -> None:
    """As a turn where the model takes one there, else in the user's words."""
    messages: list[tuple[Role, str]] = [
        *((SYSTEM, "Be kind."), (SYSTEM, "Be short."), (USER, "a"), (SYSTEM, "Now rude.")),
        *((ASSISTANT, "b"), (SYSTEM, "Odd."), (USER, "c"), (SYSTEM, "Last.")),
    ]
    told = [text("<system>"), text("Now rude."), text("</system>")]
    odd = [text("<system>"), text("Odd."), text("</system>")]
    last = [text("<system>"), text("Last."), text("</system>")]
    system, turns = write(*messages)
    assert system == [text("Be kind."), text("Be short.")]
    assert turns == [
        ("user", [text("a"), *told]),
        ("assistant", [text("b")]),
        ("user", [*odd, text("c"), *last]),
    ]
    _, turns = write(*messages, has_system_turns=True)
    assert turns == [
        ("user", [text("a")]),
        ("system", [text("Now rude.")]),
        ("assistant", [text("b")]),
        ("user", [*odd, text("c")]),
        ("system", [text("Last.")]),
    ]


def test_thinking_goes_back_only_with_what_proves_it() -> None:
    """In the pieces in which it came, as one block; a sealed one as it is."""
    _, turns = write(
        (USER, "a"),
        (
            ASSISTANT,
            (
                *(Thinking("lost"), Text("x"), Thinking("long "), Thinking("thought", "s")),
                *(Thinking("sealed", is_redacted=True), Thinking("unsigned"), Thinking("", "only")),
            ),
        ),
    )
    assert turns[1][1] == [
        text("x"),
        {"type": "thinking", "thinking": "long thought", "signature": "s"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "thinking", "thinking": "unsigned", "signature": "only"},
    ]


def test_texts_that_say_nothing_are_left_out() -> None:
    """The API refuses them; so it does a conversation without a question."""
    _, turns = write((USER, " \n"), (USER, "a"), (ASSISTANT, ()), (USER, (Text(""), Text("b"))))
    assert turns == [("user", [text("a"), text("b")])]
    assert write((SYSTEM, "Only this.")) == ([], [("user", [text("Only this.")])])
    assert write((USER, "")) == ([], [("user", [text(NO_QUESTION)])])
    assert write((ASSISTANT, "Hello!"), (USER, "hi"))[1][0] == ("user", [text(NO_QUESTION)])
    # A mark on nothing belongs to what stands before.
    marked = (Image(b"x", "image/png"), Text("", CacheMark()))
    assert write((USER, marked))[1][0][1][0]["cache_control"] == {"type": "ephemeral"}


def test_long_texts_are_several_blocks_and_long_conversations_several_steps() -> None:
    """So that nobody is held up by somebody's megabytes."""
    piece = "x" * (BLOCK_CHARS // 2)
    _, turns = write((USER, tuple([Text(piece)] * 5)))
    assert [len(block["text"]) for block in turns[0][1]] == [BLOCK_CHARS, BLOCK_CHARS, len(piece)]
    many = [Message(USER, (Text("a"),))] * (3 * STEP_MESSAGES)
    written, count = run(write_turns(many, has_system_turns=False))
    assert count == 4
    assert len(written.turns[0].blocks) == 3 * STEP_MESSAGES


def test_a_document_goes_on_as_one() -> None:
    """Inline or by its address, with its name, in a question and in a result."""
    inline = Document("application/pdf", "AA==", name="a.pdf", cache=CacheMark())
    link = Document("application/pdf", url="https://a/b.pdf")
    blocks = [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            "title": "a.pdf",
            "cache_control": {"type": "ephemeral"},
        },
        {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}},
    ]
    call = (ASSISTANT, (ToolUse("t", "f", b""),))
    _, turns = write((USER, (inline,)), call, (USER, (ToolResult("t", (link,)),)))
    assert turns[0] == ("user", blocks[:1])
    assert turns[2][1][0]["content"] == blocks[1:]


def test_an_image_by_its_address_goes_on_as_one() -> None:
    """In a question and in a tool's result."""
    link = LinkedImage("https://example.test/a.png")
    source = {"type": "image", "source": {"type": "url", "url": link.url}}
    _, turns = write((USER, (link,)), (ASSISTANT, (ToolUse("t", "f", b""),)))
    assert turns[0] == ("user", [source])
    _, turns = write(
        (USER, "go"), (ASSISTANT, (ToolUse("t", "f", b""),)), (USER, (ToolResult("t", (link,)),))
    )
    assert turns[2][1][0]["content"] == [source]
