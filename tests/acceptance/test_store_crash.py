"""Processes that die while they save the token files, and processes that save at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.files.lock import LOCK_NAME
from cursor_api.upstreams.cursor.token_files.book import Names
from cursor_api.upstreams.cursor.token_files.files import TokenFiles

KILLER = Path(__file__).with_name("store_killer.py")
REFUSED = 77
# A save has at least these: lock, create, write, sync, rename, and the reading before it.
DEATHS_MIN = 50

# Adds tokens one after the other and says which of them are stored; waits to be started.
WRITER = """
import asyncio, os, sys
from pathlib import Path
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from cursor_api.upstreams.cursor.token_files.pair import FileOptions

def new_checksum():
    return "AAAAAAAA" + os.urandom(32).hex()

async def work(folder, name, count):
    store = FileCredentialStore(
        folder / ".token", folder / ".token-list", new_checksum, FileOptions(lock_wait_s=30)
    )
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        [credential] = await store.add(f"{name}-{number}::token-{name}-{number}")
        print(credential.secret.reveal(), credential.binding, flush=True)

asyncio.run(work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is one: a killed process's writes need no disk to survive."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it is private
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        yield Path(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="a process is traced by Linux's ptrace")
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("scenario", "kinds"),
    [
        ("load", ["tokens 0, list 0", "tokens 0, list 1"]),
        ("load-in-place", ["tokens 0, list 0", "tokens 0, list 1"]),
        ("add", ["tokens 0, list 0", "tokens 0, list 1", "tokens 1, list 1"]),
        ("remove", ["tokens 0, list 0", "tokens 1, list 0", "tokens 1, list 1"]),
        ("remove-in-place", ["tokens 0, list 0", "tokens 1, list 0", "tokens 1, list 1", "torn"]),
        (
            "replace",
            ["tokens 0, list 0", "tokens 0, list 1", "tokens 1, list 1", "tokens 1, list 2"],
        ),
        (
            "replace-in-place",
            ["tokens 0, list 0", "tokens 0, list 1", "tokens 1, list 1", "tokens 1, list 2"],
        ),
    ],
)
def test_a_writer_killed_at_any_system_call_leaves_whole_files(
    memory_folder: Path, scenario: str, kinds: list[str]
) -> None:
    """Each file is the old one or the new one, no device is lost, and the next start repairs.

    `kinds` are the states that the deaths must have led to, so that the test has tested them all.
    """
    done = subprocess.run(
        [sys.executable, KILLER, scenario, memory_folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == REFUSED:
        pytest.skip("this system does not let a process be traced")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    assert report["finished"]
    assert report["deaths"] >= DEATHS_MIN
    assert sorted(report["kinds"]) == kinds


def start_writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that is ready to add `count` tokens."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def release(writer: subprocess.Popen[str]) -> None:
    """Let it begin."""
    assert writer.stdin is not None
    writer.stdin.write("go\n")
    writer.stdin.flush()


def stored(lines: str) -> dict[str, str]:
    """What a writer said it has stored; a last line that was cut off says nothing."""
    return dict(line.split() for line in lines.splitlines(keepends=True) if line.endswith("\n"))


def reader(folder: Path) -> TokenFiles:
    """A store that never has to make a checksum."""

    def never() -> str:
        raise AssertionError("a token was in the token file and not in the list")

    return TokenFiles(Names(str(folder / ".token"), str(folder / ".token-list")), never)


@pytest.mark.timeout(120)
def test_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    """Three write, one of them is killed, one reads all the time: what was stored stays stored."""
    (tmp_path / ".token").write_text("# mine\n")
    (tmp_path / ".token").chmod(0o600)
    writers = [start_writer(tmp_path, name, 25) for name in "abc"]
    files = reader(tmp_path)
    seen: dict[str, str] = {}
    for writer in writers:
        release(writer)
    while any(writer.poll() is None for writer in writers):
        now = {one.secret.reveal(): one.binding for one in files.load()}
        assert seen.items() <= now.items()
        seen = now
        if len(seen) > 10:
            writers[0].kill()
    said = [stored(writer.communicate()[0]) for writer in writers]
    assert [len(one) for one in said[1:]] == [25, 25]
    final = {one.secret.reveal(): one.binding for one in files.load()}
    for one in said:
        assert one.items() <= final.items()
    # The killed one may have stored one more than it could say.
    assert len(final) <= sum(map(len, said)) + 1
    text = (tmp_path / ".token").read_text()
    assert text.startswith("# mine\n")
    assert len(text.splitlines()) == len(final) + 1
    assert {path.name for path in tmp_path.iterdir()} == {".token", ".token-list", LOCK_NAME}


@pytest.mark.timeout(120)
def test_processes_that_load_a_new_token_at_once_agree_on_its_device(tmp_path: Path) -> None:
    """Two gateways on one folder start together: each token has one line and one checksum."""
    program = WRITER.replace(
        '        [credential] = await store.add(f"{name}-{number}::token-{name}-{number}")\n'
        "        print(credential.secret.reveal(), credential.binding, flush=True)\n",
        "        for credential in await store.load():\n"
        "            print(credential.secret.reveal(), credential.binding, flush=True)\n",
    )
    assert program != WRITER
    (tmp_path / ".token").write_text("".join(f"token-{number}\n" for number in range(50)))
    loaders = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), "x", "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for loader in loaders:
        assert loader.stdout is not None
        assert loader.stdout.readline() == "ready\n"
    for loader in loaders:
        release(loader)
    said = [stored(loader.communicate()[0]) for loader in loaders]
    assert said[0] == said[1] == said[2]
    assert len(said[0]) == 50
    assert len((tmp_path / ".token-list").read_text().splitlines()) == 50
