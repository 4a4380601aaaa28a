"""Findings and what stores refuse are shown in both languages; every sentence has its Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from cursor_api.installed import SCHEMA
from cursor_api.options.rules import Finding
from cursor_api.settings import load_settings
from cursor_api.settings.findings import load_chinese, show_finding

ROOT = Path(__file__).parents[3] / "src" / "cursor_api"
PLACE = re.compile(r"\{(\w+)\}")
# Nothing but places for facts: the same in every language.
BARE = re.compile(r"[\W\d_]*(?:\{\w+\}[\W\d_]*)+")
TELLING = "cursor_api.options.said import"
# What a setting's own error or finding is made with, and which argument is its sentence.
MAKERS = {"ValueError": 0, "UnreadableError": 0, "refuse": 1, "require": 1, "finding": 1}
MAKERS |= {"Finding": 2}
# What a store's error is made with; and where a log has its sentence, and no person.
STORE_ERRORS = {"StoreError": 0, "StoreAwayError": 0, "StaleTextError": 0, "EditorError": 1}
STORE_ERRORS |= {"FileChangedError": 0, "StaleKeyError": 0, "WrongUpstreamError": 1}
STORE_ERRORS |= {"BindingNotStoredError": 0}
LOGGED = {"stores/redis/link.py"}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Each call in a module that tells something: the module, what is called, the call."""
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if TELLING in text:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    yield str(path.relative_to(ROOT)), name, node


def sentences() -> set[str]:
    """All that are told anywhere. Each stands there as it is, so that it can be found here."""
    found = set()
    for module, name, call in calls():
        # Others have a method of that name.
        if name == "tell" and isinstance(call.func, ast.Name):
            (words,) = call.args
            assert isinstance(words, ast.Constant), f"{module}:{call.lineno}"
            found.add(str(words.value))
    return found


def test_every_sentence_has_its_chinese() -> None:
    """And none is left over."""
    told = sentences()
    chinese = set(load_chinese())
    assert {words for words in told if not BARE.fullmatch(words)} - chinese == set()
    assert chinese - told == set()


def test_facts_have_the_same_places() -> None:
    """What English shows, Chinese shows."""
    for words, chinese in load_chinese().items():
        assert set(PLACE.findall(words)) == set(PLACE.findall(chinese)), words


def test_whatever_is_wrong_with_a_setting_is_told() -> None:
    """No sentence is made past the table: each is one that `tell` knows."""
    past = []
    for module, name, call in calls():
        at = MAKERS.get(name)
        if at is None or not module.startswith(("options/", "settings/")):
            continue
        sentence = call.args[at] if len(call.args) > at else None
        if isinstance(sentence, ast.JoinedStr | ast.Constant):
            past.append(f"{module}:{call.lineno}")
    assert past == []


def test_whatever_a_store_refuses_is_told() -> None:
    """A sentence with facts is one that `tell` knows, wherever it is made."""
    past = []
    for path in sorted(ROOT.rglob("*.py")):
        module = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or module in LOGGED:
                continue
            at = STORE_ERRORS.get(getattr(node.func, "id", ""), len(node.args))
            if any(isinstance(one, ast.JoinedStr) for one in node.args[at : at + 1]):
                past.append(f"{module}:{node.lineno}")
    assert past == []


def test_a_finding_is_shown_in_both_languages(tmp_path: Path) -> None:
    """From a value that cannot be read to the words around it."""
    (tmp_path / ".env").write_text("AUTH_TOKEN=a-key-of-the-operator\nPORT=many\nPORTT=1\n")
    loaded = load_settings(SCHEMA, {}, tmp_path)
    (problem,) = map(show_finding, loaded.problems)
    assert (problem.name, problem.where) == ("PORT", ".env:2")
    assert problem.text == problem.words.en
    assert problem.words.en.startswith('"many" is not a whole number from 0 to 65535')
    assert problem.words.zh == '"many" 不是 0 到 65535 的整数；例如 PORT=3000'
    (warning,) = map(show_finding, loaded.warnings)
    assert warning.words.zh == "没有这项设置；是不是 PORT？"


def test_what_others_say_stays_as_it_is() -> None:
    """A system's own words are no sentence of the house."""
    shown = show_finding(Finding("X", "", "No space left on device"))
    assert shown.words.zh == shown.words.en == "No space left on device"
