"""When an address is locked out, for how long, and who is not."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.web.access import lockout as lockout_module
from cursor_api.web.access.lockout import Lockout, LockoutOptions, delay_if_locked_out, network_of
from tests.fakes import StillClock

HERE, THERE = "10.0.0.1", "10.0.0.2"


def lockout(**options: int) -> tuple[Lockout, StillClock]:
    """With three wrong keys unless the test says otherwise."""
    clock = StillClock()
    return Lockout(LockoutOptions(**{"wrong_keys_max": 3, **options}), clock), clock


def wait_at(guard: Lockout, network: str, who: str = "new") -> float:
    """How long somebody who comes new is told to wait there; 0 when they are let in."""
    try:
        guard.let_in(network, who)
    except Fault as fault:
        return fault.retry_after_s or -1
    return 0


def test_the_first_lock_comes_with_the_last_allowed_try() -> None:
    """And is over after a second; another address never notices."""
    guard, clock = lockout()
    assert [guard.count_wrong(HERE) for _ in range(3)] == [None, None, 1.0]
    assert wait_at(guard, HERE) == 1.0
    assert wait_at(guard, THERE) == 0
    clock.seconds += 0.75
    assert wait_at(guard, HERE) == 0.25
    clock.seconds += 0.25
    assert wait_at(guard, HERE) == 0


def test_every_further_wrong_key_doubles_the_lock_up_to_a_minute() -> None:
    """However long it goes on."""
    guard, clock = lockout()
    locks = []
    for _ in range(2000):
        lock_s = guard.count_wrong(HERE)
        if lock_s is not None:
            locks.append(lock_s)
            clock.seconds += lock_s
    assert locks[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(locks[8:]) == {60}


def test_a_try_in_a_lock_is_not_judged_and_makes_it_no_longer() -> None:
    """A flood cannot keep others out for longer than the lock that it has earned."""
    guard, clock = lockout()
    for _ in range(3):
        guard.count_wrong(HERE)
    for _ in range(100):
        with pytest.raises(Fault) as caught:
            guard.count_wrong(HERE)
        assert (caught.value.kind, caught.value.scope) == (FaultKind.LOCKED_OUT, Scope.REQUEST)
    clock.seconds += 1
    assert wait_at(guard, HERE) == 0


def test_ten_quiet_minutes_are_a_new_beginning() -> None:
    """Nine are not."""
    guard, clock = lockout()
    for _ in range(3):
        guard.count_wrong(HERE)
    clock.seconds += 599
    assert guard.count_wrong(HERE) == 2.0
    clock.seconds += 601
    assert [guard.count_wrong(HERE) for _ in range(3)] == [None, None, 1.0]


def test_a_right_key_takes_nothing_back() -> None:
    """The owner of a chat-only key cannot try for the operator's between two chats."""
    guard, _ = lockout()
    for lock_s in (None, None, 1.0):
        guard.let_in(HERE, "client-1")
        assert guard.count_wrong(HERE) == lock_s


def test_who_was_let_in_before_goes_on_from_the_same_address_only() -> None:
    """Each caller for itself."""
    guard, _ = lockout()
    guard.let_in(HERE, "operator")
    guard.let_in(THERE, "client-1")
    for _ in range(3):
        guard.count_wrong(HERE)
    assert wait_at(guard, HERE, "operator") == 0
    assert wait_at(guard, HERE, "client-1") == 1.0


def test_zero_switches_it_off() -> None:
    """For whoever has something better in front."""
    guard, _ = lockout(wrong_keys_max=0)
    assert {guard.count_wrong(HERE) for _ in range(1000)} == {None}
    assert wait_at(guard, HERE) == 0
    assert repr(guard) == "Lockout(0 addresses with wrong keys, 0 locked)"


def test_addresses_do_not_add_up() -> None:
    """What is kept has a bound; the one that was quiet for longest is forgotten first."""
    guard, _ = lockout(addresses_max=100)
    for _ in range(2):
        guard.count_wrong("old")
        guard.count_wrong("busy")
    for number in range(99):
        guard.count_wrong(f"new-{number}")
    assert guard.count_wrong("busy") == 1.0
    assert guard.count_wrong("old") is None
    assert repr(guard) == "Lockout(100 addresses with wrong keys, 1 locked)"


def test_callers_do_not_add_up() -> None:
    """In pass-through anybody can bring any number of tokens."""
    guard, _ = lockout(callers_max=100)
    for number in range(1000):
        guard.let_in(HERE, f"{number}".encode())
    assert len(guard._let_in) == 100
    for _ in range(3):
        guard.count_wrong(HERE)
    guard.let_in(HERE, b"999")
    with pytest.raises(Fault):
        guard.let_in(HERE, b"1")


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
