"""Files where the kernel itself refuses: full disks, mounts, read-only folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("store_mounts.py")
GATEWAY_PROGRAM = Path(__file__).with_name("gateway_mounts.py")
ROOT = Path(__file__).parents[2]
REFUSED = 77
OWN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs Linux's unshare")
@pytest.mark.parametrize(
    "scenario",
    [
        "single-file",
        "full-disk",
        "full-disk-in-place",
        "read-only",
        "read-only-around",
        "read-only-file",
    ],
)
def test_what_the_kernel_refuses_is_told_and_harms_nothing(tmp_path: Path, scenario: str) -> None:
    """Each scenario says in its docstring what holds there."""
    finish(start(PROGRAM, scenario, tmp_path))


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs Linux's unshare")
def test_a_gateway_goes_on_where_nothing_can_be_saved(tmp_path: Path) -> None:
    """Requests are answered, the operator is told, nothing is truncated; room makes it good."""
    with ExitStack() as stack:
        playing = []
        # Both at once: they wait for the gateway's own pace most of the time.
        for scenario in ("full-disk", "read-only"):
            (tmp_path / scenario).mkdir()
            playing.append(start(GATEWAY_PROGRAM, scenario, tmp_path / scenario))
            stack.callback(playing[-1].kill)
        for process in playing:
            finish(process)


def start(program: Path, scenario: str, folder: Path) -> subprocess.Popen[str]:
    """A scenario in a namespace of its own; skips where there is none."""
    if subprocess.run([*OWN_NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system gives no mount namespace to an ordinary user")
    module = f"tests.acceptance.{program.stem}"
    return subprocess.Popen(
        [*OWN_NAMESPACE, sys.executable, "-m", module, scenario, folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for it; everything has to be as it should be."""
    try:
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    if process.returncode == REFUSED:
        pytest.skip(f"mounting is not allowed here: {said}")
    assert process.returncode == 0, said
