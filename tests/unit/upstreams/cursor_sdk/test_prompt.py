"""Messages as the text of a Send."""

from __future__ import annotations

import msgspec
import pytest

from cursor_api.domain.chat import Choice, ToolChoice
from cursor_api.domain.content import (
    Document,
    Image,
    Message,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.value import replace
from cursor_api.upstreams.cursor_sdk.prompt import (
    GO_ON,
    STEP_CHARS,
    encode_images,
    encode_text,
    write_prompt,
    write_turn,
)
from tests.sdk_stage import user
from tests.steps import LongConversation, count_steps, finish

SYSTEM = Message(Role.SYSTEM, (Text("Be brief."),))
CALL = ToolUse("call_1", "f", b'{"a":1}')
ANSWER = Message(Role.ASSISTANT, (Thinking("hm"), Text("Wait."), CALL))
RESULT = Message(Role.USER, (ToolResult("call_1", (Text("no"),), is_error=True),))
PNG = Image(b"\x89PNG", "image/png", 3, 2)
PAST = """\
<conversation>
<user>
Hi
</user>
<assistant>
Wait.
<tool_call name="f">
{"a":1}
</tool_call>
</assistant>
"""


def test_a_long_text_is_written_in_steps() -> None:
    """As it would be in one go, whatever stands where it is cut."""
    for text in ("", "Hi", 'a"\n😀' * STEP_CHARS):
        written, count = count_steps(encode_text(text))
        assert msgspec.json.decode(written) == text
        assert count > len(text) // STEP_CHARS
    with pytest.raises(UnicodeEncodeError):
        finish(encode_text("\ud800"))


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([user("Hi")], "Hi"),
        ([SYSTEM, user("Hi"), SYSTEM, user("you")], "Be brief.\n\nBe brief.\n\nHi\n\nyou"),
        ([user("Hi"), ANSWER, user("So?")], f"{PAST}</conversation>\n\nSo?"),
        (
            [user("Hi"), ANSWER, RESULT],
            f'{PAST}<user>\n<tool_result name="f" failed="true">\nno\n</tool_result>\n\n</user>\n'
            f"</conversation>\n\n{GO_ON}",
        ),
        ([user("Hi"), ANSWER], f"{PAST}</conversation>\n\n{GO_ON}"),
    ],
)
def test_an_agent_is_told_everything(messages: list[Message], text: str) -> None:
    """What the system says, what was said, what is asked; thoughts are nobody else's."""
    assert finish(write_prompt(messages)).text == text


def test_one_that_knows_is_told_what_is_new() -> None:
    """With the images where they stand."""
    seen = (Text("See "), PNG, Document("application/pdf", "AA==", name="a.pdf"))
    prompt = finish(write_turn([Message(Role.USER, seen), user("and?")]))
    assert (prompt.text, prompt.images) == ("See [image 1][document a.pdf]\n\nand?", (PNG,))
    (image,) = finish(encode_images([replace(PNG, width=0)]))
    assert image == {"data": {"data": "iVBORw==", "mimeType": "image/png"}}


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (ToolChoice(Choice.AUTO), ""),
        (ToolChoice(Choice.ANY), "must call one of the tools"),
        (ToolChoice(Choice.NAMED, "f"), "must call the tool `f`"),
    ],
)
def test_a_demand_for_tools_stands_at_the_end(choice: ToolChoice, words: str) -> None:
    """In words, as there is no switch for it."""
    text = finish(write_prompt([user("Hi")], choice)).text
    assert text == "Hi" if not words else words in text.partition("Hi\n\n")[2]


def test_megabytes_are_written_in_steps() -> None:
    """Others have their turn after each."""
    large = user("x" * STEP_CHARS)
    assert sum(1 for _ in write_prompt([large, large])) == 2


def test_a_long_conversation_waits_for_its_turn_first() -> None:
    """A first step is taken at once, beside those of others."""
    next(write_prompt(LongConversation()))
