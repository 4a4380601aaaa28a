"""Imports point down only, and a machine says so: import-linter passes here and fails on a breach.

A contract that cannot fail guards nothing, so each is broken once, on a copy. One run looks at all
breaches but the circle's (what goes upward is in a circle as well): what it says names the modules.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Breach:
    """A line that must not be in a file, and the contract that says so."""

    file: str
    line: str
    contract: str


LAYERS = "Imports point down only, and every top-level module has its floor"
SIMULATOR_LAYERS = "The simulator's own modules know no kind of upstream, and no kind knows another"

NAMES = "Nobody names an upstream or a dialect but installed.py"

CIRCLES = "No package and no module is in a circle with its siblings"

BREACHES = {
    "upward": Breach("domain/chat.py", "import cursor_api.service.inference.relay", LAYERS),
    "sibling": Breach("web/__init__.py", "import cursor_api.stores.memory_records", LAYERS),
    "options above the wire": Breach("domain/record.py", "import cursor_api.options.kinds", LAYERS),
    "new utils package": Breach("utils/__init__.py", "", LAYERS),
    "new top-level module": Breach("extras.py", "", LAYERS),
    "an upstream and its neighbour": Breach(
        "upstreams/neighbour/__init__.py",
        "import cursor_api.upstreams.cursor.models",
        "Upstreams know nothing of each other",
    ),
    "a dialect and its neighbour": Breach(
        "dialects/neighbour/__init__.py",
        "import cursor_api.dialects.openai_chat.calls",
        "Dialects know nothing of each other",
    ),
    "the server and what it serves": Breach(
        "web/server/strict.py",
        "import cursor_api.web.http.body",
        "One area of the web below another",
    ),
    "a new area of the web": Breach(
        "web/extras/__init__.py", "", "One area of the web below another"
    ),
    "an upstream by name": Breach("bootstrap.py", "import cursor_api.upstreams.cursor.kind", NAMES),
    "a dialect by name": Breach(
        "web/app.py", "import cursor_api.dialects.openai_chat.dialect", NAMES
    ),
    "socket in a decision": Breach(
        "pool/selection.py",
        "import socket",
        "Decisions and pure code know no HTTP, database or logging library",
    ),
    "foreign library in the domain": Breach(
        "domain/deltas.py",
        "import msgspec",
        "The domain is standard library only, and what its values are made of",
    ),
    "bytes in a decision": Breach(
        "service/inference/failover.py", "import cursor_api.wire.sse", "Decisions never see bytes"
    ),
    "simulator and gateway": Breach(
        "simulator/__init__.py",
        "import cursor_api.pool",
        "The simulator knows the wire, never the gateway's decisions",
    ),
    "simulator and one of its kinds": Breach(
        "simulator/server.py", "import cursor_api.simulator.cursor.options", SIMULATOR_LAYERS
    ),
    "two kinds of the simulator": Breach(
        "simulator/openai/__init__.py", "import cursor_api.simulator.cursor", SIMULATOR_LAYERS
    ),
    "circle": Breach(
        "domain/errors.py",
        "import cursor_api.domain.record",
        CIRCLES,
    ),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the `src` of that folder, not over the installed package."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200", "NO_COLOR": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )


def plant(breach: Breach, package: Path) -> None:
    """Write its line at the end of its file, which may be new."""
    file = package / breach.file
    file.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text(encoding="utf-8") if file.exists() else '"""New."""\n'
    file.write_text(f"{text}\n{breach.line}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def verdicts(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """What import-linter says of a copy in which a contract is broken; asked twice at most."""

    @functools.cache
    def judge(*, is_circle: bool) -> str:
        folder = tmp_path_factory.mktemp("copy")
        shutil.copy(root / "pyproject.toml", folder)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(root / "src", folder / "src", ignore=ignored)
        for breach in BREACHES.values():
            if (breach.contract == CIRCLES) == is_circle:
                plant(breach, folder / "src" / "cursor_api")
        result = lint_imports(folder)
        assert result.returncode != 0, result.stdout
        return result.stdout + result.stderr

    return lambda contract: judge(is_circle=contract == CIRCLES)


def test_every_contract_is_kept(root: Path) -> None:
    """The tree as it is breaks no contract."""
    result = lint_imports(root)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES.keys())
def test_a_breach_is_found(verdicts: Callable[[str], str], breach: Breach) -> None:
    """Each contract fails, by its own name, once somebody goes against it."""
    said = verdicts(breach.contract)
    module = breach.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert f"{breach.contract} BROKEN" in said
    if breach.line and breach.contract != CIRCLES:
        assert f"cursor_api.{module} -> {breach.line.removeprefix('import ')}" in said
    else:
        assert module.rpartition(".")[2] in said
