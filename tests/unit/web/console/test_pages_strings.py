"""The console's words: each language says everything, and nothing that nobody asks for."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cursor_api.web.console.pages import read_static_files

FILES = read_static_files()
TABLES: dict[str, dict[str, str]] = {
    Path(name).stem: json.loads(file.body)
    for name, file in FILES.items()
    if name.startswith("lang/")
}
SCRIPTS = "\n".join(
    file.body.decode()
    for name, file in FILES.items()
    if name.endswith(".js") and not name.startswith("vendor/")
)
PLACE = re.compile(r"\{(\w+)\}")
KEY = re.compile(r'"([a-z_]+\.[a-z_0-9]+)"')
# Keys that the scripts put together: `state.${...}`.
BUILT = re.compile(r"`([a-z_]+)\.[a-z_]*\$\{")


def bare(key: str) -> str:
    """The key that a script asks for: without the plural's form."""
    return key.removesuffix(".one").removesuffix(".other")


def test_both_languages_have_the_same_entries_in_the_same_order() -> None:
    """A sentence added to one is missing in the other until it is translated."""
    assert list(TABLES["en"]) == list(TABLES["zh"])


def test_the_scripts_know_the_languages_that_there_are() -> None:
    """The switch offers these, and each has its table."""
    (listed,) = re.findall(r"LANGUAGES = \{ (.*?) \}", SCRIPTS)
    assert re.findall(r"(\w+):", listed) == sorted(TABLES)


def test_a_sentence_has_the_same_places_for_values() -> None:
    """A value that one language shows is shown by the other."""
    places = {
        name: {key: set(PLACE.findall(text)) for key, text in table.items()}
        for name, table in TABLES.items()
    }
    assert places["en"] == places["zh"]


def test_chinese_is_chinese() -> None:
    """Entries alike in both languages are names."""
    alike = {key for key, text in TABLES["en"].items() if text == TABLES["zh"][key]}
    assert alike == set()


def test_everything_asked_for_is_there() -> None:
    """No reader meets a key in place of a sentence."""
    prefixes = {key.split(".")[0] for key in TABLES["en"]}
    asked = {key for key in KEY.findall(SCRIPTS) if key.split(".")[0] in prefixes}
    assert asked - {bare(key) for key in TABLES["en"]} == set()


def test_nothing_is_there_that_nobody_asks_for() -> None:
    """Words for what was taken away go with it."""
    asked, built = set(KEY.findall(SCRIPTS)), set(BUILT.findall(SCRIPTS))
    unused = {
        key
        for key in TABLES["en"]
        if bare(key) not in asked and key.split(".")[0] not in built and "." in key
    }
    assert unused == set()


def test_no_script_matches_english_words() -> None:
    """What the gateway says goes by codes: a sentence may change its words at any time."""
    found = re.findall(
        r'(?:startsWith|includes|match|test|indexOf)\(["`/][A-Za-z]+ [a-z]+', SCRIPTS
    )
    assert found == []
