"""The token files where the kernel itself refuses: full disks, mounts, read-only folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("store_mounts.py")
REFUSED = 77
OWN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs Linux's unshare")
@pytest.mark.parametrize(
    "scenario",
    ["single-file", "full-disk", "full-disk-in-place", "read-only", "read-only-around"],
)
def test_what_the_kernel_refuses_is_told_and_harms_nothing(tmp_path: Path, scenario: str) -> None:
    """Each scenario says in its docstring what holds there."""
    if subprocess.run([*OWN_NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system gives no mount namespace to an ordinary user")
    done = subprocess.run(
        [*OWN_NAMESPACE, sys.executable, PROGRAM, scenario, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == REFUSED:
        pytest.skip(f"mounting is not allowed here: {done.stderr}")
    assert done.returncode == 0, done.stderr
