"""What the house can say is said on the console too, and Chinese calls one thing by one word.

Whoever adds a fault, a state or a problem finds here that the console's tables lack its words:
`src/cursor_api/web/console/static/lang/en.json` and `zh.json`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cursor_api.dialects.openai.faults import FAULTS
from cursor_api.domain.act import COMMAND_LINE, FILES, SIGNAL, ActKind
from cursor_api.domain.content import Role
from cursor_api.domain.credential import Spelling
from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.problems import NoticeCode, ProblemCode
from cursor_api.domain.record_content import SaidKind
from cursor_api.service.credentials.report import CooldownPhase, State
from cursor_api.settings.files import FIXED
from cursor_api.web.access.auth import OPERATOR

ROOT = Path(__file__).parents[2]
LANGUAGES = ROOT / "src/cursor_api/web/console/static/lang"
TABLES: dict[str, dict[str, str]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in LANGUAGES.glob("*.json")
}
CHINESE_FILES = [*ROOT.glob("docs/*.zh-CN.md"), ROOT / "README.zh-CN.md"]
CHINESE_FILES += ROOT.glob("src/cursor_api/clients/*.py")
CHINESE_FILES.append(ROOT / "src/cursor_api/settings/chinese.py")
CHINESE_FILES.append(ROOT / "src/cursor_api/settings/chinese_labels.py")
CHINESE_FILES.append(ROOT / "src/cursor_api/cli/chinese.toml")
CHINESE_FILES.append(ROOT / "src/cursor_api/settings/chinese_findings.toml")


def bare(key: str) -> str:
    """The key that a script asks for: without the plural's form."""
    return key.removesuffix(".one").removesuffix(".other")


def entries(prefix: str) -> set[str]:
    """What both tables have behind a prefix."""
    return {bare(key).partition(".")[2] for key in TABLES["en"] if key.startswith(f"{prefix}.")}


def test_every_fault_has_a_name_and_advice() -> None:
    """Whatever ends a request or a test, in two words and in a sentence that says what to do."""
    kinds = {kind.value for kind in FaultKind}
    assert entries("cause") == kinds
    assert entries("fault") == kinds


def test_every_kind_of_what_was_said_has_a_name() -> None:
    """Plain text needs none; who spoke has one always."""
    assert entries("said") == {kind.value for kind in SaidKind} - {"text"}
    assert entries("role") == {role.value for role in Role}


def test_every_code_of_an_error_is_said() -> None:
    """The gateway's own sentence is English; a reader of Chinese has the code's."""
    codes = {shape.code for shape in FAULTS.values()} | {"invalid_tokens"}
    assert codes <= entries("code")


def test_every_act_of_an_operator_is_said() -> None:
    """And who did it, where that is no API key."""
    assert entries("act") == {kind.value for kind in ActKind}
    assert entries("actor") == {OPERATOR.name, COMMAND_LINE, FILES, SIGNAL}


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
    fixed = {"config", "block", "no_files", *FIXED}
    assert entries("settings_fixed") == fixed
    assert entries("spelling") == {spelling.value for spelling in Spelling}


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
    # 令牌 is what opens an account; what text is counted in is `token`.
    "(会话|编辑器的|Cursor( 的)?|新|其他|某人的) token(?![a-zA-Z])": "令牌",
    " token(文件| 文件| 列表)": "令牌文件，令牌列表",
    "令牌/|令牌数|百万令牌|(输入|输出)令牌": "token",
}


@pytest.mark.parametrize("wrong", ONE_WORD)
def test_chinese_calls_one_thing_by_one_word(wrong: str) -> None:
    """The same on the console, in the documents and in what the settings say of themselves."""
    sources = {str(path): path.read_text(encoding="utf-8") for path in CHINESE_FILES}
    sources["zh.json"] = "\n".join(TABLES["zh"].values())
    found = {name for name, text in sources.items() if re.search(wrong, text)}
    assert found == set(), f"write {ONE_WORD[wrong]}"
