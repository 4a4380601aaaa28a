"""One vendor's words stay with that vendor's code: the rest serves any upstream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

NEUTRAL = ("domain", "pool", "ports", "service", "settings", "stores", "web")
WORDS = re.compile(r"cursor|checksum|device|editor|session", re.IGNORECASE)
# The program's own name, and the name under which it is imported.
OWN_NAME = re.compile(r"cursor[-_]api")
# What users and their programs know by these names: addresses, fields of JSON, columns of a file
# that exists, and the texts about Cursor's own settings.
OUTWARD = {
    "service/credentials/report.py": [r'rename=\{"binding": "checksum"\}'],
    "service/credentials/previews.py": [r'rename=\{"has_binding": "has_checksum"\}'],
    "service/credentials/use_cases.py": [r'"binding": "checksum"\}'],
    "settings/chinese.py": [r"."],
    "settings/earlier.py": [r'"CURSOR_API2_HOST"'],
    "settings/chinese_notes.py": [r"."],
    "settings/chinese_labels.py": [r"."],
    # What people paste as a key by mistake.
    "settings/habits.py": [r"SessionToken="],
    "stores/options.py": [r"Your Cursor API keys", r"ties it to a device", r"a new checksum looks"],
    "stores/postgres/records.py": [r"connection\.cursor\(\)"],
    "stores/sqlite/sql/0001_requests.sql": [r"checksum_masked"],
    "stores/sqlite/sql/0002_no_index.sql": [r"checksum_masked"],
    "stores/sqlite/sql/0003_records.sql": [r"checksum_masked"],
    "web/access/auth.py": [r"their own Cursor tokens"],
    "web/http/earlier.py": [r'"/(?:get-|gen-|env-)?checksum"', r"GET /checksum"],
    "web/management/credentials.py": [
        r"\bchecksum: str",
        r"`checksum`",
        r"given\.checksum",
        "its device",
    ],
    "web/management/logs.py": [r'"checksum": record'],
    "web/management/ui_codes.py": [r"/api/ui-session"],
    "web/management/tokens.py": [r"/checksum", r'"checksum": self', "a new device"],
}


def findings(name: str, text: str) -> Iterator[str]:
    """The lines with such a word that nobody outside knows by it."""
    for number, line in enumerate(text.splitlines(), start=1):
        is_known = any(re.search(one, line) for one in OUTWARD.get(name, ()))
        if WORDS.search(OWN_NAME.sub("", line)) and not is_known:
            yield f"{name}:{number}: {line.strip()}"


@pytest.fixture(scope="module")
def texts(pytestconfig: pytest.Config) -> dict[str, str]:
    """Everything that is neutral, by its path."""
    package = pytestconfig.rootpath / "src" / "cursor_api"
    paths: list[Path] = []
    for folder in NEUTRAL:
        paths += [
            path for suffix in ("py", "sql") for path in (package / folder).rglob(f"*.{suffix}")
        ]
    return {str(path.relative_to(package)): path.read_text(encoding="utf-8") for path in paths}


def test_no_neutral_floor_speaks_one_vendors_language(texts: dict[str, str]) -> None:
    """A second upstream would have to be told as if it were the first."""
    assert [line for name, text in texts.items() for line in findings(name, text)] == []


def test_every_outward_name_is_there(texts: dict[str, str]) -> None:
    """A list of exceptions that outlives them would hide the next one."""
    gone = [
        f"{name}: {pattern}"
        for name, patterns in OUTWARD.items()
        for pattern in patterns
        if not any(
            re.search(pattern, line) and WORDS.search(line) for line in texts[name].splitlines()
        )
    ]
    assert gone == []


def test_such_a_word_is_found() -> None:
    """In code, in a comment, in the middle of a name; the program's own name is none."""
    text = "import cursor_api\nself.new_checksum()\n# the device\nx = 1\n"
    assert [one.partition(": ")[0] for one in findings("service/x.py", text)] == [
        "service/x.py:2",
        "service/x.py:3",
    ]
