"""The wheel, built and installed once for all workers, and clients that run as long as a file."""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.acceptance.console_house import open_browser
from tests.acceptance.programs import Program
from tests.acceptance.sdk_clients import COMMANDS, SdkClient
from tests.acceptance.sdk_house import SdkHouse, open_house
from tests.acceptance.wheel_house import Installed, build_wheel, install

# The first test that needs the wheel builds and installs it, and others wait for that.
WHEEL_S_MAX = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give them the time for it."""
    for item in items:
        needs_wheel = isinstance(item, pytest.Function) and "wheel_folder" in item.fixturenames
        if needs_wheel and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(WHEEL_S_MAX))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails tells what the programs have said that it was given."""
    report = yield
    if call.excinfo is not None and report.failed:
        programs = [one for one in item.funcargs.values() if isinstance(one, Program)]
        report.sections += [(f"{report.when}: a program", repr(one)) for one in programs]
    return report


@pytest.fixture(scope="session")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the wheel in `dist` and its environment in `venv`; the first worker fills it.

    The lock ends with its holder, so a worker that dies leaves nobody waiting.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "wheel"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            install(build_wheel(folder / "dist"), folder / "venv")
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a file; each has a profile of its own in it."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def wheel(wheel_folder: Path) -> Path:
    """The wheel's file."""
    (found,) = (wheel_folder / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel_folder: Path) -> Installed:
    """An environment with the wheel in it."""
    return Installed(wheel_folder / "venv")


@pytest.fixture(scope="module", params=COMMANDS)
def client(request: pytest.FixtureRequest) -> Iterator[SdkClient]:
    """Each of OpenAI's SDKs in turn, running as a program of its own."""
    with SdkClient(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def sdk_house(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SdkHouse]:
    """The installed gateway before a simulator."""
    with open_house(installed, tmp_path_factory.mktemp("clients")) as house:
        yield house
