"""The sixteen scenarios of the wall, asked through the other client APIs."""

from __future__ import annotations

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
    for way in ways_of(api):
        played, wrong = in_chats_words(await play(row, way), api)
        found += wrong + judge(played)
    assert not found, "\n".join(found)
