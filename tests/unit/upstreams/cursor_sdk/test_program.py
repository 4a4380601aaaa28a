"""Where the bridge's program is found, and what to do where it is not."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from cursor_api.domain.errors import Fault, Scope
from cursor_api.upstreams.cursor_sdk.program import PACKAGE, find_program
from tests.fake_bridge import write_fake_bridge

NODE = "node.exe" if sys.platform == "win32" else "node"


def write_archive(root: Path) -> tuple[str, str]:
    """A folder that is laid out like Cursor's; what is to be started."""
    node, script = root / "bin" / NODE, root / "dist" / "bin" / "cursor-sdk-bridge.js"
    for path in (node, script, root / "bin" / "cursor-sdk-bridge"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o700)
    return str(node), str(script)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which packages are found."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def test_the_packages_node_is_started_without_importing_the_package(packages: Path) -> None:
    """Nothing of it runs in the gateway."""
    folder = packages / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    argv = write_archive(folder / "_vendor" / "bridge")
    program = find_program()
    assert program.argv == argv
    assert (program.root, program.executable) == (folder / "_vendor" / "bridge", Path(argv[0]))
    assert PACKAGE not in sys.modules


def test_a_package_without_a_bridge_is_to_be_installed_again(packages: Path) -> None:
    """As after an installation that was broken off."""
    (packages / PACKAGE).mkdir()
    (packages / PACKAGE / "__init__.py").write_text("")
    with pytest.raises(Fault, match="pip install --force-reinstall"):
        find_program()


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ("x86_64-pc-linux-gnu", r'pip install "cursor-sdk>=1\.1,<2"'),
        ("x86_64-alpine-linux-musl", "musl, such as Alpine.*CURSOR_SDK_BRIDGE_URL"),
        (None, "pip install"),
    ],
)
@pytest.mark.usefixtures("packages")
def test_an_absent_package_is_said_how_to_get(
    system: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or that there is none for this system; no key is blamed."""
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _name: system)
    with pytest.raises(Fault, match=words) as caught:
        find_program()
    assert caught.value.scope is Scope.ENDPOINT


def test_a_named_program_is_taken(tmp_path: Path) -> None:
    """As it is, or Node itself where it stands in an archive of Cursor's."""
    named = write_fake_bridge(tmp_path, "good")
    assert find_program(named) == ((str(named),), tmp_path, named)
    root = tmp_path / "archive"
    argv = write_archive(root)
    link = tmp_path / "link"
    link.symlink_to(root / "bin" / "cursor-sdk-bridge")
    assert find_program(link) == (argv, root, Path(argv[0]))


def test_a_named_program_has_to_be_one(tmp_path: Path) -> None:
    """The setting is named."""
    plain = tmp_path / "plain"
    plain.write_text("")
    for path in (plain, tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Fault, match=r"CURSOR_SDK_BRIDGE_BIN names .* can be run"):
            find_program(path)
