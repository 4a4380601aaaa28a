"""Findings as the operator is shown them: in English as they were said, and in Chinese."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from cursor_api.options.rules import Finding
from cursor_api.options.said import Words, translate
from cursor_api.ports.configuration import ShownFinding
from cursor_api.settings.chinese_labels import translate_source

CHINESE: Final = Path(__file__).with_name("chinese_findings.toml")


@functools.cache
def load_chinese() -> Mapping[str, str]:
    """The Chinese words by the English ones; read by those alone who show a finding."""
    return tomllib.loads(CHINESE.read_text(encoding="utf-8"))


def show_finding(finding: Finding) -> ShownFinding:
    """In both languages."""
    english = str(finding.message)
    words = Words(english, translate(finding.message, load_chinese()))
    return ShownFinding(finding.variable, finding.where, english, words)


def in_chinese(finding: Finding) -> Finding:
    """Words and place in Chinese, for a reader of lines."""
    words = translate(finding.message, load_chinese())
    return replace(finding, where=translate_source(finding.where), message=words)
