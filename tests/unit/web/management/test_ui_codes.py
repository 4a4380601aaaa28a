"""Signing a browser in with a code."""

from __future__ import annotations

import hashlib
import json

import pytest

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.credential import Secret
from cursor_api.domain.permission import Permission
from cursor_api.web.management.ui_codes import CODES_MAX, EXPIRES_S, OPERATORS, UiCodes
from tests.fakes import StillClock
from tests.house import BEARER, CLIENT_KEY, KEY, House
from tests.serving import Answer, ask, serve


async def begin(port: int, code: str) -> Answer:
    """As the page does: without a key."""
    body = json.dumps({"code": code}).encode()
    return await ask(port, "POST", "/api/ui-session", body=body)


async def test_a_code_is_changed_for_the_key_once() -> None:
    """Neither answer is for a cache."""
    house = House(clock=StillClock())
    async with serve(house.app) as port:
        made = await ask(port, "POST", "/api/ui-code", headers=BEARER)
        assert (made.status, made.json()["expires_s"]) == (200, EXPIRES_S)
        code = made.json()["code"]
        assert len(code) >= 43
        begun = await begin(port, code)
        assert (begun.status, begun.json()) == (200, {"key": KEY})
        assert made.headers["cache-control"] == begun.headers["cache-control"] == "no-store"
        again = await begin(port, code)
    assert (again.status, again.json()["error"]["code"]) == (400, "invalid_code")
    assert KEY.encode() not in again.body


async def test_a_code_is_good_for_a_minute_and_through_a_change_of_settings() -> None:
    """The page may open while the settings are reloaded."""
    clock = StillClock()
    house = House(clock=clock)
    async with serve(house.app) as port:
        codes = [
            (await ask(port, "POST", "/api/ui-code", headers=BEARER)).json()["code"]
            for _ in range(2)
        ]
        house.app.use(house.parts, house.options)
        clock.seconds += EXPIRES_S - 1
        assert (await begin(port, codes[0])).status == 200
        clock.seconds += 1
        assert (await begin(port, codes[1])).status == 400


async def test_who_asks_with_an_api_key_gets_that_key() -> None:
    """Never the operator's, which would still be good when the API key is revoked."""
    house = House()
    boss = await house.keys.keys.create(KeyTerms("Boss", role=Permission.ADMIN))
    for name in ("Authorization", "x-api-key"):
        secret = boss.secret.reveal()
        headers = {name: f"Bearer {secret}" if name == "Authorization" else secret}
        async with serve(house.app) as port:
            made = await ask(port, "POST", "/api/ui-code", headers=headers)
            begun = await begin(port, made.json()["code"])
        assert begun.json() == {"key": secret}
    codes = house.app._lasting.ui_codes
    codes.make(boss.secret)
    assert boss.secret.reveal() not in str(vars(codes))


async def test_who_may_only_chat_gets_no_code() -> None:
    """Nor does anybody without a key."""
    async with serve(House().app) as port:
        chat = {"Authorization": f"Bearer {CLIENT_KEY}"}
        assert (await ask(port, "POST", "/api/ui-code", headers=chat)).status == 403
        assert (await ask(port, "POST", "/api/ui-code")).status == 401


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"code":7}', b'{"code":"\\ud800"}', b'{"code":"x"}']
)
async def test_anything_else_is_refused(body: bytes) -> None:
    """It opens nothing, whatever it is."""
    async with serve(House().app) as port:
        answer = await ask(port, "POST", "/api/ui-session", body=body)
    assert answer.status == 400
    assert KEY.encode() not in answer.body


async def test_a_stranger_sends_little_and_not_often() -> None:
    """A large body is refused unread; after some tries wrong codes wait, and right ones do not."""
    house = House(clock=StillClock())
    async with serve(house.app) as port:
        large = await ask(port, "POST", "/api/ui-session", body=b"x" * 2000)
        assert large.status == 413
        answers = [await begin(port, "wrong") for _ in range(11)]
        code = (await ask(port, "POST", "/api/ui-code", headers=BEARER)).json()["code"]
        assert (await begin(port, code)).status == 200
        assert (await begin(port, code)).status == 429
    assert [one.status for one in answers] == [400] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "1"


def test_the_oldest_codes_make_room_and_no_code_is_kept() -> None:
    """A program that asks on and on takes no more memory."""
    codes = UiCodes(StillClock())
    made = [codes.make() for _ in range(CODES_MAX + 1)]
    assert repr(codes) == f"UiCodes({CODES_MAX})"
    digests = [hashlib.sha256(code.encode()).hexdigest() for code in made]
    assert codes.take(digests[0]) is None
    assert codes.take(digests[1]) == OPERATORS
    assert codes.take(digests[1]) is None
    assert not any(code in str(vars(codes)) for code in made)


async def test_where_callers_bring_their_own_and_there_is_no_operator_no_code_opens_anything() -> (
    None
):
    """There is no key to be had."""
    house = House()
    house.parts.keys.pop("operator")  # type: ignore[attr-defined]  # a dict here
    house.app.use(house.parts, house.options)
    async with serve(house.app) as port:
        assert (await begin(port, house.app._lasting.ui_codes.make())).status == 400
    assert Secret(KEY).masked not in str(house.app._lasting.ui_codes)
