"""The same words in both languages of the documentation, for pages that tests write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """English and Chinese."""

    en: str
    zh: str
