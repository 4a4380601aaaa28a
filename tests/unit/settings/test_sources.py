"""The three places are read as they are, and their troubles are told without what stands there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from cursor_api.installed import SCHEMA
from cursor_api.options.kinds import flag
from cursor_api.options.rules import Finding
from cursor_api.options.setting import Setting
from cursor_api.settings.dotenv_file import read_dotenv
from cursor_api.settings.sources import (
    FILE_BYTES_MAX,
    Reading,
    as_text,
    find_toml_line,
    read_environment,
    read_toml,
)

CANARY = "canary-0123456789"


def dotenv(folder: Path, content: str | bytes) -> Reading:
    """Read this as a `.env` file."""
    data = content.encode() if isinstance(content, str) else content
    (folder / ".env").write_bytes(data)
    return read_dotenv(SCHEMA, folder / ".env", ".env")


def toml(folder: Path, content: str | bytes) -> Reading:
    """Read this as a TOML file."""
    data = content.encode() if isinstance(content, str) else content
    (folder / "c.toml").write_bytes(data)
    return read_toml(SCHEMA, folder / "c.toml", "c.toml", is_required=True)


def texts(reading: Reading) -> dict[str, str]:
    """What was given, without the places."""
    return {name: value.text for name, value in reading.given.items()}


def told(findings: tuple[Finding, ...]) -> list[str]:
    """The findings as people see them."""
    return [str(finding) for finding in findings]


def test_the_environment_is_read_by_setting() -> None:
    """Only known names; both spellings of the checksum, the official one first."""
    reading = read_environment(SCHEMA, {"PORT": "1", "PATH": "/bin", "x-cursor-checksum": "a"})
    assert texts(reading) == {"PORT": "1", "X_CURSOR_CHECKSUM": "a"}
    assert reading.given["PORT"].source == "environment"
    both = read_environment(SCHEMA, {"x-cursor-checksum": "a", "X_CURSOR_CHECKSUM": "b"})
    assert texts(both) == {"X_CURSOR_CHECKSUM": "b"}


def test_a_misspelt_variable_is_told() -> None:
    """With the nearest name, and not with its value."""
    reading = read_environment(SCHEMA, {"CURSOR_BASEURL": CANARY, "CURSOR_API_KEY": "x"})
    assert told(reading.warnings) == [
        "CURSOR_BASEURL (environment): no such setting; did you mean CURSOR_BASE_URL?"
    ]


def test_a_comma_inside_an_entry_of_a_list_is_told(tmp_path: Path) -> None:
    """It would be two entries, of which perhaps neither is what somebody meant."""
    reading = toml(tmp_path, f"[access]\nclient_tokens = ['a', '{CANARY},b']")
    assert told(reading.problems) == [
        "CLIENT_TOKENS (c.toml:2): access.client_tokens has a comma in its entry 2; write an entry"
        " for each part"
    ]
    assert not reading.given


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"PORT=1\n\n\nAUTH_TOKEN {CANARY}\n", 4),
        (f'PORT=1\nAUTH_TOKEN="{CANARY}\n', 2),
        (f"PORT=1\n{CANARY}\n", 2),
        (f'AUTH_TOKEN="x" {CANARY}\nPORT=1\n', 1),
        (f"={CANARY}\nPORT=1\n", 1),
    ],
)
def test_a_malformed_line_is_told_by_its_number(tmp_path: Path, content: str, line: int) -> None:
    """One line, its number, never what stands there; the other lines count."""
    reading = dotenv(tmp_path, content)
    assert [problem.where for problem in reading.problems] == [f".env:{line}"]
    assert CANARY not in "".join(told(reading.problems))
    assert texts(reading).get("PORT") == "1"


def test_a_variable_given_twice_is_told(tmp_path: Path) -> None:
    """The later line wins; strangers' variables are their own business."""
    reading = dotenv(tmp_path, "PORT=1\nOTHER=1\nPORT=2\nOTHER=2\n")
    assert texts(reading) == {"PORT": "2"}
    assert told(reading.warnings) == [
        "PORT (.env:3): counts, and .env:1 does not; the earlier program took the first of two."
        " Delete one"
    ]


