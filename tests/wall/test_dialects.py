"""The sixteen scenarios of the wall, asked through the other client APIs."""

from __future__ import annotations

import asyncio

import pytest

from tests.wall.dialects import APIS, Api, in_chats_words, ways_of
from tests.wall.house import play
from tests.wall.judge import judge
from tests.wall.run import SIXTEEN
from tests.wall.scenario import Scenario

KEYS = [key for key, row in SIXTEEN.items() if isinstance(row, Scenario)]


@pytest.mark.parametrize("api", APIS, ids=lambda one: one.name)
@pytest.mark.parametrize("key", KEYS)
async def test_every_client_api_tells_the_same_truth(key: str, api: Api) -> None:
    """Streamed and in one piece: the same shapes, attempts and records, under the API's names."""
    row = SIXTEEN[key]
    assert isinstance(row, Scenario)
    found: list[str] = []
    # Side by side: most of a scenario is waiting.
    for played in await asyncio.gather(*(play(row, way) for way in ways_of(api))):
        translated, wrong = in_chats_words(played, api)
        found += wrong + judge(translated)
    assert not found, "\n".join(found)
