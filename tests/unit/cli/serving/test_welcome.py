"""What the demo tells a newcomer."""

from __future__ import annotations

import json
import re

import pytest

from cursor_api.cli.serving.welcome import Served, welcome

SERVED = (Served("gpt-demo", "demo-openai", "an OpenAI-compatible endpoint"),)
COMMANDS = re.compile(r"^  .*$|/sim \d.*$", re.MULTILINE)


def read(language: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The whole text."""
    monkeypatch.setenv("LC_ALL", language)
    return welcome("http://127.0.0.1:3000/hf", "demo-key", SERVED)


@pytest.mark.parametrize("language", ["C", "zh_CN.UTF-8"])
def test_what_is_pasted_is_whole_in_both_languages(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address and key stand in it, and the bodies are JSON."""
    text = read(language, monkeypatch)
    bodies = [json.loads(body) for body in re.findall(r"-d '(.*?)'", text, re.DOTALL)]
    assert [body["model"] for body in bodies] == ["gpt-4o-mini", "gpt-demo"]
    assert text.count("demo-key") == 4
    assert text.count("http://127.0.0.1:3000/hf/v1") == 5


def test_a_reader_of_chinese_reads_no_english_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands between the commands is Chinese, line by line."""
    prose = COMMANDS.sub("", read("zh_CN.UTF-8", monkeypatch)).splitlines()
    assert [line for line in prose if line.strip() and line.isascii()] == []
