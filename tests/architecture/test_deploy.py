"""What is deployed from deploy/ fits together, and the unit is as hardened as the page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cursor_api import __version__

UNIT = "deploy/systemd/cursor-api.service"
# Tenths, as `--threshold` counts them.
EXPOSURE_MAX = 15


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit_leaves_the_gateway_little(root: Path) -> None:
    """Judged by systemd itself, without one that runs."""
    judge = ("systemd-analyze", "security", "--offline=true", "--no-pager")
    done = subprocess.run(
        [*judge, f"--threshold={EXPOSURE_MAX}", UNIT],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (UNIT, "LimitCORE=0"),
        ("compose.yaml", "    ulimits:\n      core: 0"),
        ("compose.nodes.yaml", "  ulimits:\n    core: 0"),
    ],
)
def test_a_crash_leaves_no_copy_of_the_memory(root: Path, name: str, line: str) -> None:
    """It holds all keys and tokens."""
    assert f"\n{line}\n" in (root / name).read_text(encoding="utf-8")


def test_the_package_has_what_the_unit_names(root: Path) -> None:
    """The command, the settings and the unit itself; every source is there."""
    package = (root / "deploy" / "deb" / "nfpm.yaml").read_text(encoding="utf-8")
    unit = (root / UNIT).read_text(encoding="utf-8")
    targets = set(re.findall(r"^    dst: (\S+)$", package, re.MULTILINE))
    command = re.findall(r"^ExecStart=(\S+) serve$", unit, re.MULTILINE)
    settings = re.findall(r"^EnvironmentFile=-(\S+)$", unit, re.MULTILINE)
    assert {*command, *settings, f"/usr/lib/systemd/system/{Path(UNIT).name}"} <= targets
    sources = re.findall(
        r"(?:src|\w+install|\w+remove): ((?:deploy|LICENSE)\S*)$", package, re.MULTILINE
    )
    assert len(sources) == 7
    assert all((root / source).is_file() for source in sources)


def test_the_chart_is_the_programs(root: Path) -> None:
    """Its version and the program's rise together, and each value has its schema."""
    chart = (root / "deploy" / "helm" / "Chart.yaml").read_text(encoding="utf-8")
    assert f'appVersion: "{__version__}"\n' in chart
    values = (root / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8")
    schema = json.loads((root / "deploy" / "helm" / "values.schema.json").read_text("utf-8"))
    names = set(re.findall(r"^(\w+):", values, re.MULTILINE))
    # Helm hands that one to every chart.
    assert names | {"global"} == schema["properties"].keys()
