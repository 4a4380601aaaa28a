"""The README's own path, from an empty folder to an answer: every line of it as it stands.

Only `make install` is left out, and the place of the command is that of these tests; the upstream
is a simulator.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.acceptance.background import upstream
from tests.ports import free_port
from tests.unit.cli.gateway_folder import enter
from tests.unit.cli.keyboard import answer
from tests.unit.cli.running import read_until, started

ROOT = Path(__file__).parents[2]
COMMAND = ".venv/bin/cursor-api "
TOKEN = "eyJwYXN0ZWQi.eyJ0b2tlbiI6MX0.c2lnbmF0dXJl"
SECTIONS = {"README.md": "## Set it up", "README.zh-CN.md": "## 安装和启动"}


def lines_of(document: str) -> list[str]:
    """The commands of the section, in their order, without what is said of them."""
    text = (ROOT / document).read_text(encoding="utf-8")
    section = text.partition(SECTIONS[document])[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.join(shlex.split(line, comments=True)) for line in lines]


def test_both_languages_have_one_path() -> None:
    """Line by line."""
    english, chinese = (lines_of(document) for document in SECTIONS)
    assert english == chinese
    assert english[0] == "make install"


def test_from_an_empty_folder_to_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever types what stands there, and pastes a token when asked, gets one.

    Each line ends well and says something. Those that leave no program running are run in this
    process, as starting one takes longer than all the rest.
    """
    _install, init, serve, *rest = lines_of("README.md")
    port = free_port()
    enter(tmp_path, monkeypatch)
    with upstream() as cursor:
        variables = {"PORT": str(port), "CURSOR_BASE_URL": cursor.url, "HOME": str(tmp_path)}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        typed = (("Number [4]: ", "1"), ("while you paste it): ", TOKEN))
        status, said = answer(
            [sys.executable, "-m", "cursor_api", *words(init)], tmp_path, os.environ, *typed
        )
        assert status == 0, said
        with started(tmp_path, *words(serve), **variables) as process:
            read_until(process, "credentials: 1")
            for line in rest[: rest.index(f"{COMMAND}token add")]:
                assert main(words(line)) == 0, (line, capsys.readouterr())
                assert capsys.readouterr().out.strip(), line
        assert cursor.requests(TOKEN)


def words(line: str) -> list[str]:
    """What stands behind the command's name."""
    assert line.startswith(COMMAND), line
    return shlex.split(line.removeprefix(COMMAND))
