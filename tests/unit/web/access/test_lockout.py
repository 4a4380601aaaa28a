"""How keys that are new at an address take turns after wrong ones, and who need not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.web.access import lockout as lockout_module
from cursor_api.web.access.lockout import Lockout, LockoutOptions, delay_if_locked_out, network_of
from tests.fakes import StillClock
from tests.simulation.virtual_loop import run_virtually

HERE, THERE = "10.0.0.1", "10.0.0.2"
RIGHT, OTHER = b"right", b"other"
QUICK_S = 0.02


class LoopClock(StillClock):
    """The time of the loop, which is virtual here."""

    def monotonic(self) -> float:
        """Seconds since the world began."""
        return asyncio.get_running_loop().time()


def lockout(**options: float) -> tuple[Lockout, StillClock]:
    """With three wrong keys unless the test says otherwise, and a clock that stands still."""
    clock = StillClock()
    guard = Lockout(LockoutOptions(**{"wrong_keys_max": 3, **options}), clock)  # type: ignore[arg-type]  # numbers all
    guard.use_keys((RIGHT, OTHER))
    return guard, clock


def quick(**options: float) -> Lockout:
    """The same with time that goes by."""
    more = {"wrong_keys_max": 3, "first_delay_s": QUICK_S, "delay_s_max": QUICK_S, **options}
    guard = Lockout(LockoutOptions(**more), LoopClock())  # type: ignore[arg-type]  # numbers all
    guard.use_keys((RIGHT, OTHER))
    return guard


async def at_once(guard: Lockout, network: str = HERE) -> asyncio.Task[None]:
    """A new key from there that asks for its turn, and has it if nobody has to wait."""
    task = asyncio.create_task(guard.take_turn(network))
    await asyncio.sleep(0)
    return task


def wrong_keys() -> Callable[[], tuple[bytes]]:
    """Gives another one with each call."""
    numbers = iter(range(1_000_000))
    return lambda: (f"wrong-{next(numbers)}".encode(),)


def count_wrong(guard: Lockout, count: int, network: str = HERE) -> list[float | None]:
    """So many different wrong keys come from there, each when it is its turn."""
    return [guard.count_wrong(network, (f"{network}-{n}".encode(),)) for n in range(count)]


async def test_the_first_wrong_keys_are_free() -> None:
    """Who mistypes waits for nothing; another address never notices."""
    guard, _ = lockout()
    assert count_wrong(guard, 2) == [None, None]
    assert (await at_once(guard)).done()
    assert guard.count_wrong(HERE, (b"third",)) == 0.1
    held_up = await at_once(guard)
    assert not held_up.done()
    assert (await at_once(guard, THERE)).done()
    held_up.cancel()


def test_the_delay_doubles_up_to_two_seconds() -> None:
    """However long it goes on; it is told where it has grown."""
    guard, _ = lockout()
    told = count_wrong(guard, 1000)
    assert told[2:8] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]
    assert {*told[:2], *told[8:]} == {None}


def test_new_keys_are_judged_one_at_a_time() -> None:
    """Each wrong one holds up the next, in the order in which they came."""
    guard, next_key = quick(), wrong_keys()
    judged: list[tuple[int, float]] = []

    async def guess(number: int) -> None:
        await guard.take_turn(HERE)
        judged.append((number, round(asyncio.get_running_loop().time(), 6)))
        guard.count_wrong(HERE, next_key())

    async def main() -> None:
        count_wrong(guard, 3)
        await asyncio.gather(*(guess(number) for number in range(5)))
        assert "0 waiting" in repr(guard)

    run_virtually(main())
    assert judged == [(number, round((number + 1) * QUICK_S, 6)) for number in range(5)]


def test_right_keys_hold_up_nobody() -> None:
    """A fleet that starts anew waits for one delay and goes in together."""
    guard = quick()

    async def enter() -> float:
        await guard.take_turn(HERE)
        guard.let_in(HERE, RIGHT)
        return asyncio.get_running_loop().time()

    async def main() -> list[float]:
        count_wrong(guard, 3)
        return await asyncio.gather(*(enter() for _ in range(20)))

    assert set(run_virtually(main())) == {QUICK_S}
    assert guard.is_known(HERE, RIGHT)


async def test_so_many_wait_and_no_more() -> None:
    """The rest is told to come again, at once; so is who has waited for too long."""
    guard, _ = lockout(waiting_max=2, wait_s_max=0.05)
    count_wrong(guard, 8)
    waiting = [await at_once(guard) for _ in range(2)]
    refused = (await at_once(guard)).exception()
    assert isinstance(refused, Fault)
    assert (refused.kind, refused.scope) == (FaultKind.LOCKED_OUT, Scope.REQUEST)
    assert refused.retry_after_s == 2
    for task in waiting:
        with pytest.raises(Fault, match="too many wait"):
            await task
    assert "0 waiting" in repr(guard)


def test_beside_one_guesser_a_right_key_waits_less_than_the_longest_wait() -> None:
    """For the delay that runs, and for the guesser's next one where that was quicker."""
    options = LockoutOptions()
    assert 2 * options.delay_s_max < options.wait_s_max == 5
    guard, next_key = quick(), wrong_keys()

    async def guess_on() -> None:
        while True:
            await guard.take_turn(HERE)
            guard.count_wrong(HERE, next_key())

    async def main() -> float:
        count_wrong(guard, 3)
        guessing = asyncio.create_task(guess_on())
        await asyncio.sleep(QUICK_S / 2)
        began_at = asyncio.get_running_loop().time()
        await guard.take_turn(HERE)
        guessing.cancel()
        return asyncio.get_running_loop().time() - began_at

    assert run_virtually(main()) <= 2 * QUICK_S


