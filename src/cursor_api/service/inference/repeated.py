"""Whether an upstream's error repeats what the caller wrote.

Rules of this file:
- What an upstream says of a failure is worth keeping, a caller's own words are not to be kept: not
  in a record, a log or the memory of an endpoint. In doubt the upstream's words go.
- Looking costs a failed request some ms at most; a conversation that would take longer is in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import (
    Document,
    Image,
    LinkedImage,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

# A longer conversation is not searched for the words of an error.
SEARCHED_CHARS_MAX: Final = 1_000_000
# Of so many words in a row, which are those of every error, hardly two texts are alike by chance.
RUN_WORDS: Final = 4
# A text of the caller's that is no longer is looked for as a whole: "hi" is a prompt too.
SHORT_CHARS_MAX: Final = 200
# Shorter words are in every text.
WORD_CHARS_MIN: Final = 4
# Nobody's error has such a word: it is data.
WORD_CHARS_MAX: Final = 40

_WORD: Final = re.compile(r"[^\W_]+")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\[nrt]")
# Of which errors are made: they tell nothing of a conversation.
_COMMON = """
    about above access account allowed also application argument array assistant attempt
    authentication available back bad been before below between body call cannot change
    characters check client code completion content context conversation correct could current
    data developer does duplicate each empty enabled end endpoint entity error exceed exceeded
    exceeds expected failed failure field file first follow following format found from function
    functions gateway given greater have help image images incorrect input instead integer
    internal into invalid items json large last later least length less limit limited limits
    list long longer make many match maximum message messages method minimum missing model
    models more most must name need none null number object only option organization other
    output parameter parameters parse passed please policy project prompt provide provided quota
    range rate reached read reason received reduce refused reload repeat request requested
    requests required response results retry role same schema second seconds server service
    should size some string stream string supported support system take temporarily than that
    their them there these they this through time token tokens tool tools total type unable
    unauthorized unexpected unknown unprocessable unsupported upgrade usage used user using
    valid value values version wait were what when where which will with within without would
    wrong your
"""
COMMON: Final = frozenset(_COMMON.split())


def repeats(said: str, chat: ChatRequest) -> bool:
    """Whether these words of an upstream may be some of the conversation's."""
    words = _words(_ESCAPED.sub(_unescape, said))
    if not words:
        return False
    if max(map(len, words)) > WORD_CHARS_MAX:
        return True
    texts: list[str] = []
    chars_count = 0
    for text in _texts(chat):
        texts.append(text)
        chars_count += len(text)
        if chars_count > SEARCHED_CHARS_MAX:
            return True
    written = " ".join(_words("\n".join(texts)))
    if any(_is_telling(word) and word in written for word in words):
        return True
    runs = zip(*(words[start:] for start in range(RUN_WORDS)), strict=False)
    if any(" ".join(run) in written for run in runs):
        return True
    # Whole words: "hi" is not repeated by "this".
    heard = f" {' '.join(words)} "
    short = (" ".join(_words(text)) for text in texts if len(text) <= SHORT_CHARS_MAX)
    return any(text and f" {text} " in heard for text in short)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _is_telling(word: str) -> bool:
    """Languages without spaces have whole sentences in a word, however short."""
    return word not in COMMON and (len(word) >= WORD_CHARS_MIN or not word.isascii())


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else " "


def _texts(chat: ChatRequest) -> Iterator[str]:
    for message in chat.messages:
        for part in message.all_parts():
            match part:
                case Text() | Thinking():
                    yield part.text
                case ToolUse():
                    yield part.arguments.decode("utf-8", "replace")
                case LinkedImage() | Document():
                    yield part.url
                case Image() | ToolResult():
                    pass
