from __future__ import annotations

from cursor_api.simulator.directives import (
    ERROR_DIRECTIVES,
    STREAM_DIRECTIVES,
    DirectiveLanguage,
)
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import Scenario
from cursor_api.simulator.scripts import Orders, Scripts

LANGUAGE = DirectiveLanguage((*ERROR_DIRECTIVES, *STREAM_DIRECTIVES), "a key")
ONCE, THEN = Faults(seed=1), Faults(seed=2)


def scripts(**options: object) -> Scripts:
    """Those of these options."""
    return Scripts(SimulatorOptions(**options), LANGUAGE)  # type: ignore[arg-type]  # passed on


def test_a_credentials_row_is_used_up_to_its_last() -> None:
    """Whoever has none meets the simulator's own faults."""
    subject = scripts(scripts={"row": (ONCE, THEN), "same": ONCE}, faults=Faults(seed=3))
    assert [subject.orders_for("row", "").faults.seed for _ in range(3)] == [1, 2, 2]
    assert [subject.orders_for("same", "").faults.seed for _ in range(2)] == [1, 1]
    assert subject.orders_for("nobody", "").faults.seed == 3
    subject.script("nobody", ONCE)
    assert subject.orders_for("nobody", "").faults is ONCE
    assert len(subject) == 3


def test_the_message_changes_what_the_credential_asks_for() -> None:
    """And its first line is no part of the question."""
    orders = scripts().orders_for("sim-seed-5+slow", "/sim seed 6\nhello")
    assert orders == Orders(Faults(seed=6, tokens_per_s=5), Scenario(), "hello")


def test_a_credential_that_asks_for_nonsense_is_a_problem() -> None:
    """For the kind of upstream to refuse in its own way; a message is explained instead."""
    orders = scripts().orders_for("sim-oops", "hi")
    assert orders.problem == "the simulator knows no 'oops'"
    explained = scripts().orders_for("key", "/sim oops")
    assert explained.problem is None
    assert (explained.scenario.text or "").startswith("Sorry: the simulator knows no 'oops'")
    assert LANGUAGE.manual in (explained.scenario.text or "")
