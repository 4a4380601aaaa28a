"""`/api/upstreams`: another one is added and served, or refused with the field to blame."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from tests.house import BEARER, House
from tests.serving import Answer, ask, serve
from tests.unit.web.management.settings_town import Town

SECRET = "sk-a-key-of-somebody-0123456789"


async def post(port: int, given: dict[str, Any], **headers: str) -> Answer:
    """Add one."""
    more = {key.replace("_", "-"): text for key, text in headers.items()}
    body = json.dumps(given).encode()
    return await ask(port, "POST", "/api/upstreams", headers=BEARER | more, body=body)


def key_files(folder: Path) -> list[Path]:
    """Those that adding has made."""
    return list(folder.glob(".*.key"))


async def test_one_is_added_and_taken_up(tmp_path: Path) -> None:
    """By a preset's name and a key, which nobody is shown again; only over what was seen."""
    town = Town(tmp_path)
    async with serve(town.app) as port:
        listed = await ask(port, "GET", "/api/upstreams", headers=BEARER)
        etag = listed.headers["etag"]
        added = await post(port, {"name": "groq", "keys": [SECRET]}, If_Match=etag)
        stale = await post(port, {"name": "xai", "keys": [SECRET]}, If_Match=etag)
        again = await ask(port, "GET", "/api/upstreams", headers=BEARER)
    assert {"openai", "ollama"} <= {one["name"] for one in listed.json()["presets"]}
    assert set(listed.json()["kinds"]) >= {"openai", "anthropic"}
    assert added.status == 201
    assert added.json()["reloaded"]["changed"] == ["X"]
    assert added.json()["upstreams"] == again.json()
    (groq,) = (one for one in again.json()["upstreams"] if one["name"] == "groq")
    assert (groq["key_count"], groq["keys_from"]) == (1, "file")
    assert added.headers["etag"] == again.headers["etag"] != etag
    assert (stale.status, town.reload_count) == (412, 1)
    assert SECRET.encode() not in listed.body + added.body + again.body
    assert (tmp_path / ".groq.key").read_text() == f"{SECRET}\n"
    assert not (tmp_path / ".xai.key").exists()
    (block,) = tomllib.loads((tmp_path / "cursor-api.toml").read_text())["upstream"]
    assert block["api_key_file"] == ".groq.key"


async def test_an_address_of_ones_own_needs_no_key(tmp_path: Path) -> None:
    """Nor a model's name; over plain HTTP only where that is said."""
    async with serve(Town(tmp_path).app) as port:
        box: dict[str, Any] = {"name": "box", "base_url": "http://192.168.1.9:8000"}
        refused = await post(port, box)
        added = await post(port, box | {"allow_http": True, "models": ["a"]})
    assert (refused.status, refused.json()["error"]["param"]) == (400, "base_url")
    assert added.status == 201
    (block,) = tomllib.loads((tmp_path / "cursor-api.toml").read_text())["upstream"]
    assert (block["api_key"], block["models"]) == ("-", ["a"])


async def test_what_cannot_be_is_said_with_its_field(tmp_path: Path) -> None:
    """And nothing is reloaded for it, nor written."""
    town = Town(tmp_path)
    async with serve(town.app) as port:
        for given, status, param in (
            ({"name": "a b"}, 400, "name"),
            ({"name": "x"}, 400, "base_url"),
            ({"name": "x", "base_url": "nonsense"}, 400, "base_url"),
            ({"name": "groq"}, 400, "keys"),
            ({"name": "groq", "keys": [f"{SECRET} {SECRET}"]}, 400, "keys"),
            ({"name": "x", "preset": "nobody"}, 400, "preset"),
            ({"name": "x", "base_url": "https://a.example", "kind": "telepathy"}, 400, "kind"),
            ({"name": "x", "base_url": "https://a.example", "models": ["a b"]}, 400, "models"),
            ({"name": town.own_kind}, 409, "name"),
        ):
            answer = await post(port, given)
            assert (answer.status, answer.json()["error"]["param"]) == (status, param), given
            assert SECRET.encode() not in answer.body
        (tmp_path / "cursor-api.toml").write_text("[[upstream")
        broken = await post(port, {"name": "ollama"})
    assert broken.status == 409
    assert town.reload_count == 0
    assert key_files(tmp_path) == []


async def test_a_gateway_without_files_takes_none() -> None:
    """The demo, and a test."""
    async with serve(House().app) as port:
        answer = await post(port, {"name": "ollama"})
        listed = await ask(port, "GET", "/api/upstreams", headers=BEARER)
    assert answer.status == 409
    assert listed.json() == {"upstreams": [], "presets": [], "kinds": []}
