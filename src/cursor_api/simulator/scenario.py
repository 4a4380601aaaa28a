"""What the simulator says: a few texts worth reading, chosen by a word of the question.

Texts are cut into pieces as the real traces are: 1 to 6 characters, or about 20 bytes for Claude.
A piece is whole characters, so no character is split between two frames.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTE_CHARACTERS_MAX = 300
PIECE_CHARACTERS_MAX = 6
LONG_PIECE_BYTES = range(12, 29)
LONG_PARAGRAPH_COUNT = 40

CODE = '''Here is a small function, and how to call it:

```python
def moving_average(values, width):
    """Yield the mean of each window of `width` values."""
    if width < 1:
        raise ValueError("width must be at least 1")
    total = 0.0
    for index, value in enumerate(values):
        total += value
        if index >= width:
            total -= values[index - width]
        if index >= width - 1:
            yield total / width


if __name__ == "__main__":
    for mean in moving_average([1, 2, 3, 4, 5], width=2):
        print(f"{mean:.1f}")
```

A `Makefile` needs real tabs, so here is one too:

```make
run:
\tpython moving_average.py
```

It keeps one running total, so its cost does not depend on the width.
'''

MARKDOWN = """# A page of Markdown

Everything a renderer should manage, in one answer.

## Lists

1. First, a numbered item
   - with a nested bullet,
   - and another with `code` in it.
2. Second, one with **bold**, *italic* and ~~struck out~~ words.

- [x] a task that is done
- [ ] a task that is not

## A table

| Model family | Pieces per answer | Thinks first |
|:-------------|------------------:|:------------:|
| GPT          |               100 |      no      |
| Claude       |               930 |     yes      |

## A quotation

> A stream that ends without its last frame is not an answer.
>
> > Not even when it looks like one.

A [link](https://example.com/a_page?with=query&and=more), a line break\\
and some arithmetic: 3 < 5 && 5 > 3.

---

The end.
"""

CHINESE = """你好！我是模拟器，代替真正的上游来回答你。

这里没有账号，也没有网络：所有文字都来自一个小小的合集。不过传输的方式是真的：

1. 每个汉字都是完整的，不会被切成两半；
2. 标点用全角——“引号”、《书名号》、省略号……一个都不能少；
3. 生僻字也要能显示：龘、𠮷、㐂。

```python
def 问候(名字: str) -> str:
    return f"你好，{名字}！"
```

床前明月光，疑是地上霜。
举头望明月，低头思故乡。
"""

EMOJI = """Of course! 🎉

- faces: 😀 😅 🤔 🥳
- people, joined from several characters: 👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈
- hands in several skin tones: 👍🏻 👍🏽 👍🏿
- flags made of two letters: 🇫🇷 🇯🇵 🇧🇷
- keycaps: 1️⃣ 2️⃣ 3️⃣

If all of them arrived whole, so did every byte. ✅
"""

_LONG_SENTENCES = (
    "A river does not hurry, and yet it has carried whole mountains to the sea.",
    "The keeper of the lighthouse wrote down the weather every evening, whether it changed or not.",
    "Bread needs flour, water, salt and time; most failures are failures of time.",
    "When the snow melted, the old road came to light, with its stones still in order.",
    "She tuned the piano by listening for the beats between two notes to slow down and stop.",
    "A good map leaves out almost everything, and so shows the way.",
    "The clockmaker said that friction is not the enemy of a clock but the reason it ticks.",
    "Bees find their way back by the sun, and on cloudy days by the polarised sky.",
    "Every bridge is a conversation between what is carried and what carries.",
    "In the library the quietest shelf held the loudest arguments.",
)

_THOUGHTS = (
    "The person asks something. I am a simulator, so I shall not pretend to know.\n"
    "I could look at a few words of the question and choose a text that fits.\n"
    "That is honest, quick, and the same every time for the same seed."
)

# ASCII, so a character is a byte.
_FILLER_WORDS = tuple(
    re.findall(r"\S+ ", "This sentence is here to be long; it says no more, and says it again. ")
)

_HAN = re.compile(r"[\u3400-\u9fff]")


# The first row whose pattern is found in the question decides; no row, the friendly default.
_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"中文|\bchinese\b", re.IGNORECASE), CHINESE),
    (re.compile(r"\bmarkdown\b", re.IGNORECASE), MARKDOWN),
    (re.compile(r"\bemoji\b|表情", re.IGNORECASE), EMOJI),
    (re.compile(r"\bcode\b|代码", re.IGNORECASE), CODE),
)
_LONG = re.compile(r"\blong\b|很长|长文", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What to say. `text` answers every question with itself; None chooses by the question."""

    text: str | None = None
    thoughts: str = _THOUGHTS

    def answer(self, model: str, question: str, chance: random.Random) -> str:
        """The whole answer to a question; empty only where `text` is."""
        if self.text is not None:
            return self.text
        if _LONG.search(question):
            return "\n\n".join(_paragraphs(chance))
        found = (text for pattern, text in _TEXTS if pattern.search(question))
        return next(found, None) or _friendly(model, question)


def is_thinking_model(model: str) -> bool:
    """Whether a model of this name thinks before it answers."""
    return "thinking" in model


def split_pieces(text: str, model: str, chance: random.Random) -> Iterator[str]:
    """The text in the pieces a model of this name delivers; joined they are the text."""
    at = 0
    is_claude = model.startswith("claude")
    while at < len(text):
        if is_claude:
            end = _byte_bounded(text, at, chance.choice(LONG_PIECE_BYTES))
        else:
            end = at + chance.randint(1, PIECE_CHARACTERS_MAX)
        yield text[at:end]
        at = end


def filler_pieces(size_bytes: int) -> Iterator[str]:
    """Exactly so many bytes of text, made as they are asked for."""
    left_bytes = size_bytes
    for word in itertools.cycle(_FILLER_WORDS):
        if left_bytes <= len(word):
            yield word[:left_bytes]
            return
        yield word
        left_bytes -= len(word)


def _byte_bounded(text: str, start: int, size_bytes: int) -> int:
    """The end of the piece at `start` that has about `size_bytes`, and one character at least."""
    end, taken_bytes = start, 0
    while end < len(text) and taken_bytes < size_bytes:
        taken_bytes += len(text[end].encode())
        end += 1
    return end


def _friendly(model: str, question: str) -> str:
    quoted = question.strip()
    if len(quoted) > QUOTE_CHARACTERS_MAX:
        quoted = quoted[:QUOTE_CHARACTERS_MAX] + "…"
    if _HAN.search(quoted):
        return (
            f"你好！我是模拟器，代替 {model} 回答，没有使用任何账号。"
            f"你问的是：“{quoted}”。试试在问题里写上 code、markdown、long、emoji 或 中文。"
        )
    said = f" You asked: “{quoted}”." if quoted else ""
    return (
        f"Hello! I am the simulator, answering in place of {model} without any account.{said}"
        " Put the word code, markdown, long, emoji or 中文 into a question for a longer answer,"
        " or send /sim to see what else I can do."
    )


def _paragraphs(chance: random.Random) -> Iterator[str]:
    for number in range(1, LONG_PARAGRAPH_COUNT + 1):
        sentences = chance.sample(_LONG_SENTENCES, 6)
        yield f"{number}. " + " ".join(sentences)
