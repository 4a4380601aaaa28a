"""Keys that are wrong, and what they cost whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.addresses import trusted_proxies
from cursor_api.web.access.auth import OPERATOR, AccessOptions, Authenticator
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from cursor_api.web.server.serving import Scope
from tests.fakes import StillClock
from tests.log_lines import capture_logs
from tests.simulation.virtual_loop import run_virtually
from tests.unit.web.access.auth_stage import (
    CLIENT_KEYS,
    KEY,
    OPEN,
    SHARED,
    WRONG_KEYS_MAX,
    asked,
    authenticator,
    read_own_credentials,
)


async def lock_out(guarded: Authenticator, client: str) -> None:
    """Wrong keys from an address, until new ones have to wait there."""
    for number in range(WRONG_KEYS_MAX):
        assert (
            await guarded.find(
                asked(client, x_api_key=f"wrong-{client}-{number}"), is_own_taken=False
            )
            is None
        )


async def is_locked_out(guarded: Authenticator, client: str, key: str) -> bool:
    """Whether this key from there is not looked at."""
    try:
        await guarded.find(asked(client, x_api_key=key))
    except Fault as fault:
        return fault.kind is FaultKind.LOCKED_OUT
    return False


@pytest.mark.parametrize("is_passthrough", [False, True])
async def test_in_a_lock_a_right_guess_looks_like_a_wrong_one(is_passthrough: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """Whatever the right one is, and wherever it is tried; elsewhere it is right.

    In pass-through that is where only the operator's key will do.
    """
    access = AccessOptions(Secret(KEY), (Secret(CLIENT_KEYS[0]),), is_passthrough=is_passthrough)
    guarded = authenticator(access, WRONG_KEYS_MAX)
    await lock_out(guarded, "10.0.0.1")
    told = set()
    for key in (KEY, CLIENT_KEYS[0], "wrong", "no token at all"):
        asks: list[Callable[[Scope], Awaitable[object]]] = [guarded.require_admin]
        if not is_passthrough:
            asks += [guarded.authenticate, guarded.find, guarded.refuse_wrong]
        for ask in asks:
            for more in ({}, {"x_wrong": "1"}):
                with pytest.raises(Fault) as caught:
                    await ask(asked("10.0.0.1", x_api_key=key, **more))
                told.add((caught.value.kind, caught.value.message))
    assert [kind for kind, _ in told] == [FaultKind.LOCKED_OUT]
    assert await guarded.find(asked("10.0.0.2", x_api_key=KEY)) is OPERATOR


async def test_who_was_at_work_before_the_lock_goes_on() -> None:
    """The one key that was in use from there, and no other; a request without a key is a 401."""
    guarded = authenticator(AccessOptions(Secret(KEY), (Secret(CLIENT_KEYS[0]),)), WRONG_KEYS_MAX)
    assert await guarded.find(asked("10.0.0.1", x_api_key=CLIENT_KEYS[0])) is not None
    await lock_out(guarded, "10.0.0.1")
    assert not await is_locked_out(guarded, "10.0.0.1", CLIENT_KEYS[0])
    assert await is_locked_out(guarded, "10.0.0.1", KEY)
    with pytest.raises(Fault) as caught:
        await guarded.authenticate(asked("10.0.0.1"))
    assert caught.value.kind is FaultKind.UNAUTHENTICATED


async def test_in_pass_through_a_token_is_no_wrong_key_for_a_chat() -> None:
    """Any text may be one. Where only the operator's key will do, it counts."""
    guarded = authenticator(AccessOptions(Secret(KEY), is_passthrough=True), WRONG_KEYS_MAX)
    for number in range(10 * WRONG_KEYS_MAX):
        assert await guarded.find(asked(x_api_key=f"token-{number}")) is not None
    await lock_out(guarded, "10.0.0.1")
    assert not await is_locked_out(guarded, "10.0.0.1", "token-1")
    assert not await is_locked_out(guarded, "10.0.0.1", "token-of-a-stranger")
    with pytest.raises(Fault) as caught:
        await guarded.require_admin(asked("10.0.0.1", x_api_key="one more guess"))
    assert caught.value.kind is FaultKind.LOCKED_OUT


