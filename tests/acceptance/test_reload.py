"""Token files and settings are read again while the gateway works, and nobody notices."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.acceptance.background import upstream
from tests.acceptance.programs import running
from tests.acceptance.reloading import ALWAYS, KEY, reload_under_load, token_text

RELOAD_COUNT, CALLER_COUNT = 18, 4
COMMAND = [sys.executable, "-m", "cursor_api", "serve"]


async def test_reloads_under_load_fail_no_request(tmp_path: Path) -> None:
    """By SIGHUP and by the API; what is not right is refused whole, with its line."""
    (tmp_path / ".token").write_text(token_text(ALWAYS))
    with upstream() as simulator:
        variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": simulator.url}
        with running(COMMAND, tmp_path, variables) as program:
            load, done = await reload_under_load(program, tmp_path, RELOAD_COUNT, CALLER_COUNT)
            assert program.stop() == 0, program.said()
    assert load.failures == []
    assert done.wrong == []
    assert min(load.stream_count, load.short_count) >= CALLER_COUNT
    assert set(done.counts.values()) == {RELOAD_COUNT // 6}
    assert "Traceback" not in program.said()
    assert "token-of-" not in program.said()
