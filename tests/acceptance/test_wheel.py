"""What is published: the wheel's content, and the command that it installs, run as a program."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from email.policy import HTTP
from pathlib import Path

import pytest

from cursor_api import __version__
from tests.acceptance.programs import environment, running
from tests.acceptance.sdk_clients import COMMANDS, SdkClient
from tests.acceptance.wheel_house import ROOT, Installed

KEY = "a-key-for-the-installed-wheel"
MODEL = "gpt-4o-mini"
HELLO = {"model": MODEL, "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture(scope="module")
def python_client() -> Iterator[SdkClient]:
    """The newest Python SDK."""
    with SdkClient(next(iter(COMMANDS))) as client:
        yield client


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run an installed command to its end."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(variables),
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
    )


def names(wheel: Path) -> set[str]:
    """The files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Every file of the package is in it, data files too; besides them only its metadata."""
    package = ROOT / "src" / "cursor_api"
    ours = {
        f"cursor_api/{path.relative_to(package)}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"cursor_api-{__version__}.dist-info"
    metadata = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert names(wheel) == ours | {f"{info}/{name}" for name in metadata}
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_is_typed_and_runs_on_any_platform(wheel: Path) -> None:
    """It is pure Python, marked as typed, and puts nothing into the import path."""
    assert wheel.name == f"cursor_api-{__version__}-py3-none-any.whl"
    assert "cursor_api/py.typed" in names(wheel)
    assert not [name for name in names(wheel) if name.endswith((".pth", ".pyc", ".so"))]


def test_the_metadata_say_what_it_is(wheel: Path) -> None:
    """Name, version, licence, Python, a readme, and dependencies without an index or a path."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"cursor_api-{__version__}.dist-info/METADATA").decode()
    found = HeaderParser(policy=HTTP).parsestr(text)
    assert (found["Name"], found["Version"]) == ("cursor-api", __version__)
    assert (found["License-Expression"], found["License-File"]) == ("MIT", "LICENSE")
    assert found["Requires-Python"] == ">=3.11"
    assert found["Description-Content-Type"] == "text/markdown"
    urls = {one.partition(",")[0] for one in found.get_all("Project-URL", [])}
    assert {"Homepage", "Repository", "Changelog"} <= urls
    required = found.get_all("Requires-Dist")
    assert required
    assert [one for one in required if "@" in one or "://" in one] == []


def test_the_readme_leads_somewhere_from_a_registrys_page(wheel: Path) -> None:
    """Away from the repository a link to `docs/…` would lead nowhere."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"cursor_api-{__version__}.dist-info/METADATA").decode()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert any(
        link.endswith("/blob/main/docs/clients.md#clients-that-run-in-a-browser") for link in links
    )


def test_the_package_comes_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    """What the other tests run is the wheel's package, and nothing but its own dependencies."""
    program = "import cursor_api, sys; print(cursor_api.__file__, *sys.path, sep='\\n')"
    result = run([installed.python, "-c", program], tmp_path)
    assert result.returncode == 0, result.stderr
    file, *path = result.stdout.splitlines()
    assert Path(file).is_relative_to(installed.site)
    assert str(ROOT / "src") not in path
    result = run([installed.python, "-c", "import pytest"], tmp_path)
    assert "No module named 'pytest'" in result.stderr


def test_the_command_knows_its_version(installed: Installed, tmp_path: Path) -> None:
    """`cursor-api --version` and `python -m cursor_api --version` say the same."""
    for command in ([installed.command], [installed.python, "-m", "cursor_api"]):
        result = run([*command, "--version"], tmp_path)
        assert (result.returncode, result.stdout) == (0, f"cursor-api {__version__}\n")


def test_without_a_key_nothing_is_started(installed: Installed, tmp_path: Path) -> None:
    """`serve` without AUTH_TOKEN says so and ends with 1; so does check-config."""
    result = run([installed.command, "serve"], tmp_path)
    assert result.returncode == 1
    assert "AUTH_TOKEN" in result.stderr
    assert "Traceback" not in result.stderr
    result = run([installed.command, "check-config"], tmp_path)
    assert result.returncode == 1
    assert "AUTH_TOKEN" in result.stdout


def test_the_checksum_command_prints_a_checksum(installed: Installed, tmp_path: Path) -> None:
    """A device for the second column of .token-list."""
    result = run([installed.command, "checksum"], tmp_path)
    assert re.fullmatch(r"[\w+/-]{8}[0-9a-f]{64}/[0-9a-f]{64}\n", result.stdout)


def test_the_demo_answers_an_sdk(
    installed: Installed, tmp_path: Path, python_client: SdkClient
) -> None:
    """`cursor-api demo`: the address and the made-up key that it prints work at once."""
    with running([installed.command, "demo"], tmp_path, {"PORT": "0"}) as demo:
        key = re.search(r"^ +key +(\S+)$", demo.said(), re.MULTILINE)
        assert key
        whole = python_client.ask(f"{demo.url}/v1", key[1], {"body": HELLO})
        streamed = python_client.ask(f"{demo.url}/v1", key[1], {"body": {**HELLO, "stream": True}})
        assert whole.error is streamed.error is None
        assert "simulator" in whole.text
        assert streamed.text == whole.text
        assert demo.stop() == 0


def test_serve_and_simulate_work_together(
    installed: Installed, tmp_path: Path, python_client: SdkClient
) -> None:
    """Two programs: the gateway with a token file in front of the simulator alone."""
    (folder := tmp_path / "simulator").mkdir()
    with running([installed.command, "simulate", "--port", "0"], folder) as simulator:
        (tmp_path / ".token").write_text("mine::a-session-token\n", encoding="utf-8")
        variables = {"AUTH_TOKEN": KEY, "PORT": "0", "CURSOR_BASE_URL": simulator.url}
        with running([installed.command, "serve"], tmp_path, variables) as gateway:
            assert "credentials: 1 from" in gateway.said()
            told = python_client.ask(f"{gateway.url}/v1", KEY, {"body": HELLO})
            assert told.error is None
            assert "simulator" in told.text
            assert gateway.stop() == 0
        assert simulator.stop() == 0
    listed = (tmp_path / ".token-list").read_text(encoding="utf-8")
    assert re.fullmatch(r"a-session-token,[\w+/-]{8}[0-9a-f]{64}/[0-9a-f]{64}\n", listed)
