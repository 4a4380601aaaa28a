"""The console's words: each language says everything, and nothing that nobody asks for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cursor_api.dialects.openai.faults import FAULTS
from cursor_api.domain.credential import Spelling
from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.problems import NoticeCode, ProblemCode
from cursor_api.service.credentials.report import CooldownPhase, State
from cursor_api.web.console.pages import read_static_files

ROOT = Path(__file__).parents[4]
CHINESE_FILES = [*ROOT.glob("docs/*.zh-CN.md"), ROOT / "README.zh-CN.md"]
CHINESE_FILES += [
    ROOT / "src/cursor_api/settings/chinese.py",
    *ROOT.glob("src/cursor_api/clients/*.py"),
]
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
BUILT = re.compile(r"`([a-z_]+)\.\$\{")


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


def entries(prefix: str) -> set[str]:
    """What both tables have behind a prefix."""
    return {bare(key).partition(".")[2] for key in TABLES["en"] if key.startswith(f"{prefix}.")}


def test_every_fault_has_a_name_and_advice() -> None:
    """Whatever ends a request or a test, in two words and in a sentence that says what to do."""
    kinds = {kind.value for kind in FaultKind}
    assert entries("cause") == kinds
    assert entries("fault") == kinds


def test_every_code_of_an_error_is_said() -> None:
    """The gateway's own sentence is English; a reader of Chinese has the code's."""
    codes = {shape.code for shape in FAULTS.values()} | {"invalid_tokens"}
    assert codes <= entries("code")


def test_every_problem_and_notice_is_said() -> None:
    """Of a line and of a file, by its code alone."""
    assert entries("problem") == {code.value for code in ProblemCode} | {"line"}
    assert entries("notice") == {code.value for code in NoticeCode}


def test_every_state_and_reason_is_said() -> None:
    """How a credential stands, and why it waits for a person."""
    assert entries("state") == {state.value for state in State}
    assert entries("quarantine") == {reason.value for reason in QuarantineReason}
    phases = {phase.value for phase in CooldownPhase} - {"waiting"}
    assert phases <= entries("cooldown")
    assert entries("spelling") == {spelling.value for spelling in Spelling}


def test_no_script_matches_english_words() -> None:
    """What the gateway says goes by codes: a sentence may change its words at any time."""
    found = re.findall(
        r'(?:startsWith|includes|match|test|indexOf)\(["`/][A-Za-z]+ [a-z]+', SCRIPTS
    )
    assert found == []


# One word for one thing; on the left what it is not called.
ONE_WORD = {
    "密文(?!本)": "机密",
    "保密": "机密",
    "校验值": "校验和",
    "打码": "遮盖",
    "掩码": "遮盖",
    "移除": "删除",
    "您": "你",
    "通行证": "凭据",
}


@pytest.mark.parametrize("wrong", ONE_WORD)
def test_chinese_calls_one_thing_by_one_word(wrong: str) -> None:
    """The same on the console, in the documents and in what the settings say of themselves."""
    sources = {str(path): path.read_text(encoding="utf-8") for path in CHINESE_FILES}
    sources["zh.json"] = "\n".join(TABLES["zh"].values())
    found = {name for name, text in sources.items() if re.search(wrong, text)}
    assert found == set(), f"write {ONE_WORD[wrong]}"