async def test_in_pass_through_tokens_make_no_key_unknown() -> None:
    """However many come from everywhere."""
    guarded = authenticator(AccessOptions(Secret(KEY), is_passthrough=True), WRONG_KEYS_MAX)
    assert await guarded.find(asked("10.0.0.1", x_api_key=KEY)) is OPERATOR
    for number in range(20_000):
        await guarded.find(asked("10.0.0.1", x_api_key=f"token-{number}"))
    await lock_out(guarded, "10.0.0.1")
    assert await guarded.find(asked("10.0.0.1", x_api_key=KEY)) is OPERATOR


async def test_a_left_over_client_holds_up_nobody() -> None:
    """Yesterday's key, for days, from an address where others come new."""
    guarded = authenticator(AccessOptions(Secret(KEY), (Secret(CLIENT_KEYS[0]),)), WRONG_KEYS_MAX)
    for _ in range(1000):
        assert await guarded.find(asked("10.0.0.1", x_api_key="yesterdays")) is None
    assert await guarded.find(asked("10.0.0.1", x_api_key=KEY)) is OPERATOR
    for number in range(WRONG_KEYS_MAX - 1):
        assert await guarded.find(asked("10.0.0.1", x_api_key=f"guess-{number}")) is None
    assert await guarded.find(asked("10.0.0.1", x_api_key="yesterdays")) is None
    assert await is_locked_out(guarded, "10.0.0.1", CLIENT_KEYS[0])


def test_a_right_key_waits_once() -> None:
    """Where many wrong ones came, for its turn; then it is known there."""
    options = LockoutOptions(WRONG_KEYS_MAX, first_delay_s=0.05)
    lockout = Lockout(options, StillClock())
    guarded = Authenticator(AccessOptions(Secret(KEY)), lockout, read_own_credentials)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        await lock_out(guarded, "10.0.0.1")
        assert await guarded.find(asked("10.0.0.1", x_api_key=KEY)) is OPERATOR
        assert round(loop.time(), 6) == 0.05
        assert await guarded.find(asked("10.0.0.1", x_api_key="one more")) is None
        served_at = loop.time()
        assert await guarded.find(asked("10.0.0.1", x_api_key=KEY)) is OPERATOR
        assert loop.time() == served_at

    run_virtually(main())


async def test_the_same_wrong_key_many_times_at_once_is_one_try() -> None:
    """A client that opens all its connections together has guessed once."""
    options = LockoutOptions(WRONG_KEYS_MAX, first_delay_s=0.001, delay_s_max=0.001)
    guarded = Authenticator(
        AccessOptions(Secret(KEY)), Lockout(options, StillClock()), read_own_credentials
    )
    await lock_out(guarded, "10.0.0.1")
    before = guarded._lockout._tallies["10.0.0.1"].wrong_count
    scope = asked("10.0.0.1", x_api_key="yesterdays")
    assert await asyncio.gather(*(guarded.find(scope) for _ in range(20))) == [None] * 20
    assert guarded._lockout._tallies["10.0.0.1"].wrong_count == before + 1


async def test_a_trusted_proxys_callers_are_told_apart() -> None:
    """By what it says of their addresses; what anybody else says is nothing."""
    proxies = trusted_proxies().parse("10.9.0.0/16")
    guarded = authenticator(AccessOptions(Secret(KEY), trusted_proxies=proxies), WRONG_KEYS_MAX)
    for number in range(WRONG_KEYS_MAX):
        for client in ("10.9.0.1", "10.0.0.1"):
            key = f"wrong-{client}-{number}"
            scope = asked(client, x_api_key=key, x_forwarded_for="192.0.2.1, 10.9.0.7")
            assert await guarded.find(scope) is None
    for client, forwarded_for, is_held_up in (
        ("10.9.0.1", "192.0.2.1", True),
        ("10.9.0.2", "192.0.2.9, 192.0.2.1", True),
        ("10.9.0.1", "192.0.2.2", False),
        ("10.0.0.1", "192.0.2.2", True),
        ("10.0.0.2", "192.0.2.1", False),
    ):
        scope = asked(client, x_api_key=KEY, x_forwarded_for=forwarded_for)
        try:
            found = await guarded.find(scope)
        except Fault:
            found = None
        assert (found is None) is is_held_up, (client, forwarded_for)


