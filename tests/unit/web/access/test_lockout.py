"""How keys that are new at an address take turns after wrong ones, and who need not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.web.access import lockout as lockout_module
from cursor_api.web.access.lockout import Lockout, LockoutOptions, delay_if_locked_out, network_of
from tests.fakes import StillClock

HERE, THERE = "10.0.0.1", "10.0.0.2"
RIGHT, OTHER = b"right", b"other"
QUICK_S = 0.02


class RealClock(StillClock):
    """Time goes by."""

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()


def lockout(**options: float) -> tuple[Lockout, StillClock]:
    """With three wrong keys unless the test says otherwise, and a clock that stands still."""
    clock = StillClock()
    guard = Lockout(LockoutOptions(**{"wrong_keys_max": 3, **options}), clock)  # type: ignore[arg-type]  # numbers all
    guard.use_keys((RIGHT, OTHER))
    return guard, clock


def quick(**options: float) -> Lockout:
    """The same with time that goes by, and delays that a test can wait for."""
    more = {"wrong_keys_max": 3, "first_delay_s": QUICK_S, "delay_s_max": QUICK_S, **options}
    guard = Lockout(LockoutOptions(**more), RealClock())  # type: ignore[arg-type]  # numbers all
    guard.use_keys((RIGHT, OTHER))
    return guard


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
    await asyncio.wait_for(guard.take_turn(HERE), 0.01)
    assert guard.count_wrong(HERE, (b"third",)) == 0.1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(guard.take_turn(HERE), 0.05)
    await asyncio.wait_for(guard.take_turn(THERE), 0.01)


def test_the_delay_doubles_up_to_two_seconds() -> None:
    """However long it goes on; it is told where it has grown."""
    guard, _ = lockout()
    told = count_wrong(guard, 1000)
    assert told[2:8] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]
    assert {*told[:2], *told[8:]} == {None}


async def test_new_keys_are_judged_one_at_a_time() -> None:
    """Each wrong one holds up the next, in the order in which they came."""
    guard, next_key = quick(), wrong_keys()
    count_wrong(guard, 3)
    began_at = time.monotonic()
    judged: list[tuple[int, float]] = []

    async def guess(number: int) -> None:
        await guard.take_turn(HERE)
        judged.append((number, time.monotonic() - began_at))
        guard.count_wrong(HERE, next_key())

    await asyncio.gather(*(guess(number) for number in range(5)))
    assert [number for number, _ in judged] == [0, 1, 2, 3, 4]
    assert all(at >= (number + 1) * QUICK_S * 0.9 for number, at in judged)
    assert "0 waiting" in repr(guard)


async def test_right_keys_hold_up_nobody() -> None:
    """A fleet that starts anew waits for one delay and goes in together."""
    guard = quick(first_delay_s=0.1, delay_s_max=0.1)
    count_wrong(guard, 3)
    began_at = time.monotonic()

    async def enter() -> None:
        await guard.take_turn(HERE)
        guard.let_in(HERE, RIGHT)

    await asyncio.gather(*(enter() for _ in range(20)))
    assert time.monotonic() - began_at < 1
    assert guard.is_known(HERE, RIGHT)


async def test_so_many_wait_and_no_more() -> None:
    """The rest is told to come again, at once; so is who has waited for too long."""
    guard, _ = lockout(waiting_max=2, wait_s_max=0.05)
    count_wrong(guard, 8)
    waiting = [asyncio.create_task(guard.take_turn(HERE)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Fault) as caught:
        await asyncio.wait_for(guard.take_turn(HERE), 0.01)
    assert (caught.value.kind, caught.value.scope) == (FaultKind.LOCKED_OUT, Scope.REQUEST)
    assert caught.value.retry_after_s == 2
    for task in waiting:
        with pytest.raises(Fault, match="too many wait"):
            await task
    assert "0 waiting" in repr(guard)


async def test_beside_one_guesser_a_right_key_waits_less_than_the_longest_wait() -> None:
    """For the delay that runs, and for the guesser's next one where that was quicker."""
    options = LockoutOptions()
    assert 2 * options.delay_s_max < options.wait_s_max == 5
    guard, next_key = quick(wait_s_max=2.5 * QUICK_S + 0.5), wrong_keys()
    count_wrong(guard, 3)

    async def guess_on() -> None:
        while True:
            await guard.take_turn(HERE)
            guard.count_wrong(HERE, next_key())

    guessing = asyncio.create_task(guess_on())
    await asyncio.sleep(QUICK_S)
    await guard.take_turn(HERE)
    guessing.cancel()


async def test_who_leaves_while_waiting_gives_up_the_turn() -> None:
    """The next one waits no longer for it."""
    guard = quick()
    count_wrong(guard, 3)
    leaver = asyncio.create_task(guard.take_turn(HERE))
    next_one = asyncio.create_task(guard.take_turn(HERE))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.wait_for(next_one, 10)


async def test_ten_quiet_minutes_are_a_new_beginning() -> None:
    """Nine are not."""
    guard, clock = lockout()
    assert count_wrong(guard, 3)[-1] == 0.1
    clock.seconds += 599
    assert guard.count_wrong(HERE, (b"a",)) == 0.2
    clock.seconds += 601
    await asyncio.wait_for(guard.take_turn(HERE), 0.01)
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
    await asyncio.wait_for(guard.take_turn(HERE), 0.01)
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