def test_who_leaves_while_waiting_gives_up_the_turn() -> None:
    """The next one waits no longer for it."""
    guard = quick()

    async def main() -> float:
        count_wrong(guard, 3)
        leaver, next_one = await at_once(guard), await at_once(guard)
        leaver.cancel()
        await next_one
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == QUICK_S


async def test_ten_quiet_minutes_are_a_new_beginning() -> None:
    """Nine are not."""
    guard, clock = lockout()
    assert count_wrong(guard, 3)[-1] == 0.1
    clock.seconds += 599
    assert guard.count_wrong(HERE, (b"a",)) == 0.2
    clock.seconds += 601
    assert (await at_once(guard)).done()
    assert count_wrong(guard, 3) == [None, None, 0.1]


def test_a_right_key_takes_nothing_back() -> None:
    """The owner of a chat-only key cannot try for the operator's between two chats."""
    guard, _ = lockout()
    for number, delay_s in enumerate((None, None, 0.1)):
        guard.let_in(HERE, RIGHT)
        assert guard.count_wrong(HERE, (f"{number}".encode(),)) == delay_s


def test_a_key_is_known_where_it_was_let_in() -> None:
    """There and nowhere else, each for itself, until it is no key any more."""
    guard, _ = lockout()
    guard.let_in(HERE, RIGHT)
    assert guard.is_known(HERE, RIGHT)
    assert not guard.is_known(THERE, RIGHT)
    assert not guard.is_known(HERE, OTHER)
    guard.use_keys((RIGHT, b"new"))
    assert guard.is_known(HERE, RIGHT)
    guard.use_keys((OTHER,))
    guard.let_in(HERE, RIGHT)
    assert not guard.is_known(HERE, RIGHT)


def test_strangers_push_out_nobody_who_is_known() -> None:
    """Whatever they bring, and from wherever; only the key itself can, from many addresses."""
    guard, _ = lockout(addresses_max=10, wrong_kept_max=10, addresses_of_key_max=10)
    guard.let_in(HERE, RIGHT)
    for number in range(1000):
        guard.count_wrong(f"net-{number}", (f"wrong-{number}".encode(),))
        guard.let_in(f"net-{number}", OTHER)
    assert guard.is_known(HERE, RIGHT)
    assert guard.is_known("net-999", OTHER)
    assert not guard.is_known("net-1", OTHER)
    assert len(guard._known[OTHER]) == 10


def test_a_wrong_key_is_remembered() -> None:
    """Wherever it comes from; of two in one request both have to be known as wrong."""
    guard, _ = lockout()
    assert not guard.is_wrong_again((b"a",))
    guard.count_wrong(HERE, (b"a", b"b"))
    assert guard.is_wrong_again((b"a", b"b"))
    assert guard.is_wrong_again((b"b",))
    assert not guard.is_wrong_again((b"a", b"c"))


def test_wrong_keys_do_not_add_up() -> None:
    """The one that was not seen for longest is forgotten: a left-over client's is seen often."""
    guard, _ = lockout(wrong_kept_max=10)
    guard.count_wrong(HERE, (b"left-over",))
    for number in range(100):
        guard.count_wrong(THERE, (f"{number}".encode(),))
        assert guard.is_wrong_again((b"left-over",))
    assert len(guard._wrong) == 10
    assert not guard.is_wrong_again((b"1",))


async def test_zero_switches_it_off() -> None:
    """For whoever has something better in front."""
    guard, _ = lockout(wrong_keys_max=0)
    assert set(count_wrong(guard, 1000)) == {None}
    assert (await at_once(guard)).done()
    assert repr(guard) == "Lockout(0 addresses with wrong keys, 0 held up, 0 waiting)"


def test_addresses_do_not_add_up() -> None:
    """What is kept has a bound; the one that was quiet for longest is forgotten first."""
    guard, _ = lockout(addresses_max=100)
    for number in range(2):
        guard.count_wrong("old", (f"old-{number}".encode(),))
        guard.count_wrong("busy", (f"busy-{number}".encode(),))
    for number in range(99):
        guard.count_wrong(f"new-{number}", (f"new-{number}".encode(),))
    assert guard.count_wrong("busy", (b"x",)) == 0.1
    assert guard.count_wrong("old", (b"x",)) is None
    assert repr(guard) == "Lockout(100 addresses with wrong keys, 1 held up, 0 waiting)"


async def test_only_who_is_locked_out_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other fault is told at once."""
    monkeypatch.setattr(lockout_module, "LOCKED_OUT_DELAY_S", 0.2)
    loop = asyncio.get_running_loop()
    for kind in FaultKind:
        began_at = loop.time()
        task = asyncio.create_task(delay_if_locked_out(Fault(kind, "Words.")))
        if kind is not FaultKind.LOCKED_OUT:
            await asyncio.sleep(0)
            assert task.done(), kind
        else:
            await task
            assert loop.time() - began_at > 0.19


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_customer_is_one_address(host: str, network: str) -> None:
    """A /64 has more addresses than anybody could lock out one by one."""
    assert network_of(host) == network
