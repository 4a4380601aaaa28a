"""The simulation of many nodes in its short form: what one finds out all come to know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fleet.__main__ import DELAYS, render
from tests.fleet.channel import Delay
from tests.fleet.fleet import Fleet, Plan
from tests.fleet.scenarios import FEW, FEW_CREDENTIALS, MANY, Row, Scenario

SMALL = Plan(node_count=8, credential_count=60, per_s=5.0)


def play(scenario: Scenario, plan: Plan) -> list[Row]:
    """In a life of its own."""
    return scenario.play(Fleet(plan))


@pytest.mark.parametrize("delay", DELAYS.values(), ids=DELAYS)
@pytest.mark.parametrize("scenario", MANY, ids=lambda one: one.play.__name__)
def test_all_nodes_come_to_know_what_one_of_them_knows(scenario: Scenario, delay: Delay) -> None:
    """Whatever happens to Redis or the upstream, and however long a message takes."""
    rows = play(scenario, replace(SMALL, delay=delay))
    assert [row for row in rows if not row.is_right] == []


def test_a_credential_that_recovers_is_tried_by_few_nodes() -> None:
    """By those whose requests come in the same moment; by each node where none hears the others."""
    plan = replace(SMALL, credential_count=FEW_CREDENTIALS, per_s=20.0)
    heard, unheard = (play(scenario, plan)[-1] for scenario in FEW)
    assert heard.is_right
    assert unheard.is_right
    assert int(heard.value) < int(unheard.value) <= plan.node_count


def test_a_life_is_lived_again_from_its_seed() -> None:
    """To the last figure, so that a finding can be looked at."""
    again = [play(MANY[1], SMALL) for _ in range(2)]
    assert again[0] == again[1]


def test_the_page_has_a_row_for_each_figure() -> None:
    """One column for each kind of network, and the scenario in the first of its rows."""
    rows = [Row("facts", "1"), Row("busy", "2")]
    page = render(SMALL, {name: [(MANY[0], rows)] for name in DELAYS})
    assert "| Nothing happens | facts | 1 | 1 |\n|  | busy | 2 | 2 |" in page
    assert "8 nodes with the same 60 credentials and 40 requests a second" in page
