"""PASSTHROUGH: the caller's key is the Cursor token, as with the earlier program's ancestors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.wire.checksum import parse_checksum
from tests.acceptance.in_process import KEY, Gateway, gateway_before
from tests.openai_stream import read_answer

# In the form of the real ones, and short enough that nobody takes them for one.
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
OTHER_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJiIn0.c2lnbmF0dXJl"
SPELLINGS = {
    "bare": JWT,
    "cookie": f"user_01ABC%3A%3A{JWT}",
    "decoded cookie": f"user_01ABC::{JWT}",
}
# Made in 2024; the device ids behind the eight characters are what counts.
CHECKSUM = f"paaotdDV{'1a' * 32}/{'2b' * 32}"
OTHER_CHECKSUM = f"paaotdDV{'3c' * 32}/{'4d' * 32}"


@asynccontextmanager
async def house(**environment: str) -> AsyncIterator[tuple[Gateway, CursorSimulator]]:
    """A gateway in pass-through with a token file of its own, and the simulator behind it."""
    variables = {"PASSTHROUGH": "true"} | environment
    async with (
        CursorSimulator(SimulatorOptions()) as far,
        gateway_before(far.url, environment=variables, tokens=["the-gateways-own"]) as gateway,
    ):
        yield gateway, far


def bearer(key: str, **more: str) -> dict[str, str]:
    """Headers that present a key; underscores in names become hyphens."""
    return {"Authorization": f"Bearer {key}"} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def devices(simulator: CursorSimulator) -> list[tuple[str, str | None]]:
    """The device ids of every request, in the order of arrival."""
    checksums = (parse_checksum(one.headers["x-cursor-checksum"]) for one in simulator.requests)
    return [(checksum.machine_id, checksum.mac_machine_id) for checksum in checksums]


DEVICE = ("1a" * 32, "2b" * 32)
OTHER_DEVICE = ("3c" * 32, "4d" * 32)


async def test_the_key_is_the_token_in_every_spelling() -> None:
    """Bare, as the browser's cookie has it, and decoded: upstream sees the part behind `::`."""
    async with house() as (gateway, far):
        for spelling in SPELLINGS.values():
            for is_stream in (False, True):
                headers = bearer(spelling)
                answer = await gateway.chat("Hello", headers=headers, stream=is_stream)
                assert answer.status == 200
        assert {one.credential for one in far.requests} == {JWT}
        assert len(far.requests) == 2 * len(SPELLINGS)


async def test_the_other_header_for_keys_works_too() -> None:
    """Some clients send `x-api-key`."""
    async with house() as (gateway, far):
        headers = {"Authorization": "", "x-api-key": SPELLINGS["cookie"]}
        assert (await gateway.chat("Hello", headers=headers)).status == 200
        assert far.requests[-1].credential == JWT


async def test_several_tokens_rotate() -> None:
    """With commas between them, each request takes the next, whatever their spellings."""
    async with house() as (gateway, far):
        headers = bearer(f"{SPELLINGS['cookie']}, user_02DEF::{OTHER_JWT} ,a-third-one")
        for _ in range(6):
            assert (await gateway.chat("Hello", headers=headers)).status == 200
        asked = [one.credential for one in far.requests]
    assert sorted(asked[:3]) == sorted([JWT, OTHER_JWT, "a-third-one"])
    assert asked[3:] == asked[:3]


async def test_a_refused_token_gives_way_to_the_next() -> None:
    """One of several that Cursor does not take costs an attempt, not the request."""
    async with house() as (gateway, far):
        headers = bearer("sim-error-38,a-good-one")
        for _ in range(4):
            answer = await gateway.chat("Hello", headers=headers)
            assert read_answer(answer.body).choices[0].finish_reason == "stop"
        assert {one.credential for one in far.requests} == {"sim-error-38", "a-good-one"}


