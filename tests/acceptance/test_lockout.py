"""Wrong keys from one address: new ones take turns there, and nobody else notices."""

from __future__ import annotations

import asyncio
import itertools
import sys

import pytest

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.web.access import lockout
from cursor_api.web.access.lockout import LockoutOptions
from cursor_api.web.parts import WebOptions
from tests.acceptance.in_process import KEY, gateway_before
from tests.acceptance.knocking import CHAT, Knocker
from tests.acceptance.test_route_walk import KEYED, METHODS, OPEN_METHODS, concrete
from tests.fakes import StillClock
from tests.house import CLIENT_KEY, House
from tests.house import KEY as HOUSE_KEY
from tests.log_lines import capture_logs
from tests.serving import Answer, serve

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 without being asked"
)
ATTACKER, WORKER = "127.0.0.2", "127.0.0.3"
WRONG_KEYS_MAX = 10
FLOOD_S = 2.0
# Twice as many as may wait.
FLOOD_CONNECTIONS = 64
# Who comes right after a flood may find those waiting that it has left behind: for five seconds,
# and longer on a busy machine.
WAIT_S_MAX = 40.0
# After the free wrong keys nobody's turn comes, and who would wait is refused.
HELD_UP = LockoutOptions(WRONG_KEYS_MAX, first_delay_s=60, delay_s_max=60, wait_s_max=0.01)
# The house's upstream has one model of its own.
HOUSE_CHAT = CHAT.replace(b"gpt-4o-128k", b"gpt-4o")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of hundreds in a moment, which is otherwise held back to one a second."""
    monkeypatch.setattr(lockout, "LOCKED_OUT_DELAY_S", 0.1)


def held_up_house(options: WebOptions | None = None) -> House:
    """Where nobody's turn comes after the free wrong keys."""
    house = House(
        options=options or WebOptions(version="1"),
        wrong_keys_max=WRONG_KEYS_MAX,
        clock=StillClock(),
    )
    house.lockout.options = HELD_UP
    return house