@pytest.mark.parametrize(
    ("content", "where", "words"),
    [
        (b"PORT=1\nAUTH_TOKEN=\xff\xfe\n", "f:2", "not UTF-8"),
        ("PORT=1\n".encode("utf-16"), "f:1", "not UTF-8"),
        ("PORT=1\nX=2\n".encode("utf-16-le"), "f:1", "NUL"),
        (b"#" * (FILE_BYTES_MAX + 1), "f", "larger than"),
    ],
)
def test_a_file_that_is_no_text_is_told(
    tmp_path: Path, content: bytes, where: str, words: str
) -> None:
    """What Windows tools write, and files given by mistake, in either format."""
    (tmp_path / "f").write_bytes(content)
    for reading in (
        read_dotenv(SCHEMA, tmp_path / "f", "f"),
        read_toml(SCHEMA, tmp_path / "f", "f", is_required=False),
    ):
        assert [problem.where for problem in reading.problems] == [where]
        assert words in reading.problems[0].message
        assert not reading.given


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    """A folder (containers make them), a pipe, a dangling link, a link that cannot be read."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, words in {
        "folder": "is not a file",
        "pipe": "is not a file",
        "dangling": "is a link to a file that is not there",
        "loop": "cannot be read: ",
    }.items():
        reading = read_dotenv(SCHEMA, tmp_path / name, name)
        assert told(reading.problems)[0].startswith(f"{name}: {words}")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("# long\n[listener]\nport = " + "9" * 5000, "c.toml:3", "a number with thousands"),
        ("[listener]\nport = 0x" + "f" * 5000, "c.toml:2", "has the wrong type"),
        ("x = " + "[" * 100_000, "c.toml", "nests too deeply"),
    ],
)
def test_toml_beyond_what_python_reads_is_a_finding(
    tmp_path: Path, text: str, where: str, words: str
) -> None:
    """A number of thousands of digits, in decimals or not, and towers of brackets: no traceback."""
    [problem] = toml(tmp_path, text).problems
    assert problem.where == where
    assert words in problem.message


def test_a_table_with_a_number_beyond_measure_has_the_wrong_type() -> None:
    """Python would not write it."""
    anything = Setting("X", replace(flag(), toml_types=(dict,)), None, "")
    assert as_text(anything, {"a": 1}) == '{"a": 1}'
    assert as_text(anything, {"a": 16**5000}) is None


def test_toml_has_its_own_types(tmp_path: Path) -> None:
    """Numbers, booleans and arrays mean the same as their texts."""
    reading = toml(
        tmp_path,
        """
        [listener]
        port = 4000
        keep_alive_s = 1.5
        cors_origins = ["https://a.example", "https://b.example"]
        [cursor]
        privacy_mode = false
        client_version = "0.50"
        [limits]
        body_bytes_max = "10MiB"
        """,
    )
    assert texts(reading) == {
        "PORT": "4000",
        "GATEWAY_KEEP_ALIVE_S": "1.5",
        "GATEWAY_CORS_ORIGINS": "https://a.example,https://b.example",
        "CURSOR_PRIVACY_MODE": "false",
        "CURSOR_CLIENT_VERSION": "0.50",
        "GATEWAY_BODY_BYTES_MAX": "10MiB",
    }
    assert reading.given["CURSOR_PRIVACY_MODE"].source == "c.toml [cursor]"
    assert reading.given["CURSOR_PRIVACY_MODE"].where == "c.toml:7"
    assert (reading.problems, reading.warnings) == ((), ())


@pytest.mark.parametrize(
    "entry",
    [
        "[cursor]\nclient_version = 0.50",
        "[listener]\nport = true",
        "[listener]\nport = 4000.0",
        "[access]\nauth_token = 1234567890123456",
        "[access]\npassthrough = 1",
        "[files]\ntoken_file = ['a']",
        "[listener]\ncors_origins = [1]",
        "[logs]\nlevel = 2026-01-01",
        "[logs]\nlevel = {a = 1}",
    ],
)
def test_a_wrong_toml_type_is_told(tmp_path: Path, entry: str) -> None:
    """A version without quotes would lose its zero; nothing is guessed, nothing repeated."""
    reading = toml(tmp_path, entry)
    assert [problem.where for problem in reading.problems] == ["c.toml:2"]
    assert "in quotes" in reading.problems[0].message
    assert "1234" not in told(reading.problems)[0]
    assert not reading.given


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"[access]\nauth_token = {CANARY}\n", 2),
        (f'[access]\nauth_token = "{CANARY}\n', 2),
        (f'[access]\nauth_token = "{CANARY}"\n"{CANARY}" = {{"{CANARY}" = 1, "{CANARY}" = 2}}', 3),
        (f"[access]\nauth_token '{CANARY}'\n", 2),
        ("[access]\na = 1\na = 2\n", 3),
        ("[access\n", 1),
        ("a = '''\nnever closed\n", 3),
    ],
)
def test_what_is_not_toml_is_told_by_its_line(tmp_path: Path, content: str, line: int) -> None:
    """The parser's reason and the line, without what it would quote."""
    reading = toml(tmp_path, content)
    assert len(reading.problems) == 1
    assert reading.problems[0].where == f"c.toml:{line}"
    assert reading.problems[0].message.startswith("not TOML: ")
    assert CANARY not in told(reading.problems)[0]


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (
            "[cursor]\nbaseurl = ''",
            "c.toml:2: no such key in [cursor]: baseurl; did you mean base_url?",
        ),
        ("[curser]\n", "c.toml:1: no such table: curser; did you mean cursor?"),
        ("port = 1\n", "c.toml:1: no such table: port; port belongs under [listener]"),
        ("\nPORT = 1\n", "c.toml:2: no such table: PORT; port belongs under [listener]"),
        (
            "[cursor]\nport = 1\n",
            "c.toml:2: no such key in [cursor]: port; port belongs under [listener]",
        ),
        ("[zzz]\n", "c.toml:1: no such table: zzz"),
    ],
)
def test_an_unknown_toml_name_is_told(tmp_path: Path, content: str, warning: str) -> None:
    """With the nearest one, or with the place where it belongs."""
    assert told(toml(tmp_path, content).warnings) == [warning]