@pytest.mark.parametrize("is_stream", [False, True])
async def test_when_all_are_refused_it_is_the_callers_key(is_stream: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """401, so that the caller looks at the key; and told once, so that an SDK does not insist."""
    async with house() as (gateway, _far):
        headers = bearer("sim-error-38@a,sim-401@b")
        answer = await gateway.chat("Hello", headers=headers, stream=is_stream)
        assert (answer.status, answer.json()["error"]["code"]) == (401, "invalid_api_key")
        assert answer.headers["x-should-retry"] == "false"
        assert (await gateway.chat("Hello", headers=bearer(JWT))).status == 200


async def test_the_checksum_comes_from_the_header_first() -> None:
    """`x-cursor-checksum` of the request, before that of the environment."""
    async with house(X_CURSOR_CHECKSUM=OTHER_CHECKSUM) as (gateway, far):
        headers = bearer(JWT, x_cursor_checksum=CHECKSUM)
        assert (await gateway.chat("Hello", headers=headers)).status == 200
        assert (await gateway.chat("Hello", headers=bearer(JWT))).status == 200
        assert devices(far) == [DEVICE, OTHER_DEVICE]


@pytest.mark.parametrize("name", ["X_CURSOR_CHECKSUM", "x-cursor-checksum", "X-CURSOR-CHECKSUM"])
async def test_the_checksum_comes_from_the_environment(name: str) -> None:
    """In the ancestors' spelling, as Windows has it too, and in one that every shell can set."""
    async with house(**{name: CHECKSUM}) as (gateway, far):
        assert (await gateway.chat("Hello", headers=bearer(JWT))).status == 200
        assert devices(far) == [DEVICE]


async def test_the_checksum_can_go_out_as_it_is() -> None:
    """CURSOR_CHECKSUM_TIME=stored: not even its time part is touched."""
    async with house(CURSOR_CHECKSUM_TIME="stored") as (gateway, far):
        headers = bearer(JWT, x_cursor_checksum=CHECKSUM)
        await gateway.chat("Hello", headers=headers)
        assert far.requests[-1].headers["x-cursor-checksum"] == CHECKSUM


async def test_without_a_checksum_one_is_made_up_that_stays() -> None:
    """The same token is the same device at every request; another token is another device."""
    async with house() as (gateway, far):
        for key in (JWT, SPELLINGS["cookie"], OTHER_JWT):
            assert (await gateway.chat("Hello", headers=bearer(key))).status == 200
        first, again, other = devices(far)
    assert first == again
    assert first != other


async def test_a_checksum_that_is_none_is_refused() -> None:
    """400 that names the header; nothing is asked upstream."""
    async with house() as (gateway, far):
        headers = bearer(JWT, x_cursor_checksum="not a checksum!")
        answer = await gateway.chat("Hello", headers=headers)
        assert (answer.status, answer.json()["error"]["param"]) == (400, "x-cursor-checksum")
        assert not far.requests


async def test_the_operators_key_still_uses_the_token_file() -> None:
    """And a checksum in its request's headers does not reach the gateway's own credentials."""
    async with house() as (gateway, far):
        headers = bearer(KEY, x_cursor_checksum=CHECKSUM)
        assert (await gateway.chat("Hello", headers=headers)).status == 200
        assert far.requests[-1].credential == "the-gateways-own"
        assert devices(far) != [DEVICE]


async def test_off_by_default_a_token_is_a_wrong_key() -> None:
    """Without PASSTHROUGH nobody's own token opens the gateway."""
    async with house(PASSTHROUGH="false") as (gateway, far):
        for spelling in SPELLINGS.values():
            assert (await gateway.chat("Hello", headers=bearer(spelling))).status == 401
        assert not far.requests


async def test_without_an_operators_key_everybody_brings_a_token() -> None:
    """With PASSTHROUGH the gateway may have no AUTH_TOKEN at all."""
    async with house(AUTH_TOKEN="") as (gateway, far):
        assert (await gateway.chat("Hello", headers=bearer(JWT))).status == 200
        assert (await gateway.chat("Hello", headers=bearer(""))).status == 401
        assert far.requests[-1].credential == JWT
