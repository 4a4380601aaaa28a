"""API keys in a whole gateway: known from the first request on, through every reload."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

from msgspec.structs import replace

from cursor_api.bootstrap import build_gateway, file_stores, memory_stores
from cursor_api.domain.api_key import ApiKey, digest_of
from cursor_api.domain.permission import Permission
from cursor_api.domain.price import Price
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.stores.memory_keys import MemoryKeyStore
from cursor_api.telemetry.redaction import Redactor
from tests.records import record_of
from tests.serving import ask, serve

SECRET = "sk-ca-a-secret-of-a-stored-key"


async def test_stored_keys_and_prices_are_there_from_the_start(tmp_path: Path) -> None:
    """A key of the store opens what the operator's does, before and after a reload."""
    store = MemoryKeyStore()
    key = ApiKey("boss", digest_of(SECRET), "sk-ca-a", "Boss", 1.0, role=Permission.ADMIN)
    await store.put(key)
    await store.put_price(Price("m", dt.date(2025, 1, 1), 1, 2, "s"))
    variables = {"AUTH_TOKEN": "a-key-of-the-operator"}
    settings = load_settings(SCHEMA, variables, tmp_path).settings
    stores = replace(memory_stores([]), keys=store)
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with build_gateway(settings, stores, Redactor()) as gateway, serve(gateway.app) as port:
        for _ in range(2):
            answer = await ask(port, "GET", "/api/keys", headers=headers)
            assert [one["id"] for one in answer.json()["keys"]] == ["boss"]
            prices = await ask(port, "GET", "/api/prices", headers=headers)
            assert [one["model"] for one in prices.json()["prices"]] == ["m"]
            await gateway.renew(settings)


async def test_a_restart_forgets_neither_keys_nor_what_they_used(tmp_path: Path) -> None:
    """Counters begin with what is recorded: of two requests a day one is left."""
    variables = {"AUTH_TOKEN": "a-key-of-the-operator"}
    settings = load_settings(SCHEMA, variables, tmp_path).settings
    operator = {"Authorization": "Bearer a-key-of-the-operator"}
    body = b'{"name":"Alice","limits":{"requests_per_day":2,"tokens_per_day":100}}'
    stores = file_stores(settings)
    async with build_gateway(settings, stores, Redactor()) as gateway, serve(gateway.app) as port:
        made = await ask(port, "POST", "/api/keys", headers=operator, body=body)
        assert stores.records is not None
        stores.records.record(record_of(1, caller="alice", started_at=time.time()))
    own = {"Authorization": f"Bearer {made.json()['secret']}"}
    stores = file_stores(settings)
    async with build_gateway(settings, stores, Redactor()) as gateway, serve(gateway.app) as port:
        usage = (await ask(port, "GET", "/v1/usage", headers=own)).json()
    assert [one["left"] for one in usage["key"]["left"]] == [1, 100 - 19]
