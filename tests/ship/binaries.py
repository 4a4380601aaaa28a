"""What people run without installing it: `make binaries-check`.

Builds this machine's executable and the `.pyz` of every system as a release does, runs those that
can run here with no Python of ours in reach, and looks into the others.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, Final

from tests.ship.package import find_pythons
from tests.ship.tools import ROOT, ToolError, run, say
from tests.ship.trial import TrialError, ask, body, require, starting, try_demo

DIST: Final = ROOT / "dist"
KEY: Final = "a-key-for-the-executable"
# A program that stands in for the bridge of Cursor's SDK; it is the one thing here that has Python.
BRIDGE: Final = "cursor_api.simulator.cursor_sdk.program"
# Compiled parts, by what their names end with on a system.
SUFFIXES: Final = {"windows": ".pyd", "darwin": "-darwin.so", "linux": ".so"}


def main() -> int:
    """Build and check; 0 when all is well. `--native` leaves the others out."""
    began = time.monotonic()
    try:
        executable = build_executable()
        with tempfile.TemporaryDirectory(prefix="binaries-check-") as name:
            check_executable(executable, Path(name))
            if "--native" not in sys.argv[1:]:
                build_others()
                check_others(executable.name, Path(name))
        check_sums()
    except (AssertionError, ToolError, TrialError) as error:
        say(f"FAILED: {error}")
        return 1
    say(f"the executables are right ({time.monotonic() - began:.0f} s)")
    return 0


def build_executable() -> Path:
    """This machine's, by the script that a release uses."""
    told = run("sh", ROOT / "scripts" / "build.sh", more={"PYTHON": sys.executable})
    found = re.search(r"^dist/(cursor-api-\S+)$", told, re.MULTILINE)
    require(found is not None, told)
    executable = DIST / (found[1] if found else "")
    floor = re.search(r"^needs (glibc .*)$", told, re.MULTILINE)
    size = executable.stat().st_size // 1_000_000
    say(f"{executable.name}: {size} MB{f', needs {floor[1]}' if floor else ''}")
    return executable


def check_executable(executable: Path, folder: Path) -> None:
    """In an empty folder, by itself: the demo, checked output, a bridge, and what it says."""
    alone = {"PATH": "/nonexistent", "HOME": str(folder)}
    command = [str(executable)]
    version = run(*command, "--version", more=alone).strip()
    require(version.startswith("cursor-api "), version)
    say(f"- {version}: {try_demo(command, folder, alone)}")
    say(f"- {check_output(command, folder, alone)}")
    say(f"- {check_bridge(command, folder, alone)}")


def check_output(command: list[str], folder: Path, alone: dict[str, str]) -> str:
    """An answer that is checked in a process apart, which is the executable again."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"city": {"$ref": "#/$defs/name"}},
        "required": ["city"],
        "additionalProperties": False,
        "$defs": {"name": {"type": "string", "pattern": "^[A-Z]"}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    with starting([*command, "demo"], folder, {"PORT": "0", "AUTH_TOKEN": KEY, **alone}) as demo:
        asked = body("Which city? Answer with Paris.", response_format=form)
        answer = json.loads(ask(f"{demo.url}/v1/chat/completions", KEY, asked))
        content = json.loads(answer["choices"][0]["message"]["content"])
        require(isinstance(content.get("city"), str), str(content))
        demo.stop()
    return "an answer checked by its schema, in a process apart"


def check_bridge(command: list[str], folder: Path, alone: dict[str, str]) -> str:
    """A bridge that the executable starts, and that ends with it."""
    bridge = folder / "bridge"
    bridge.write_text(f"#!{sys.executable}\nfrom {BRIDGE} import main\nmain()\n", encoding="utf-8")
    bridge.chmod(0o700)
    (folder / ".token").write_text(f"mine::crsr_{'0' * 32}\n", encoding="utf-8")
    variables = {
        "PORT": "0",
        "AUTH_TOKEN": KEY,
        "CURSOR_SDK_BRIDGE_BIN": str(bridge),
        # It lets no bridge read Python's own files.
        "CURSOR_SDK_BRIDGE_CAGE": "false",
    }
    with starting([*command, "serve"], folder, {**variables, **alone}) as gateway:
        asked = json.loads(body("Hello!")) | {"model": "composer-2.5"}
        answer = json.loads(
            ask(f"{gateway.url}/v1/chat/completions", KEY, json.dumps(asked).encode())
        )
        require(bool(answer["choices"][0]["message"]["content"]), str(answer))
        gateway.stop()
    return "a chat through a bridge of Cursor's SDK that it starts"


def build_others() -> None:
    """The `.pyz` of each system, and the bill of materials."""
    told = run("sh", ROOT / "scripts" / "build.sh", "--cross")
    require("left out: FreeBSD" in told, told)


def check_others(executable: str, folder: Path) -> None:
    """Run the one of this system on each Python, and look for compiled parts in the others."""
    for archive in sorted(DIST.glob("*.pyz")):
        names = zipfile.ZipFile(archive).namelist()
        system = next(one for one in SUFFIXES if one in archive.name)
        for tag in ("311", "312", "313", "314"):
            parts = [name for name in names if name.endswith(SUFFIXES[system]) and tag in name]
            require(bool(parts), f"{archive.name} has nothing compiled for Python {tag}")
        say(f"{archive.name}: {archive.stat().st_size // 1_000_000} MB, for Python 3.11 to 3.14")
    more = {"SHIV_ROOT": str(folder / "shiv")}
    for python in find_pythons():
        version = run(python, "-c", "import platform; print(platform.python_version())").strip()
        command = [str(python), str(DIST / f"{executable}.pyz")]
        run(*command, "--version", more=more)
        say(f"- on Python {version}: {try_demo(command, folder, more)}")
    check_bill()


def check_bill() -> None:
    """It names what the lock has for this system, and the program itself."""
    (path,) = DIST.glob("*.cdx.json")
    bill = json.loads(path.read_text(encoding="utf-8"))
    require(bill["bomFormat"] == "CycloneDX", "it is no bill of CycloneDX")
    named = {one["name"].lower().replace("_", "-") for one in bill["components"]}
    lock = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    always = set(re.findall(r"^([\w.-]+)==\S+ \\$", lock, re.MULTILINE))
    require(always | {"cursor-api"} <= named, f"the bill lacks {always - named}")
    say(f"{path.name}: {len(named)} components")


def check_sums() -> None:
    """Every file that is offered is in SHA256SUMS."""
    lines = (DIST / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {line.split()[1].lstrip("*"): line.split()[0] for line in lines}
    names = {path.name for path in DIST.glob("cursor-api-*")}
    require(sums.keys() == names, f"SHA256SUMS has {sorted(sums)} and there are {sorted(names)}")
    for name, digest in sums.items():
        require(hashlib.sha256((DIST / name).read_bytes()).hexdigest() == digest, name)
    say(f"SHA256SUMS: {len(sums)} files")


if __name__ == "__main__":
    sys.exit(main())
