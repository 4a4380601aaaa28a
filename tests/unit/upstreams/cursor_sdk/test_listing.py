"""The models of all keys together."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.transport.client import HttpClient
from cursor_api.upstreams.cursor_sdk.calls import BridgeAddress, SdkCalls, bridge_http_options
from cursor_api.upstreams.cursor_sdk.listing import ASKED_KEYS_MAX, ModelListing
from tests.fakes import StillClock
from tests.scripted_server import ScriptedServer, Turn

MODELS = {"one": ["a", "b"], "two": ["b", "c"], "none": []}


async def answer(turn: Turn) -> None:
    """ListModels by the key that asks; a key that is not known is refused, "down" fails."""
    key = json.loads(turn.body)["options"]["apiKey"]
    if key in MODELS:
        items = [{"id": name} for name in MODELS[key]]
        await turn.answer(json.dumps({"items": items}).encode(), content_type="application/json")
        return
    status, code = (503, "unavailable") if key == "down" else (401, "unauthenticated")
    content = {"code": code, "message": "no", "details": [{"type": "x", "value": ""}]}
    await turn.answer(json.dumps(content).encode(), status, content_type="application/json")


class Bridge:
    """A bridge at an address; counts who wanted it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.count = 0

    async def get_address(self) -> BridgeAddress:
        """See calls.Bridge."""
        self.count += 1
        return BridgeAddress(self.url, Secret("token"))


@asynccontextmanager
async def listing_for(*keys: str) -> AsyncIterator[tuple[ModelListing, Bridge]]:
    """What lists for these keys, in front of a scripted bridge."""

    def find_keys() -> Sequence[Secret]:
        return [Secret(key) for key in keys]

    clock = StillClock()
    parts = UpstreamParts("cursor-sdk", clock, StepRunner(), find_api_keys=find_keys)
    async with ScriptedServer(answer) as server, HttpClient(bridge_http_options(10)) as http:
        bridge = Bridge(server.url)
        yield ModelListing(SdkCalls(http, bridge, clock.now), parts), bridge


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["one"], ["a", "b"]),
        (["one", "two"], ["a", "b", "c"]),
        (["wrong", "two"], ["b", "c"]),
        (["none"], []),
        ([*(["none"] * ASKED_KEYS_MAX), "one"], []),
    ],
)
async def test_the_first_keys_models_come_first(keys: list[str], names: list[str]) -> None:
    """Each model once; a key that is refused is passed over; not all of many are asked."""
    async with listing_for(*keys) as (listing, _):
        assert [model.id for model in await listing.list_models()] == names


async def test_without_a_key_no_bridge_is_wanted() -> None:
    """Whoever does not use the route starts nothing for it."""
    async with listing_for() as (listing, bridge):
        assert await listing.list_models() == []
        assert bridge.count == 0


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (["wrong"], FaultKind.CREDENTIAL_REJECTED),
        (["down", "one"], FaultKind.UPSTREAM_OVERLOADED),
    ],
)
async def test_a_list_that_cannot_be_had_is_told(keys: list[str], kind: FaultKind) -> None:
    """Where all keys are refused, or the fault is nobody's key."""
    async with listing_for(*keys) as (listing, _):
        with pytest.raises(Fault) as caught:
            await listing.list_models()
        assert caught.value.kind is kind


async def test_a_name_is_checked_by_what_is_known_of_the_key() -> None:
    """Before the list is there anything may be right."""
    async with listing_for("one") as (listing, _):
        assert listing.select("a:fast", Secret("one")).name == "a:fast"
        await listing.list_models()
        with pytest.raises(Fault, match="has no parameter 'fast'"):
            listing.select("a:fast", Secret("one"))
        assert listing.select("a:fast", Secret("two")).name == "a:fast"
