"""Which acts are wanted, as a question to a database."""

from __future__ import annotations

from cursor_api.domain.act import Act, ActKind, ActQuery, KeptAct
from cursor_api.stores.act_rows import act_of, act_question


def test_only_what_was_asked_for_is_a_condition() -> None:
    """Each with its value, in its place."""
    plain = "SELECT number, at, actor, kind, subject FROM audit"
    assert act_question(ActQuery(5), "audit", "?") == (
        f"{plain} ORDER BY number DESC LIMIT ?",
        [5],
    )
    query = ActQuery(5, before=9, since=1.5, actor="bob", kind=ActKind.PRICE_SET)
    statement, values = act_question(query, "audit", "%s")
    assert statement == (
        f"{plain} WHERE number < %s AND at >= %s AND actor = %s AND kind = %s"
        " ORDER BY number DESC LIMIT %s"
    )
    assert values == [9, 1.5, "bob", "price_set", 5]


def test_a_row_is_an_act() -> None:
    """In the order of its columns."""
    row = (7, 1.5, "bob", "price_set", "m")
    assert act_of(row) == KeptAct(7, Act(1.5, "bob", "price_set", "m"))
