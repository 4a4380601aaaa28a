"""The official route as an upstream."""

from __future__ import annotations

from cursor_api.domain.features import Feature
from cursor_api.simulator.cursor_sdk.options import BridgeOptions
from cursor_api.simulator.scenario import Scenario
from cursor_api.upstreams.cursor_sdk.kind import CursorSdkKind
from tests.sdk_stage import KEY, stage, user


async def test_it_lists_and_answers_and_shows_no_key() -> None:
    """The models of its keys; a chat; and what it says of itself."""
    async with stage(BridgeOptions(scenario=Scenario("All well."))) as on:
        names = [model.id for model in await on.upstream.list_models()]
        assert {"auto", "composer-2.5"} <= set(names)
        assert (await on.ask(user("How are you?"))).text == "All well."
        assert KEY.reveal() not in repr(on.upstream)


def test_it_says_what_it_can() -> None:
    """Tools, demanded ones too, images and effort; not how words are chosen."""
    features = CursorSdkKind.features
    assert {Feature.TOOLS, Feature.FORCED_TOOLS, Feature.IMAGES} <= features
    assert not features & {Feature.TEMPERATURE, Feature.SEED, Feature.MANY_ANSWERS}
