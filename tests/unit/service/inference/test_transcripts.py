"""What is said in requests, where the operator wants to read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from cursor_api.domain.caller import Caller
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.content import (
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
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.record_content import (
    ANSWER_LENGTH_MAX,
    PART_LENGTH_MAX,
    PROMPT_LENGTH_MAX,
    RecordContent,
    Said,
    SaidKind,
    Transcript,
)
from cursor_api.service.inference.transcripts import MARGIN, PARTS_MAX, Taking, Transcripts

SECRET = "sk-" + "s" * 40
END = Finished(FinishReason.STOP)


class House:
    """Transcripts, and what came of them."""

    def __init__(self) -> None:
        self.kept: list[Transcript] = []
        self.transcripts = Transcripts(self.kept.append, lambda text: text.replace(SECRET, "***"))
        self.transcripts.is_on = True

    def begin(self, *messages: Message) -> Taking:
        """A request that says this."""
        chat = ChatRequest("gpt-4o", messages or (user("Hi"),))
        taking = self.transcripts.begin(Incoming("id-1", chat, Caller("anna")))
        assert taking is not None
        return taking

    async def answer(self, *batches: Sequence[Delta]) -> RecordContent:
        """What is kept of this answer."""
        taking = self.begin()

        async def rest() -> AsyncIterator[Sequence[Delta]]:
            for batch in batches[1:]:
                yield batch

        passed = [one async for one in taking.listen(batches[0], rest())]
        assert passed == list(batches[1:])
        taking.end()
        (one,) = self.kept
        return one.content()


def user(*parts: str | Part) -> Message:
    """A turn of the user's."""
    return Message(Role.USER, tuple(Text(one) if isinstance(one, str) else one for one in parts))


def test_nothing_is_taken_unless_it_is_wanted() -> None:
    """Which is how it is without a word of the operator's."""
    transcripts = Transcripts(lambda _: None, str)
    chat = ChatRequest("gpt-4o", (user("Hi"),))
    assert transcripts.begin(Incoming("id-1", chat, Caller("anna"))) is None


def test_a_prompt_is_taken_in_its_order() -> None:
    """Texts that follow each other are one; of what is no text its kind is told."""
    picture = Image(b"12345", "image/png")
    document = Document("application/pdf", "AA==", name="a.pdf")
    result = ToolResult("c", (Text("20"), Text(" °C"), picture, document))
    messages = (
        Message(Role.SYSTEM, (Text("Be brief."),)),
        user("Look", ": ", picture, LinkedImage("https://example.org/a.png"), "What is it?"),
        user(document),
        Message(
            Role.ASSISTANT,
            (
                Thinking("Hm."),
                Thinking("sealed", is_redacted=True),
                ToolUse("c", "look", b'{"a":1}'),
            ),
        ),
        user(result),
    )
    content = House().begin(*messages).content()
    assert content.prompt == (
        Said("system", SaidKind.TEXT, "Be brief."),
        Said("user", SaidKind.TEXT, "Look: "),
        Said("user", SaidKind.IMAGE, "image/png, 5 bytes"),
        Said("user", SaidKind.IMAGE, "https://example.org/a.png"),
        Said("user", SaidKind.TEXT, "What is it?"),
        Said("user", SaidKind.TEXT, "[document a.pdf]"),
        Said("assistant", SaidKind.THINKING, "Hm."),
        Said("assistant", SaidKind.THINKING, ""),
        Said("assistant", SaidKind.TOOL_CALL, 'look {"a":1}'),
        Said("user", SaidKind.TOOL_RESULT, "20 °C[image/png, 5 bytes][document a.pdf]"),
    )
    assert (content.id, content.answer, content.is_cut) == ("id-1", (), False)


async def test_an_answer_is_taken_as_it_passes() -> None:
    """Pieces that belong together are one part, those of calls at once too."""
    content = await House().answer(
        [ReasoningDelta("Hm"), ReasoningDelta("m.")],
        [TextDelta("A "), TextDelta("cat.")],
        [ToolCallBegun(0, "c0", "look"), ToolCallBegun(1, "c1", "feel")],
        [ToolArgumentsDelta(0, '{"a"'), ToolArgumentsDelta(1, "{}"), ToolArgumentsDelta(0, ":1}")],
        [RefusalDelta("No."), END],
    )
    assert content.answer == (
        Said("assistant", SaidKind.THINKING, "Hmm."),
        Said("assistant", SaidKind.TEXT, "A cat."),
        Said("assistant", SaidKind.TOOL_CALL, 'look {"a":1}'),
        Said("assistant", SaidKind.TOOL_CALL, "feel {}"),
        Said("assistant", SaidKind.REFUSAL, "No."),
    )
    assert not content.is_cut


async def test_secrets_are_masked() -> None:
    """Also one that came in pieces."""
    content = await House().answer([TextDelta(f"It is {SECRET[:9]}")], [TextDelta(SECRET[9:])])
    assert content.answer[0].text == "It is ***"
    (said,) = House().begin(user("Keep ", SECRET)).content().prompt
    assert said.text == "Keep ***"


async def test_a_secret_where_a_text_is_cut_does_not_show() -> None:
    """Neither on the edge of what is kept nor on that of what is taken."""
    masked = SECRET * 500
    for length in (PART_LENGTH_MAX - 10, PART_LENGTH_MAX + MARGIN - 10 - len(masked)):
        text = masked * (length < PART_LENGTH_MAX - 10) + "x" * length + SECRET + "y" * 9000
        content = House().begin(user(text)).content()
        assert "sk-" not in content.prompt[0].text
        assert content.is_cut
        answer = (await House().answer([TextDelta(text)])).answer
        assert "sk-" not in answer[0].text


def test_the_last_parts_of_a_long_prompt_are_kept() -> None:
    """And the beginning of each that is too long."""
    messages = [user(f"{number} " + "x" * PART_LENGTH_MAX * 2) for number in range(9)]
    taking = House().begin(*messages, user("the question"))
    content = taking.content()
    assert [one.text[:2] for one in content.prompt] == ["7 ", "8 ", "th"]
    assert sum(len(one.text) for one in content.prompt) <= PROMPT_LENGTH_MAX
    assert content.prompt[1].text.endswith("x…")
    assert content.is_cut
    assert taking.length < 4 * (PART_LENGTH_MAX + MARGIN)


async def test_the_first_parts_of_a_long_answer_are_kept() -> None:
    """However many it has, and however long it goes on."""
    house = House()
    long: list[list[Delta]] = [[TextDelta("x" * 1000)] for _ in range(30)]
    more: list[list[Delta]] = [
        [ToolCallBegun(n, "c", f"call-{n}"), ToolArgumentsDelta(n, "y" * 5000)] for n in range(9)
    ]
    content = await house.answer(*long, *more)
    assert content.answer[0].text == "x" * (PART_LENGTH_MAX - 1) + "…"
    assert [one.text.split()[0] for one in content.answer[1:]] == [
        "call-0",
        "call-1",
        "call-2",
    ]
    assert sum(len(one.text) for one in content.answer) <= ANSWER_LENGTH_MAX
    assert content.is_cut
    assert house.kept[0].length < 4 * (PART_LENGTH_MAX + MARGIN)
    short: list[list[Delta]] = [[TextDelta("a"), ReasoningDelta("b")] for _ in range(PARTS_MAX)]
    content = await House().answer(*short)
    assert (len(content.answer), content.is_cut) == (PARTS_MAX, True)
