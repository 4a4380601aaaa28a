"""A whole gateway whose folder fills up or becomes read-only under it. Linux only.

`python gateway_mounts.py <scenario> <folder>` mounts what it needs inside `folder`, so it has to
run in a mount namespace of its own, as `store_mounts.py`. Exit status 0 means that everything was
as it should be.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.background import upstream
from tests.acceptance.programs import Program, running
from tests.acceptance.store_mounts import fill, mount
from tests.serving import Answer, ask
from tests.waiting import wait_until

KEY = "a-key-for-tests-of-disks"
HEADERS = {"Authorization": f"Bearer {KEY}"}
COMMAND = [sys.executable, "-m", "cursor_api", "serve"]
WAIT_S_MAX = 20.0
NOTHING_LEARNT = '{"version":1,"credentials":{}}'


class House:
    """A gateway that keeps its files on a disk of its own, and logs elsewhere."""

    def __init__(self, root: Path, upstream_url: str, **first: str) -> None:
        # Further settings of the first of its two lives.
        self.first = first
        self.disk = root / "disk"
        self.disk.mkdir()
        mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", self.disk)
        (self.disk / ".token").write_text("work::token-of-work\n", encoding="utf-8")
        (self.disk / ".token-state").write_text(NOTHING_LEARNT, encoding="utf-8")
        self.log = root / "log"
        self.log.mkdir()
        self._variables = {
            "PORT": "0",
            "AUTH_TOKEN": KEY,
            "CURSOR_BASE_URL": upstream_url,
            "TOKEN_FILE": str(self.disk / ".token"),
            "TOKEN_LIST_FILE": str(self.disk / ".token-list"),
        }

    def texts(self) -> dict[str, bytes]:
        """What is on the disk, without what fills it."""
        names = (".token", ".token-list", ".token-state")
        return {name: (self.disk / name).read_bytes() for name in names}

    def logged_count(self) -> int:
        """Requests in the request log."""
        with contextlib.closing(sqlite3.connect(self.disk / ".request-log.sqlite3")) as log:
            count: int = log.execute("SELECT count(*) FROM requests").fetchone()[0]
        return count

    def work(self, harm: Callable[[], object], heal: Callable[[], object], words: str) -> None:
        """Serve before, during and after; start during it as well."""
        with running(COMMAND, self.log, self._variables | self.first) as program:
            harm()
            before = self.texts()
            chat(program, count=3)
            wait_until(lambda: program.has_said("the pool's memory cannot be saved"), WAIT_S_MAX)
            if not self.first:
                wait_until(
                    lambda: program.has_said("the request log cannot be written"), WAIT_S_MAX
                )
            refused = add(program)
            assert refused.status == 500, refused
            assert words in refused.json()["error"]["message"], refused
            refused = prefer(program)
            assert refused.status == 500, refused
            assert words in refused.json()["error"]["message"], refused
            assert refused.json()["error"]["code"] == "store_failed", refused
            assert self.texts() == before, "something was truncated"
            chat(program)
            assert program.said().count("the pool's memory cannot be saved") == 1
            assert program.stop() == 0, program.said()
            if not self.first:
                assert program.said().count("the request log cannot be written") == 1
                assert "some requests are not in the request log" in program.said()
        assert self.texts() == before, "something was truncated at the end"
        # The request log's second file is gone, and there may be room again.
        harm()
        with running(COMMAND, self.log, self._variables | self.first) as program:
            assert "warning: TOKEN_FILE" in program.said(), program.said()
            chat(program)
            heal()
            wait_until(lambda: self.texts()[".token-state"] != before[".token-state"])
            assert add(program).status == 201
            assert prefer(program).json()["priority"] == 7
            assert program.stop() == 0, program.said()
            assert "Traceback" not in program.said()
            if not self.first:
                assert program.said().count("the request log cannot be written") == 1
                assert "the request log is written again" in program.said(), program.said()
        if not self.first:
            # The one of this life; those of the one before it are told.
            assert self.logged_count() == 1
        assert b"token-of-another" in self.texts()[".token"]


def chat(program: Program, count: int = 1) -> None:
    """Requests that are answered."""
    message = {"role": "user", "content": "Hello!"}
    body = json.dumps({"model": "gpt-4o-mini", "messages": [message]}).encode()
    for _ in range(count):
        answer = _ask(program, "/v1/chat/completions", body)
        assert answer.status == 200, answer


def add(program: Program) -> Answer:
    """One more credential."""
    body = json.dumps({"tokens": "another::token-of-another"}).encode()
    return _ask(program, "/api/credentials", body)


def prefer(program: Program) -> Answer:
    """Another priority for one that is there."""
    found = _ask(program, "/api/credentials", method="GET").json()["credentials"][0]
    assert found["priority"] == 0, found
    path = f"/api/credentials/{found['alias']}"
    return _ask(program, path, b'{"priority": 7}', method="PATCH")


def _ask(program: Program, path: str, body: bytes = b"", method: str = "POST") -> Answer:
    headers = HEADERS | {"Content-Type": "application/json"}
    return asyncio.run(ask(program.port, method, path, headers=headers, body=body))


def full_disk(root: Path) -> None:
    """No room for a byte."""
    with upstream() as simulator:
        house = House(root, simulator.url)
        house.work(
            lambda: fill(house.disk),
            (house.disk / "filler").unlink,
            "No space left on device",
        )


def read_only(root: Path) -> None:
    """As after an error of the disk itself."""
    with upstream() as simulator:
        # Linux makes no disk read-only on which a file is open for writing.
        house = House(root, simulator.url, GATEWAY_LOG_KEPT_MAX="0")
        house.work(
            lambda: mount("-o", "remount,ro", house.disk),
            lambda: mount("-o", "remount,rw", house.disk),
            "Read-only file system",
        )


SCENARIOS: dict[str, Callable[[Path], None]] = {"full-disk": full_disk, "read-only": read_only}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](Path(sys.argv[2]))
