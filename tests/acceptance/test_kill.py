"""A gateway that was killed starts again by itself, whatever it was doing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.acceptance.background import upstream
from tests.acceptance.killing import KEPT, chat, devices, gateway, kill_again_and_again, prepare
from tests.serving import ask

SERVE = [sys.executable, "-m", "cursor_api", "serve"]
DEATH_COUNT = 2
LIFE_S_MAX = 2.0


async def test_a_death_at_any_moment_needs_no_repair(tmp_path: Path) -> None:
    """In the middle of streams and of saves: whole files, the same devices, ready at once.

    And the request log lacks nothing that was over a second before.
    """
    with upstream() as simulator:
        kills = await kill_again_and_again(SERVE, tmp_path, simulator.url, DEATH_COUNT, LIFE_S_MAX)
    assert kills.wrong == []
    assert kills.death_count == DEATH_COUNT
    assert kills.save_count > 0, "nothing was saved meanwhile, so nothing was tested"
    assert kills.recorded_count > 0, "no answer was whole long enough before a death"


async def test_what_a_death_may_leave_behind_stops_no_start(tmp_path: Path) -> None:
    """Locks, texts that never became files, a memory that is half written."""
    prepare(tmp_path)
    with upstream() as simulator:
        with gateway(SERVE, tmp_path, simulator.url) as program:
            expected = devices(tmp_path)
            assert program.stop() == 0
        for name in (".token.saving", ".token-list.saving", ".token-state.saving"):
            (tmp_path / name).write_bytes(b"half a li")
        (tmp_path / ".token-state").write_bytes(b'{"version":1,"credentials":{"')
        (tmp_path / ".cursor-api.lock").touch()
        with gateway(SERVE, tmp_path, simulator.url) as program:
            assert (await chat(program, "Hello!")).status == 200
            headers = {"Authorization": "Bearer a-key-for-tests-of-kills"}
            found = (await ask(program.port, "GET", "/api/credentials", headers=headers)).json()
            assert {one["alias"] for one in found["credentials"]} == set(KEPT)
            assert "POOL_STATE_FILE" in program.said()
            assert program.stop() == 0
    assert devices(tmp_path) == expected
    assert json.loads((tmp_path / ".token-state").read_bytes())["credentials"]
    assert names_in(tmp_path) == {
        ".token",
        ".token-list",
        ".token-state",
        ".cursor-api.lock",
        ".cursor-api.running",
        ".request-log.sqlite3",
        "output.txt",
    }


def names_in(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}
