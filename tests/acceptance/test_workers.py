"""`serve --workers`: real processes at one address, and what becomes of them."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cursor_api.cluster.place import VARIABLE
from cursor_api.files.running import find_running
from tests import serving
from tests.acceptance.background import upstream
from tests.acceptance.programs import START_S_MAX, Program, running, workers
from tests.acceptance.rolling import load_on
from tests.redis_server import SERVERS
from tests.waiting import until, wait_until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not SERVERS, reason="workers are for Linux, and need a server"
)

KEY = "workers-key-0123456789"
MODEL = "gpt-4o-mini"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A gateway with two workers; its tests are in an order, as the last one ends it."""
    folder = tmp_path_factory.mktemp("workers")
    (folder / ".token").write_text("a-token\n")
    command = [sys.executable, "-m", "cursor_api", "serve", "--port", "0", "--workers", "2"]
    variables = {"AUTH_TOKEN": KEY, "WORKERS": "9"}
    with (
        upstream() as simulator,
        running(command, folder, variables | {"CURSOR_BASE_URL": simulator.url}) as program,
    ):
        wait_until(lambda: program.has_said("all workers serve"), START_S_MAX)
        yield program


def ask(program: Program) -> int:
    """One request on a connection of its own; its status."""
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=20)
    try:
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {KEY}"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_they_are_one_gateway_to_the_outside(program: Program) -> None:
    """It says once where it is, and names the supervisor to those that look for it."""
    assert len(workers(program)) == 2
    said = program.said()
    assert said.count("/v1 (console:") == 1
    assert said.count("credentials: 1 from") == 1
    found = json.loads(find_running(program.output.parent) or "")
    assert found == {"url": program.url, "pid": program.process.pid}
    assert ask(program) == 200


async def test_a_scrape_sees_all_of_them(program: Program) -> None:
    """Whichever worker is asked."""
    asked = await serving.ask(
        program.port, "GET", "/metrics", headers={"Authorization": f"Bearer {KEY}"}
    )
    page = asked.body.decode()
    assert 'cursor_api_inflight{worker="1"} ' in page
    assert 'cursor_api_inflight{worker="2"} ' in page
    assert page.count('cursor_api_credentials{state="healthy"}') == 1


async def test_limits_are_exact_over_all_of_them(program: Program) -> None:
    """Sixty at once, each on a connection of its own, with room for twenty: twenty are let in."""
    body = json.dumps({"id": "alice", "name": "alice", "limits": {"requests_per_day": 20}}).encode()
    operator = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    made = await serving.ask(program.port, "POST", "/api/keys", headers=operator, body=body)
    own = operator | {"Authorization": f"Bearer {made.json()['secret']}"}
    # The one that did not make it hears of it within two seconds; each has half of those who ask.
    async with asyncio.timeout(20):
        while True:
            known = [serving.ask(program.port, "GET", "/v1/usage", headers=own) for _ in range(12)]
            if {one.status for one in await asyncio.gather(*known)} == {200}:
                break
            await asyncio.sleep(0.1)
    hello = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}).encode()
    asked = [
        serving.ask(program.port, "POST", "/v1/chat/completions", headers=own, body=hello)
        for _ in range(60)
    ]
    statuses = Counter(one.status for one in await asyncio.gather(*asked))
    assert statuses == {200: 20, 429: 40}


async def test_a_browser_is_signed_in_at_any_of_them(program: Program) -> None:
    """A code opens the console, whichever worker made it; every request has its own connection."""
    operator = {"Authorization": f"Bearer {KEY}"}
    for _ in range(8):
        made = await serving.ask(program.port, "POST", "/api/ui-code", headers=operator)
        code = json.dumps({"code": made.json()["code"]}).encode()
        begun = await serving.ask(program.port, "POST", "/api/ui-session", body=code)
        assert (begun.status, begun.json()) == (200, {"key": KEY})


def test_a_killed_worker_is_followed_by_another(program: Program) -> None:
    """Nobody is refused meanwhile: who comes to its socket waits there."""
    first, other = workers(program)
    first.send_signal(signal.SIGKILL)
    for _ in range(8):
        assert ask(program) == 200
    wait_until(lambda: program.has_said("a worker has ended and is started again"))
    wait_until(lambda: len(workers(program)) == 2, START_S_MAX)
    assert other in workers(program)
    assert first not in workers(program)


async def test_a_reload_is_for_all(program: Program) -> None:
    """Whoever is asked for it, or whoever changes a setting, has the others do the same."""
    asked = await serving.ask(
        program.port, "POST", "/api/reload", headers={"Authorization": f"Bearer {KEY}"}
    )
    assert asked.json()["credential_count"] == 1
    await until(lambda: program.has_said("SIGHUP: credentials reloaded", 2))


async def test_a_roll_under_load_fails_no_request(program: Program) -> None:
    """New connections, those in use, and streams: each is served by the old one or by the new."""
    before = workers(program)
    async with load_on(program.port, KEY, 1) as load:
        program.process.send_signal(signal.SIGUSR2)
        await until(lambda: program.has_said("all workers have been replaced"), 2 * START_S_MAX)
    assert load.failures == []
    assert min(load.counts.values()) > 1
    await until(lambda: len(workers(program)) == 2)
    assert not set(before) & set(workers(program))


def test_nobody_outlives_a_killed_supervisor(program: Program) -> None:
    """Whatever ends it, the address is free afterwards."""
    left = psutil.Process(program.process.pid).children()
    # Two workers and the server that they count in; one may be seen that has just ended.
    assert len(left) >= 3
    place = json.loads(workers(program)[0].environ()[VARIABLE])
    assert Path(place["folder"]).is_dir()
    program.process.kill()
    program.process.wait()
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert not Path(place["folder"]).exists()