def test_a_table_that_is_a_value_is_told(tmp_path: Path) -> None:
    """`cursor = 1` is no table."""
    assert told(toml(tmp_path, "cursor = 1\n").problems) == [
        "c.toml:1: cursor is a table; write [cursor] on a line of its own"
    ]


def test_a_list_of_tables_where_one_is_wanted_is_told(tmp_path: Path) -> None:
    """By the line of the first."""
    assert told(toml(tmp_path, "\n[[cursor]]\n[[cursor]]\n").problems) == [
        "c.toml:2: cursor is a table; write [cursor] on a line of its own"
    ]


def test_blocks_are_read_as_they_are(tmp_path: Path) -> None:
    """In the file's order, each with its number, its line and those of its keys."""
    reading = toml(
        tmp_path,
        """
        [[upstream]]
        name = "a"
        [upstream.headers]
        x = "y"
        [[model]]
        name = "m"
        [[upstream]]
        name = "b"
        headers.x = "y"
        """,
    )
    assert (reading.problems, reading.warnings, reading.given) == ((), (), {})
    assert [(one.table, one.number, one.where) for one in reading.blocks] == [
        *(("upstream", 1, "c.toml:2"), ("upstream", 2, "c.toml:8"), ("model", 1, "c.toml:6")),
    ]
    first, second, _ = reading.blocks
    assert first.entries == {"name": "a", "headers": {"x": "y"}}
    assert first.places == {"name": "c.toml:3", "headers": "c.toml:4"}
    assert second.places == {"name": "c.toml:9", "headers": "c.toml:10"}
    assert first.source == "c.toml [[upstream]]"
    assert "y" not in repr(first).partition("places")[0].removeprefix("Block(table='upstream'")


def test_all_variables_of_a_place_are_known(tmp_path: Path) -> None:
    """A block may name another program's; no repr shows them."""
    reading = dotenv(tmp_path, f"OTHER_KEY={CANARY}\n")
    assert reading.variables == {"OTHER_KEY": CANARY}
    assert read_environment(SCHEMA, {"OTHER_KEY": CANARY}).variables == {"OTHER_KEY": CANARY}
    assert CANARY not in repr(reading)


def test_a_missing_toml_file_matters_only_when_it_was_named(tmp_path: Path) -> None:
    """The default file is optional."""
    missing = tmp_path / "c.toml"
    assert read_toml(SCHEMA, missing, "c.toml", is_required=False) == Reading()
    assert told(read_toml(SCHEMA, missing, "c.toml", is_required=True).problems)[0].startswith(
        "c.toml: there is no such file: "
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[cursor]\nbase_url = 'x'", 2),
        ("[listener]\nbase_url = 1\n[ cursor ]\r\n\r\n  base_url='x'", 5),
        ("cursor.base_url = 'x'", 1),
        ('["cursor"]\n"base_url" = 1', 2),
        ("cursor = {base_url = 'x'}", None),
        ("[[upstream]]\nbase_url = 'x'\n[cursor]\nbase_url = 'x'", 4),
    ],
)
def test_the_line_of_a_key(text: str, line: int | None) -> None:
    """The parser tells no lines of values; this finds the usual spellings."""
    assert find_toml_line(text, "cursor", "base_url") == line


@pytest.mark.parametrize(("number", "line"), [(1, 2), (2, 7), (3, None)])
def test_the_line_of_a_key_in_a_block(number: int, line: int | None) -> None:
    """Blocks of one name are counted."""
    text = "[[upstream]]\nname = 1\n[[ model ]]\nname = 1\n\n[[upstream]] # more\n  name=1\n"
    assert find_toml_line(text, "upstream", "name", number) == line


@pytest.mark.parametrize("text", [" " * 100_000, "a." * 100_000, "[" * 100_000, "a " * 100_000])
def test_looking_for_a_line_takes_no_time(text: str) -> None:
    """Whatever a line is full of."""
    begun_at = time.process_time()
    assert find_toml_line(text, "cursor", "base_url") is None
    assert time.process_time() - begun_at < 1
