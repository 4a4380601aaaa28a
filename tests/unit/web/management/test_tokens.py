"""`/checksum`, `/get-tokeninfo` and `/update-tokeninfo`."""

from __future__ import annotations

import json

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.service.credentials import roster as roster_module
from cursor_api.web.management.tokens import RELOAD_BURST_COUNT, TokenFileOptions
from cursor_api.web.parts import WebOptions
from cursor_api.wire.checksum import parse_checksum
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import Answer, ask, serve

FILES = TokenFileOptions("/data/.token", "/data/.token-list", text_bytes_max=2000)
OPTIONS = WebOptions(version="1", token_files=FILES)
RELOADED = {"status": "success", "message": "Token list has been reloaded"}


async def test_each_checksum_is_a_new_device_of_the_known_form() -> None:
    """To be written behind a token by hand."""
    async with serve(House().app) as port:
        texts = [(await ask(port, "GET", "/checksum")).json()["checksum"] for _ in range(2)]
    assert [len(text) for text in texts] == [137, 137]
    assert len({parse_checksum(text).machine_id for text in texts}) == 2


async def update(port: int, body: object, if_match: str | None = None) -> Answer:
    """POST new texts."""
    headers = BEARER | ({"If-Match": if_match} if if_match is not None else {})
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(port, "POST", "/update-tokeninfo", headers=headers, body=data)


async def test_both_texts_are_read_in_the_references_shape() -> None:
    """Exactly its fields; the ETag is a header."""
    async with serve(House(options=OPTIONS).app) as port:
        answer = await ask(port, "POST", "/get-tokeninfo", headers=BEARER)
    assert answer.status == 200
    assert answer.json() == {
        "status": "success",
        "token_file": "/data/.token",
        "token_list_file": "/data/.token-list",
        "tokens": "a::secret-token-of-a\n",
        "token_list": f"secret-token-of-a,aaaaaaaa{'0' * 64}\n",
    }
    assert len(answer.headers["etag"]) == 34
    assert answer.headers["cache-control"] == "no-store"


async def test_new_texts_serve_at_once_in_the_references_shape() -> None:
    """With the ETag of what is there now; new tokens have a device."""
    house = House(options=OPTIONS)
    async with serve(house.app) as port:
        answer = await update(port, {"tokens": "x::new-token\na::secret-token-of-a\n"})
        read = await ask(port, "POST", "/get-tokeninfo", headers=BEARER)
    assert answer.json() == {
        "status": "success",
        "message": "Token files have been updated and reloaded",
        "token_file": "/data/.token",
        "token_list_file": "/data/.token-list",
        "token_count": 2,
    }
    assert answer.headers["etag"] == read.headers["etag"]
    assert "new-token,NEWONE00" in read.json()["token_list"]
    assert [one.alias for one in house.pool.credentials] == ["x", "a"]


async def test_both_texts_can_be_replaced_and_further_fields_are_skipped() -> None:
    """An absent list and null leave the list alone; another program's fields do no harm."""
    house = House(options=OPTIONS)
    line = f"new-token,{'b' * 8}{'1' * 64}\n"
    async with serve(house.app) as port:
        for body in (
            {"tokens": "new-token\n", "token_list": line, "extra": 1},
            {"tokens": "y::new-token\n", "token_list": None},
        ):
            assert (await update(port, body)).status == 200
    assert house.pool.credentials[0].binding == f"{'b' * 8}{'1' * 64}"


async def test_a_lost_update_is_prevented() -> None:
    """The second of two editors is told, and nothing of the first one's is lost."""
    async with serve(House(options=OPTIONS).app) as port:
        etag = (await ask(port, "POST", "/get-tokeninfo", headers=BEARER)).headers["etag"]
        assert (await update(port, {"tokens": "first\n"}, etag)).status == 200
        answer = await update(port, {"tokens": "second\n"}, etag)
        assert answer.status == 412
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("precondition_failed", "If-Match")
        read = await ask(port, "POST", "/get-tokeninfo", headers=BEARER)
        assert read.json()["tokens"] == "first\n"
        assert (await update(port, {"tokens": "second\n"}, read.headers["etag"])).status == 200


@pytest.mark.parametrize(
    ("pattern", "status"),
    [
        ('"{etag}"', 200),
        ("{etag}", 200),
        ('W/"{etag}"', 200),
        ("*", 200),
        ('"other", "{etag}"', 200),
        ('"other", *', 200),
        ('"other", "another"', 412),
        ('"other"', 412),
        ('""', 412),
        (",", 412),
    ],
)
async def test_if_match_in_every_spelling(pattern: str, status: int) -> None:
    """One, several, any; weakened by a proxy that compresses; without the quotes."""
    async with serve(House(options=OPTIONS).app) as port:
        read = await ask(port, "POST", "/get-tokeninfo", headers=BEARER)
        etag = read.headers["etag"].strip('"')
        answer = await update(port, {"tokens": "x\n"}, pattern.format(etag=etag))
        assert answer.status == status


