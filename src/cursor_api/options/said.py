"""Sentences that can be said in another language: each knows its words, and the facts in them.

English stands where it is said. Other languages have the same words in a table, with the same
places for facts; no sentence is ever taken apart again.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Words(Struct, frozen=True):
    """One text in both languages of the house."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The Chinese one for "zh", else the English one."""
        return self.zh if language == "zh" else self.en


class Said(str):
    """A sentence in English. A fact of it may be such a sentence, too."""

    __slots__ = ("facts", "words")

    words: str
    facts: Mapping[str, object]


def tell(words: str, /, **facts: object) -> str:
    """The words with the facts in their braces; without facts they are taken as they are."""
    said = Said(words.format(**facts) if facts else words)
    said.words, said.facts = words, facts
    return said


def fill(sentence: str, /, **facts: object) -> str:
    """A sentence of a table, told without its facts before, with them now."""
    said = Said(sentence.format(**facts))
    said.words, said.facts = str(sentence), facts
    return said


def encode_said(value: object) -> str:
    """For msgspec, which takes a text of this kind for something unknown."""
    if isinstance(value, Said):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is no JSON")


def told_by(error: Exception) -> str:
    """What an error was raised with: `str(error)` would forget what a sentence knows."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, str) else str(error)


def translate(text: str, table: Mapping[str, str]) -> str:
    """The same by a table of words; what it has not, and what is no such sentence, stays."""
    if not isinstance(text, Said):
        return text
    words = table.get(text.words, text.words)
    facts = {
        name: translate(fact, table) if isinstance(fact, str) else fact
        for name, fact in text.facts.items()
    }
    return words.format(**facts) if facts else words
