"""On a machine that lacks something, `make` says what in one sentence and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OLD = "import sys; sys.version_info = (3, 9, 0); sys.executable = '/usr/bin/old'; exec(sys.argv[1])"


@pytest.fixture
def machine(root: Path, tmp_path: Path) -> Path:
    """A folder with our Makefile and nothing else."""
    if shutil.which("make") is None:
        pytest.skip("there is no make on this machine")
    shutil.copy(root / "Makefile", tmp_path)
    return tmp_path


def fake_python(folder: Path, script: str) -> str:
    """A program that stands for some Python."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\n{script}\nexec {sys.executable} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def environ() -> dict[str, str]:
    """The variables of a make that runs the tests would win over the Makefile's own."""
    return {k: v for k, v in os.environ.items() if k != "MFLAGS" and not k.startswith("MAKE")}


def make(folder: Path, python: str) -> list[str]:
    """The lines of complaint of `make .venv/bin/python` with that Python, make's own left out."""
    result = subprocess.run(
        ["make", "--no-print-directory", f"PYTHON={python}", ".venv/bin/python"],
        cwd=folder,
        env=environ(),
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode != 0
    assert not (folder / ".venv").exists()
    return [line for line in result.stderr.splitlines() if not line.startswith("make")]


def test_a_python_that_is_too_old_is_named(machine: Path) -> None:
    """The sentence has the version that is needed, the one that is there, and a way out."""
    python = fake_python(machine, f'exec {sys.executable} -c "{OLD}" "$2"')
    (line,) = make(machine, python)
    assert "needs Python 3.11 or newer" in line
    assert "/usr/bin/old is 3.9" in line
    assert "make PYTHON=" in line


def test_a_missing_venv_module_is_named(machine: Path) -> None:
    """Debian has it in a package of its own; the sentence has that package's name."""
    python = fake_python(machine, 'case "$*" in *ensurepip*) echo no >&2; exit 1;; esac')
    (line,) = make(machine, python)
    assert "venv module is missing" in line
    assert "apt-get install python3-venv" in line


def test_a_missing_python_is_named(machine: Path) -> None:
    """A name that leads nowhere is a sentence and no shell error."""
    (line,) = make(machine, "no-such-python")
    assert "there is no no-such-python here" in line


@pytest.mark.timeout(300)
def test_the_environment_begins_with_pip_alone(machine: Path) -> None:
    """Nothing that no lock names stays in it, and nothing that runs at every start of Python."""
    subprocess.run(
        ["make", "--no-print-directory", f"PYTHON={sys.executable}", ".venv/bin/python"],
        cwd=machine,
        env=environ(),
        check=True,
        capture_output=True,
        timeout=280,
    )
    packages = {path.name for path in machine.glob(".venv/lib/python*/site-packages/*")}
    assert "pip" in packages
    assert {name for name in packages if not name.startswith("pip")} == set()


def test_what_users_make_installs_no_test_tools(root: Path) -> None:
    """The tools take minutes; a demo, an installation and the files of a Space need none."""
    text = (root / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "install", "space"):
        assert f"\n{target}: $(VENV)/run.stamp ##" in text, target