async def test_every_bad_line_is_named_and_nothing_is_changed() -> None:
    """File and line for programs, the first words for people, a secret for nobody."""
    house = House(options=OPTIONS)
    async with serve(house.app) as port:
        answer = await update(
            port, {"tokens": "canary one\nok\ncanary,two\n", "token_list": "ok,canary-sum\n"}
        )
    assert answer.status == 400
    body = answer.json()
    assert body["error"]["code"] == "invalid_tokens"
    assert [(problem["file"], problem["line"]) for problem in body["problems"]] == [
        ("token file", 1),
        ("token file", 3),
        ("token list", 1),
    ]
    assert b"canary" not in answer.body
    assert [one.alias for one in house.pool.credentials] == ["a"]


async def test_the_field_with_the_bad_lines_is_named() -> None:
    """Where it is one of the two."""
    files = TokenFileOptions("token file", "token list", 2000)
    async with serve(House(options=WebOptions("1", token_files=files)).app) as port:
        for body, param in (
            ({"tokens": "a b\n"}, "tokens"),
            ({"tokens": "", "token_list": "x"}, "token_list"),
            ({"tokens": "a b", "token_list": "x"}, None),
        ):
            assert (await update(port, body)).json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"", 400, "tokens"),
        (b"{", 400, None),
        ({"tokens": 1}, 400, "tokens"),
        ({"tokens": None}, 400, "tokens"),
        ({"tokens": "", "token_list": 1}, 400, "token_list"),
        ({"tokens": "x" * 2001}, 413, None),
        ({"tokens": "", "token_list": "中" * 700}, 413, None),
        (b" " * 20_000, 413, None),
    ],
)
async def test_a_body_that_does_not_fit(body: object, status: int, param: str | None) -> None:
    """The limit is the store's own, for each file; escapes in JSON do not count."""
    async with serve(House(options=OPTIONS).app) as port:
        answer = await update(port, body)
        assert (answer.status, answer.json()["error"]["param"]) == (status, param)
        full = await update(port, {"tokens": "#" + "中" * 600, "token_list": "#" + "中" * 600})
        assert full.status == 200


async def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nobody's input that is wrong."""
    house = House(options=OPTIONS)

    async def full(*_arguments: object, **_named: object) -> None:
        raise StoreError("/data/.token cannot be written: No space left on device.")

    monkeypatch.setattr(house.store, "replace_text", full)
    async with serve(house.app) as port:
        answer = await update(port, {"tokens": "x\n"})
    assert answer.status == 500
    assert "No space left" in answer.json()["error"]["message"]


async def test_reading_again_needs_no_key_and_tells_nothing() -> None:
    """The earlier program's answer, whether anything changed or not."""
    async with serve(House(options=OPTIONS).app) as port:
        answer = await ask(port, "GET", "/update-tokeninfo?tokens=evil")
        assert (answer.status, answer.json()) == (200, RELOADED)


async def test_files_that_cannot_be_used_are_a_conflict_without_details(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stranger learns no path and no line; the operator has the page and the log."""
    monkeypatch.setattr(roster_module, "LOOK_AGAIN_S", 0.001)
    house = House(options=OPTIONS)
    house.roster.trouble = StoreError("/data/.token line 3")
    async with serve(house.app) as port:
        answer = await ask(port, "GET", "/update-tokeninfo")
    assert answer.status == 409
    assert b"/data" not in answer.body
    assert "problems" not in answer.json()


async def test_reading_again_is_limited() -> None:
    """Anybody may ask; not as often as they like. The clock of this test stands."""
    house = House(options=OPTIONS)
    house.clock.now = house.clock.monotonic = lambda: 1e6  # type: ignore[method-assign]  # a clock that stands
    async with serve(house.app) as port:
        answers = [
            await ask(port, "GET", "/update-tokeninfo") for _ in range(RELOAD_BURST_COUNT + 2)
        ]
    assert [answer.status for answer in answers] == [200] * RELOAD_BURST_COUNT + [429, 429]
    assert answers[-1].headers["retry-after"] == "1"


async def test_the_operator_never_waits_for_what_others_ask() -> None:
    """Nor takes it from them; a key that may only chat is anybody's. The clock stands."""
    house = House(options=OPTIONS)
    house.clock.now = house.clock.monotonic = lambda: 1e6  # type: ignore[method-assign]  # a clock that stands
    chat_only = {"x-api-key": CLIENT_KEY}
    async with serve(house.app) as port:
        for headers, statuses in (
            (BEARER, [200] * 20),
            ({}, [200] * RELOAD_BURST_COUNT),
            ({}, [429]),
            (chat_only, [429]),
            ({"Authorization": "Bearer wrong"}, [429]),
            (BEARER, [200] * 20),
        ):
            answers = [
                await ask(port, "GET", "/update-tokeninfo", headers=headers) for _ in statuses
            ]
            assert [answer.status for answer in answers] == statuses, headers
