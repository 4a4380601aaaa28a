"""`/api/settings`: what the operator is shown."""

from __future__ import annotations

from pathlib import Path

from cursor_api.installed import SCHEMA
from cursor_api.ports.configuration import Reloaded
from cursor_api.settings import SettingsInUse, load_settings
from tests.house import BEARER, KEY, House
from tests.serving import ask, serve


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
        "waiting": [],
        "problems": [],
        "credential_count": 3,
        "credential_problem": None,
    }
    assert (refused.status, asked) == (401, [True])