async def test_where_there_is_no_key_nobody_guesses_it() -> None:
    """Pass-through without an operator: nothing is wrong, nothing is locked."""
    keyless = authenticator(AccessOptions(None, is_passthrough=True), WRONG_KEYS_MAX)
    await lock_out(keyless, "10.0.0.1")
    assert not await is_locked_out(keyless, "10.0.0.1", "a-new-token")


async def test_a_request_without_a_key_is_no_try() -> None:
    """Health checks and curious browsers lock nobody out."""
    guarded = authenticator(AccessOptions(Secret(KEY)), WRONG_KEYS_MAX)
    for _ in range(10 * WRONG_KEYS_MAX):
        assert await guarded.find(asked("10.0.0.1")) is None
        assert (
            await guarded.find(asked("10.0.0.1", authorization="Basic eDp5", x_api_key="")) is None
        )
    assert not await is_locked_out(guarded, "10.0.0.1", KEY)


async def test_two_wrong_keys_in_one_request_are_one_try() -> None:
    """And a wrong one beside a right one is none."""
    guarded = authenticator(AccessOptions(Secret(KEY)), WRONG_KEYS_MAX)
    for number in range(10):
        scope = asked("10.0.0.2", authorization=f"Bearer theirs-{number}", x_api_key=KEY)
        assert await guarded.find(scope) is OPERATOR
    for number in range(WRONG_KEYS_MAX - 1):
        scope = asked("10.0.0.1", authorization=f"Bearer a-{number}", x_api_key=f"b-{number}")
        assert await guarded.find(scope) is None
    assert not await is_locked_out(guarded, "10.0.0.1", KEY)


async def test_an_open_address_refuses_a_wrong_key_only() -> None:
    """None is fine, any right one too; a client finds out there whether its key is right."""
    right: list[dict[str, str]] = [{}, {"authorization": "Basic eDp5"}, {"x_api_key": KEY}]
    for fields in (*right, {"x_api_key": CLIENT_KEYS[0]}):
        await SHARED.refuse_wrong(asked(**fields))
    await OPEN.refuse_wrong(asked(x_api_key="own"))
    for key in ("wrong", "x" * 100_000):
        with pytest.raises(Fault) as caught:
            await SHARED.refuse_wrong(asked(x_api_key=key))
        assert caught.value.kind is FaultKind.UNAUTHENTICATED


async def test_what_a_header_says_of_the_address_counts_nothing() -> None:
    """Neither does it share a lock out, nor get round one."""
    guarded = authenticator(AccessOptions(Secret(KEY)), WRONG_KEYS_MAX)
    for number in range(WRONG_KEYS_MAX):
        forwarded_for = f"10.1.0.{number}, 10.0.0.2"
        scope = asked("10.0.0.1", x_api_key=f"wrong-{number}", x_forwarded_for=forwarded_for)
        assert await guarded.find(scope) is None
    assert await is_locked_out(guarded, "10.0.0.1", KEY)
    assert not await is_locked_out(guarded, "10.0.0.2", KEY)


async def test_the_operator_is_told_when_the_delay_grows_and_never_the_key() -> None:
    """One line with the address for each; a flood during it is silent."""
    guarded = authenticator(AccessOptions(Secret(KEY)), WRONG_KEYS_MAX)
    with capture_logs() as lines:
        await lock_out(guarded, "2001:db8::1")
        for _ in range(100):
            await is_locked_out(guarded, "2001:db8::2", "another-wrong-key")
    assert [(line["level"], line["address"]) for line in lines] == [
        ("warning", "2001:db8::/64")
    ] * len(lines)
    assert [line["delay_s"] for line in lines] == [60]
    assert "wrong-" not in str(lines)


async def test_a_connection_without_an_address_is_one_of_its_own() -> None:
    """A socket that is no IP socket; ASGI gives None."""
    guarded = authenticator(AccessOptions(Secret(KEY)), WRONG_KEYS_MAX)
    for number in range(WRONG_KEYS_MAX):
        scope = asked(x_api_key=f"wrong-{number}") | {"client": None}
        assert await guarded.find(scope) is None
    with pytest.raises(Fault):
        await guarded.find(asked(x_api_key="wrong") | {"client": None})
    assert not await is_locked_out(guarded, "10.0.0.1", KEY)