async def flood(port: int) -> list[Answer]:
    """Wrong keys, each another one, as fast as they are answered."""
    answers: list[Answer] = []

    async def one(number: int) -> None:
        async with Knocker(port, ATTACKER) as knocker:
            for turn in itertools.count():
                answer = await knocker.knock(f"guess-{number}-{turn}")
                answers.append(answer)

    tasks = [asyncio.create_task(one(number)) for number in range(FLOOD_CONNECTIONS)]
    await asyncio.sleep(FLOOD_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return answers


async def test_a_flood_is_locked_out_and_others_go_on() -> None:
    """Ten are told that they are wrong, few others in turn, the rest to come again.

    Another address is served meanwhile, and whoever was at work on the same one.
    """
    with capture_logs() as lines:
        async with (
            CursorSimulator() as far,
            gateway_before(far.url, environment={"CLIENT_TOKENS": CLIENT_KEY}) as gateway,
            Knocker(gateway.port, WORKER) as worker,
            Knocker(gateway.port, ATTACKER) as at_work,
            Knocker(gateway.port, ATTACKER) as attacker,
        ):
            assert (await at_work.knock(CLIENT_KEY)).status == 200
            flooding = asyncio.create_task(flood(gateway.port))
            served = 0
            while not flooding.done() or not served:
                assert (await worker.knock(KEY)).status == 200
                assert (await at_work.knock(CLIENT_KEY)).status == 200
                served += 1
            answers = await flooding
            async with asyncio.timeout(WAIT_S_MAX):
                while (await attacker.knock(KEY)).status == 429:
                    await asyncio.sleep(0.1)
            assert len(far.requests) == 2 * served + 2
    refused = [answer for answer in answers if answer.status == 429]
    # Those that were free, and who came in turn.
    assert WRONG_KEYS_MAX <= len(answers) - len(refused) <= WRONG_KEYS_MAX + 10
    assert {answer.status for answer in answers} == {401, 429}
    assert {answer.json()["error"]["code"] for answer in refused} == {"too_many_wrong_keys"}
    assert {int(answer.headers["retry-after"]) for answer in refused} <= {1, 2}
    told = [line for line in lines if "many wrong keys" in line["event"]]
    assert {line["address"] for line in told} == {ATTACKER}
    assert len(told) == len({line["delay_s"] for line in told})
    assert "guess-" not in str(lines)


async def test_the_lock_holds_at_every_address_with_a_key() -> None:
    """Where it was earned and everywhere else; who was at work there before goes on.

    Each address has a gateway of its own. They wait side by side, as locked answers come late. It
    is asked at each of the others with one method; over all gateways, with each.
    """
    await asyncio.gather(*(_hold(path, number) for number, path in enumerate(KEYED)))


async def _hold(path: str, turn: int) -> None:
    house = held_up_house()
    methods = [method for method in METHODS if method not in OPEN_METHODS[path]]
    async with serve(house.app) as port, Knocker(port, ATTACKER) as knocker:
        at_work = await knocker.knock(CLIENT_KEY, "GET", concrete(path), b"")
        assert at_work.status not in {401, 429}
        for number in range(WRONG_KEYS_MAX):
            method = methods[number % len(methods)]
            told = await knocker.knock(f"wrong-{number}", method, concrete(path), b"")
            assert told.status == 401, method
        for other in KEYED:
            closed = [method for method in METHODS if method not in OPEN_METHODS[other]]
            method = closed[turn % len(closed)]
            told = await knocker.knock(HOUSE_KEY, method, concrete(other), b"")
            assert (told.status, told.headers["retry-after"]) == (429, "60"), (method, other)
            assert (await knocker.knock(None, method, concrete(other), b"")).status == 401
        again = await knocker.knock(CLIENT_KEY, "GET", concrete(path), b"")
        assert again.status == at_work.status
        async with Knocker(port, WORKER) as neighbour:
            assert (await neighbour.knock(HOUSE_KEY, body=HOUSE_CHAT)).status == 200


async def test_a_public_log_is_no_place_to_guess() -> None:
    """Its details would tell whether a key is right; in a lock they are not shown."""
    house = held_up_house(WebOptions(version="1", is_log_public=True))
    async with serve(house.app) as port, Knocker(port, ATTACKER) as knocker:
        for number in range(WRONG_KEYS_MAX):
            assert (await knocker.knock(f"wrong-{number}", "GET", "/logs", b"")).status == 200
        assert (await knocker.knock(HOUSE_KEY, "GET", "/logs", b"")).status == 429
        assert (await knocker.knock("wrong-0", "GET", "/logs", b"")).status == 200
        assert (await knocker.knock(None, "GET", "/logs", b"")).status == 200


async def test_open_addresses_stay_open_and_look_at_no_key() -> None:
    """Probes of a platform send whatever they send, and come from a proxy's address."""
    house = House(wrong_keys_max=WRONG_KEYS_MAX, clock=StillClock())
    async with serve(house.app) as port, Knocker(port, ATTACKER) as knocker:
        for _ in range(2 * WRONG_KEYS_MAX):
            assert (await knocker.knock("wrong", "GET", "/readyz", b"")).status == 200
            assert (await knocker.knock("wrong", "GET", "/tokeninfo", b"")).status in {200, 308}
        assert (await knocker.knock(HOUSE_KEY, body=HOUSE_CHAT)).status == 200


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/credentials", "/logs"])
async def test_who_is_locked_out_waits_for_its_answer(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks as fast as it is answered asks slowly; a wrong key before the lock is told at once.

    Others are not held up: the gateway only waits.
    """
    monkeypatch.setattr(lockout, "LOCKED_OUT_DELAY_S", 30.0)
    house = held_up_house()
    async with (
        serve(house.app) as port,
        Knocker(port, ATTACKER) as attacker,
        Knocker(port, ATTACKER) as other_connection,
        Knocker(port, WORKER) as worker,
    ):
        assert (await other_connection.knock(CLIENT_KEY, body=HOUSE_CHAT)).status == 200
        for number in range(WRONG_KEYS_MAX):
            assert (await attacker.knock(f"wrong-{number}", "GET", path, b"")).status == 401
        waiting = asyncio.create_task(attacker.knock(HOUSE_KEY, "GET", path, b""))
        assert (await worker.knock(HOUSE_KEY, body=HOUSE_CHAT)).status == 200
        assert (await other_connection.knock(CLIENT_KEY, body=HOUSE_CHAT)).status == 200
        assert (await other_connection.knock(None, "GET", path, b"")).status == 401
        assert not waiting.done()
        waiting.cancel()


async def test_a_left_over_client_locks_nobody_out() -> None:
    """Yesterday's key four times a second, and everybody who comes new is served at once."""
    async with (
        CursorSimulator() as far,
        gateway_before(
            far.url, environment={"CLIENT_TOKENS": CLIENT_KEY}, lockout=HELD_UP
        ) as gateway,
        Knocker(gateway.port, ATTACKER) as left_over,
    ):
        for _ in range(5 * WRONG_KEYS_MAX):
            assert (await left_over.knock("yesterdays-key")).status == 401
        for key in (KEY, CLIENT_KEY):
            async with Knocker(gateway.port, ATTACKER) as newcomer:
                assert (await newcomer.knock(key)).status == 200


async def test_callers_behind_a_trusted_proxy_are_told_apart() -> None:
    """One of them guesses; another one, who comes new, is served at once."""
    environment = {"GATEWAY_TRUSTED_PROXIES": f"{ATTACKER}/32"}
    async with (
        CursorSimulator() as far,
        gateway_before(far.url, environment=environment, lockout=HELD_UP) as gateway,
    ):
        async with Knocker(gateway.port, ATTACKER, "192.0.2.1") as guesser:
            for number in range(WRONG_KEYS_MAX):
                assert (await guesser.knock(f"guess-{number}")).status == 401
        async with Knocker(gateway.port, ATTACKER, "192.0.2.2") as other:
            assert (await other.knock(KEY)).status == 200
        async with Knocker(gateway.port, ATTACKER, "192.0.2.1") as same:
            assert (await same.knock(KEY)).status == 429
