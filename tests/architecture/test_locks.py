"""The lock: hash-pinned, without registry hosts, and in step with what pyproject.toml asks for."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")

# Which lock is made from which requirements of pyproject.toml; None is what the program needs.
LOCKS = {
    "run": None,
    "dev": "dev",
    "build": "build",
    "openai-1": "openai-1",
    "clients": "clients",
    "sdk": "sdk",
    "nodes": "nodes",
    "ship": "ship",
    "executable": "executable",
}
NODE_FOLDERS = ("tests/acceptance/node", "tests/clients/node", "tests/agents")


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of a lock file; `is_asked_for` when pyproject.toml names it."""

    version: str
    hash_count: int
    is_asked_for: bool


def read_lock(path: Path) -> dict[str, Pin]:
    """The pins of a lock file, by normalised name."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"))
    pins: dict[str, Pin] = {}
    for block in blocks:
        found = PIN.match(block)
        assert found, f"{path.name} has an entry that is not pinned: {block[:80]!r}"
        pins[canonicalize_name(found["name"])] = Pin(
            found["version"], len(HASH.findall(block)), "cursor-api (pyproject.toml" in block
        )
    return pins


def read_requirements(pyproject: dict[str, Any], group: str | None) -> list[Requirement]:
    """What pyproject.toml asks for, included groups followed."""
    if group is None:
        return [Requirement(text) for text in pyproject["project"]["dependencies"]]
    found: list[Requirement] = []
    for entry in pyproject["dependency-groups"][group]:
        if isinstance(entry, dict):
            found += read_requirements(pyproject, entry["include-group"])
        else:
            found.append(Requirement(entry))
    return found


@pytest.fixture(scope="module")
def pyproject(root: Path) -> dict[str, Any]:
    """The project's file, parsed."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def locks(root: Path) -> dict[str, dict[str, Pin]]:
    """Every lock file by its stem."""
    return {path.stem: read_lock(path) for path in (root / "requirements").glob("*.txt")}


def test_every_lock_file_is_known(locks: dict[str, dict[str, Pin]]) -> None:
    """A further lock file needs its line above, or nothing would hold it to pyproject.toml."""
    assert locks.keys() == LOCKS.keys()


def test_every_entry_has_its_hashes(locks: dict[str, dict[str, Pin]]) -> None:
    """Installation requires hashes; an entry without one would stop it on a fresh machine."""
    assert [
        (lock, name)
        for lock, pins in locks.items()
        for name, pin in pins.items()
        if pin.hash_count < 1
    ] == []


def test_no_lock_file_says_where_to_load_from(root: Path) -> None:
    """Hosts and index options belong to the machine's configuration, not to the lock."""
    for path in (root / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert set(re.findall(r"(?<![\w-])--[a-z-]+", text)) <= {"--hash"}, path.name


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_is_in_step_with_pyproject(
    lock: str, locks: dict[str, dict[str, Pin]], pyproject: dict[str, Any]
) -> None:
    """What is asked for is pinned at a version that fits; what is no longer asked for is gone."""
    requirements = read_requirements(pyproject, LOCKS[lock])
    if lock == "dev":
        requirements += [r for r in read_requirements(pyproject, None) if r.name in locks["dev"]]
    pins = locks[lock]
    asked_for = {canonicalize_name(requirement.name) for requirement in requirements}
    assert {name for name, pin in pins.items() if pin.is_asked_for} == asked_for
    for requirement in requirements:
        version = pins[canonicalize_name(requirement.name)].version
        assert requirement.specifier.contains(version, prereleases=True), (requirement, version)


def test_the_locks_agree(locks: dict[str, dict[str, Pin]]) -> None:
    """Tests run with the very versions that users get, and the build tools are the tested ones."""
    dev = locks["dev"]
    for name, pin in locks["run"].items():
        assert dev[name].version == pin.version, name
    for name, pin in locks["build"].items():
        assert dev[name].version == pin.version, name
    # Installed beside the others.
    for name, pin in locks["sdk"].items():
        assert name not in dev or dev[name].version == pin.version, name
    # What is made into one file is what everybody else has.
    for name, pin in locks["ship"].items():
        assert name not in locks["run"] or locks["run"][name].version == pin.version, name


def test_an_extra_is_what_is_locked_and_tested(pyproject: dict[str, Any]) -> None:
    """Who installs one by its name gets the versions that the tests are about."""
    extras, groups = pyproject["project"]["optional-dependencies"], pyproject["dependency-groups"]
    assert extras == {name: groups[name] for name in extras}


def test_the_build_requirements_are_locked(
    locks: dict[str, dict[str, Pin]], pyproject: dict[str, Any]
) -> None:
    """Installation runs without build isolation, so the lock must hold the build back-end."""
    for text in pyproject["build-system"]["requires"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locks["build"][requirement.name].version)


@pytest.mark.parametrize("path", NODE_FOLDERS)
def test_the_node_lock_is_pinned_and_names_no_host(root: Path, path: str) -> None:
    """Each npm package has its integrity hash and no address; the lock fits package.json."""
    folder = root / path
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert lock["packages"][""]["dependencies"] == wanted
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_every_dependency_has_its_reason(root: Path, pyproject: dict[str, Any]) -> None:
    """Both pages have a row for everything that is asked for, and for nothing else."""
    requirements = read_requirements(pyproject, None)
    for group in pyproject["dependency-groups"]:
        requirements += read_requirements(pyproject, group)
    asked_for = {requirement.name for requirement in requirements}
    for folder in NODE_FOLDERS:
        package = json.loads((root / folder / "package.json").read_text(encoding="utf-8"))
        asked_for |= set(package["dependencies"])
    for vendored in (root / "src").rglob("vendor.json"):
        asked_for |= {entry["name"] for entry in json.loads(vendored.read_text(encoding="utf-8"))}
    for page, reason_length in (("dependencies.md", 8), ("dependencies.zh-CN.md", 4)):
        text = (root / "docs" / page).read_text(encoding="utf-8")
        rows = re.findall(r"^\| `([^`]+)`[^|]*\| *(\S[^|]*)\|", text, re.MULTILINE)
        assert {name for name, _reason in rows} == asked_for, page
        assert [name for name, reason in rows if len(reason.strip()) < reason_length] == [], page
