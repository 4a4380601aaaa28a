"""Acts as rows, and which of them are wanted, for the databases that keep them."""

from __future__ import annotations

from typing import Any

from cursor_api.domain.act import Act, ActQuery, KeptAct
from cursor_api.stores.key_rows import Row


def act_of(row: Row) -> KeptAct:
    """Of a number and the columns of an act."""
    number, at, actor, kind, subject = row
    return KeptAct(int(str(number)), Act(float(str(at)), str(actor), str(kind), str(subject)))


def act_question(query: ActQuery, table: str, mark: str) -> tuple[str, list[Any]]:
    """The statement that finds them, with its values; `mark` stands for a value in it."""
    conditions: list[tuple[str, Any]] = [
        ("number <", query.before),
        ("at >=", query.since),
        ("at <", query.until),
        ("actor =", query.actor),
        ("kind =", query.kind.value if query.kind else None),
    ]
    given = [(condition, value) for condition, value in conditions if value is not None]
    where = " AND ".join(f"{condition} {mark}" for condition, _ in given)
    statement = (
        f"SELECT number, at, actor, kind, subject FROM {table}"
        f"{f' WHERE {where}' if where else ''} ORDER BY number DESC LIMIT {mark}"
    )
    return statement, [*(value for _, value in given), query.acts_max]
