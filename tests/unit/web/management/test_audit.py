"""`/api/audit`: what operators did, by every address that changes something."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cursor_api.domain.act import ActKind
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import Answer, ask, serve
from tests.unit.web.management.settings_town import Town

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuZXcifQ.c2lnbmF0dXJl"
PRICE = {"model": "m", "valid_from": "2026-01-31", "input": 1, "output": 2, "source": "a page"}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


async def call(port: int, method: str, path: str, body: object = None, key: str = "") -> Answer:
    """One request of the operator, or of whoever has the key; it has to be well."""
    headers = {"Authorization": f"Bearer {key}"} if key else BEARER
    data = b"" if body is None else json.dumps(body).encode()
    answer = await ask(port, method, path, headers=headers, body=data)
    assert answer.status < 300, answer.body
    return answer


async def acts(port: int, query: str = "") -> Sequence[Any]:
    """What was done, the first act first."""
    found: list[Any] = (await call(port, "GET", f"/api/audit{query}")).json()["acts"]
    return [(one["actor"], one["kind"], one["subject"]) for one in reversed(found)]


async def test_keys_prices_credentials_and_records() -> None:
    """Each act once, by who did it; looking at something is none, nor is a look ahead."""
    async with serve(House().app) as port:
        admin = {"name": "Bob", "role": "admin"}
        secret = (await call(port, "POST", "/api/keys", admin)).json()["secret"]
        await call(port, "POST", "/api/keys", {"name": "Alice"}, secret)
        await call(port, "PATCH", "/api/keys/alice", {"note": "a canary"})
        await call(port, "POST", "/api/keys/alice/rotate", {})
        await call(port, "POST", "/api/keys/alice/revoke")
        await call(port, "DELETE", "/api/keys/alice")
        await call(port, "PUT", "/api/prices", PRICE)
        await call(port, "DELETE", "/api/prices?model=m&valid_from=2026-01-31")
        text = {"tokens": f"new::{TOKEN}"}
        await call(port, "POST", "/api/credentials", {**text, "dry_run": True})
        await call(port, "POST", "/api/credentials", text)
        await call(port, "PATCH", "/api/credentials/new", {"alias": "newer"})
        await call(port, "DELETE", "/api/credentials/newer")
        await call(port, "POST", "/v1/chat/completions", CHAT)
        await call(port, "DELETE", "/api/requests?caller=operator&text=canary")
        await call(port, "DELETE", "/api/requests?caller=operator&text=&confirm=1")
        told = await acts(port)
        assert told == [
            ("operator", "key_created", "bob"),
            ("bob", "key_created", "alice"),
            ("operator", "key_changed", "alice"),
            ("operator", "key_rotated", "alice"),
            ("operator", "key_revoked", "alice"),
            ("operator", "key_deleted", "alice"),
            ("operator", "price_set", "m 2026-01-31"),
            ("operator", "price_removed", "m 2026-01-31"),
            ("operator", "credential_added", "new"),
            ("operator", "credential_changed", "new"),
            ("operator", "credential_removed", "newer"),
            ("operator", "records_deleted", "1: caller=operator text=…"),
        ]
        assert await acts(port, "?kind=key_created&actor=bob") == told[1:2]
        whole = await call(port, "GET", "/api/audit?count=500")
        assert secret.encode() not in whole.body
        assert b"canary" not in whole.body
        assert TOKEN.encode() not in whole.body


async def test_settings_upstreams_and_token_files(tmp_path: Path) -> None:
    """No value is told: it may be a secret."""
    async with serve(Town(tmp_path).app) as port:
        await call(port, "PUT", "/api/settings/ROUTE_PREFIX", {"value": "canary"})
        await call(port, "POST", "/api/reload")
        upstream = {"name": "mine", "base_url": "http://127.0.0.1:1/v1", "models": ["m"]}
        await call(port, "POST", "/api/upstreams", {**upstream, "kind": "openai"})
        await call(port, "POST", "/update-tokeninfo", {"tokens": f"me::{TOKEN}"})
        assert await acts(port) == [
            ("operator", "setting_changed", "ROUTE_PREFIX"),
            ("operator", "settings_reloaded", "X"),
            ("operator", "upstream_added", "mine"),
            ("operator", "tokens_replaced", ""),
        ]


async def test_acts_come_page_by_page_and_by_time() -> None:
    """The last one first, with a time that programs read."""
    house = House()
    async with serve(house.app) as port:
        for number in range(3):
            await house.keys.audit.note("operator", ActKind.PRICE_SET, str(number))
        first = (await call(port, "GET", "/api/audit?count=2")).json()
        assert [one["subject"] for one in first["acts"]] == ["2", "1"]
        assert first.keys() == {"acts", "continue_from"}
        rest = await call(port, "GET", f"/api/audit?count=2&before={first['continue_from']}")
        [last] = rest.json()["acts"]
        assert (last["subject"], rest.json()["continue_from"]) == ("0", None)
        assert last.keys() == {"number", "at", "actor", "kind", "subject"}
        assert datetime.fromisoformat(last["at"]).utcoffset() is not None
        assert await acts(port, "?until=1970-01-01") == []
        assert len(await acts(port, "?since=1970-01-01")) == 3


async def test_a_wrong_parameter_is_named_and_only_an_operator_reads_it() -> None:
    """As everywhere; whoever may chat may not."""
    wrong = ("kind=no", "count=0", "count=501", "before=0", "since=x", "who=me", "actor=%00")
    async with serve(House().app) as port:
        for query in wrong:
            answer = await ask(port, "GET", f"/api/audit?{query}", headers=BEARER)
            assert (answer.status, query) == (400, query)
            assert answer.json()["error"]["param"] == query.partition("=")[0]
        headers = {"Authorization": f"Bearer {CLIENT_KEY}"}
        assert (await ask(port, "GET", "/api/audit", headers=headers)).status == 403
