"""`/api/settings`: what the operator is shown."""

from __future__ import annotations

import json
from pathlib import Path

from cursor_api.installed import SCHEMA
from cursor_api.ports.configuration import Reloaded
from cursor_api.settings import SettingsInUse, load_settings
from tests.house import BEARER, KEY, House
from tests.serving import Answer, ask, serve
from tests.unit.web.management.settings_town import Town


async def test_all_settings_are_listed_and_none_shows_a_secret(tmp_path: Path) -> None:
    """With their names, sources and words, behind the operator's key, for no cache."""
    (tmp_path / ".env").write_text(f"CLIENT_TOKENS=another-{KEY}\nGATEWAY_REQUESTS_MAY=7\n")
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path)
    house = House(configuration=SettingsInUse(SCHEMA, loaded, lambda: loaded))
    async with serve(house.app) as port:
        answer = await ask(port, "GET", "/api/settings", headers=BEARER)
    assert answer.headers["cache-control"] == "no-store"
    assert KEY.encode() not in answer.body
    body = answer.json()
    assert set(body) == {"settings", "problems", "warnings"}
    by_name = {one["name"]: one for one in body["settings"]}
    assert set(by_name["PORT"]["text"]) == {"en", "zh"}
    assert by_name["CLIENT_TOKENS"]["source"] == ".env"
    assert "GATEWAY_REQUESTS_MAX" in str(body["warnings"])


async def test_they_are_read_again_when_the_operator_asks(tmp_path: Path) -> None:
    """By whoever serves, whose answer it is; nobody else may."""
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path)
    in_use = SettingsInUse(SCHEMA, loaded, lambda: loaded)
    asked = []

    async def reload() -> Reloaded:
        asked.append(True)
        return Reloaded(changed=("PORT",), credential_count=3)

    house = House(configuration=in_use)
    async with serve(house.app) as port:
        unserved = await ask(port, "POST", "/api/reload", headers=BEARER)
        in_use.on_reload = reload
        done = await ask(port, "POST", "/api/reload", headers=BEARER)
        refused = await ask(port, "POST", "/api/reload")
    assert unserved.json()["credential_count"] is None
    assert done.json() == {
        "changed": ["PORT"],
        "added": [],
        "removed": [],
        "waiting": [],
        "problems": [],
        "credential_count": 3,
        "credential_problem": None,
    }
    assert (refused.status, asked) == (401, [True])


async def put(port: int, name: str, value: str | None, **headers: str) -> Answer:
    """Change one."""
    body = json.dumps({"value": value}).encode()
    more = {key.replace("_", "-"): text for key, text in headers.items()}
    return await ask(port, "PUT", f"/api/settings/{name}", headers=BEARER | more, body=body)


async def test_one_is_changed_and_taken_up(tmp_path: Path) -> None:
    """Only over what was seen, and it says how it stands now."""
    town = Town(tmp_path)
    async with serve(town.app) as port:
        listed = await ask(port, "GET", "/api/settings", headers=BEARER)
        changed = await put(port, "GATEWAY_REQUESTS_MAX", "77", If_Match=listed.headers["etag"])
        assert changed.status == 200
        body = changed.json()
        assert (body["setting"]["value"], body["setting"]["source"]) == ("77", ".env")
        assert body["reloaded"]["changed"] == ["X"]
        assert changed.headers["etag"] != listed.headers["etag"]
        stale = await put(port, "GATEWAY_REQUESTS_MAX", "78", If_Match=listed.headers["etag"])
        assert stale.status == 412
        back = await put(port, "GATEWAY_REQUESTS_MAX", None, If_Match=changed.headers["etag"])
        assert back.json()["setting"]["is_set"] is False
    assert town.reload_count == 2


async def test_a_secret_is_written_and_never_shown(tmp_path: Path) -> None:
    """Neither in the answer nor in an error."""
    async with serve(Town(tmp_path).app) as port:
        changed = await put(port, "CLIENT_TOKENS", "a-key-of-somebody-0123")
        assert changed.status == 200
        wrong = await put(port, "CLIENT_TOKENS", "short-é-key")
        assert wrong.status == 400
    assert b"somebody" not in changed.body
    assert b"short" not in wrong.body
    assert "a-key-of-somebody-0123" in (tmp_path / ".env").read_text()


async def test_what_cannot_be_is_said_with_its_field(tmp_path: Path) -> None:
    """And nothing is reloaded for it."""
    town = Town(tmp_path)
    async with serve(town.app) as port:
        for name, value, status, param in (
            ("NOBODY", "1", 404, "name"),
            ("PORT", "3001", 409, "name"),
            ("GATEWAY_REQUESTS_MAX", "many", 400, "value"),
        ):
            answer = await put(port, name, value)
            assert (answer.status, answer.json()["error"]["param"]) == (status, param)
        body = b'{"value":7}'
        path = "/api/settings/PORT"
        assert (await ask(port, "PUT", path, headers=BEARER, body=body)).status == 400
    assert town.reload_count == 0


async def test_a_gateway_without_files_changes_none() -> None:
    """The demo, and a test."""
    async with serve(House().app) as port:
        answer = await put(port, "GATEWAY_REQUESTS_MAX", "7")
        listed = await ask(port, "GET", "/api/settings", headers=BEARER)
    assert answer.status == 409
    assert "etag" not in listed.headers
