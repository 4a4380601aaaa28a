"""Where a prompt is marked for the upstream's cache."""

from __future__ import annotations

from typing import Any

from cursor_api.dialects.anthropic_messages.caching import MARKS_MAX, mark_prompt
from cursor_api.dialects.anthropic_messages.turns import Turn, Written
from cursor_api.domain.content import Role

MARK = {"type": "ephemeral"}


def block(name: str, **more: Any) -> dict[str, object]:
    """A text block."""
    return {"type": "text", "text": name, **more}


def prompt(*roles: Role) -> Written:
    """A conversation of two blocks in each turn."""
    turns = [
        Turn(role, [], [block(f"{number}a"), block(f"{number}b")])
        for number, role in enumerate(roles)
    ]
    return Written([block("s1"), block("s2")], turns)


def marked(tools: list[dict[str, object]], written: Written) -> list[object]:
    """What is marked, in its order."""
    blocks = [*tools, *written.system]
    for turn in written.turns:
        blocks += turn.content
    return [one.get("text") or one.get("name") for one in blocks if one.get("cache_control")]


def test_a_prompt_without_marks_gets_four() -> None:
    """Tools, system, and the last two turns of the user's, each at its end."""
    tools: list[dict[str, object]] = [{"name": "t1"}, {"name": "t2"}]
    written = prompt(*[Role.USER, Role.ASSISTANT] * 3, Role.USER)
    mark_prompt(tools, written, is_wanted=True)
    assert marked(tools, written) == ["t2", "s2", "4b", "6b"]
    ends_with_model = prompt(Role.USER, Role.ASSISTANT, Role.USER, Role.ASSISTANT)
    mark_prompt([], ends_with_model, is_wanted=True)
    assert marked([], ends_with_model) == ["s2", "2b", "3b"]
    small = Written([], [Turn(Role.USER, [], [block("a")])])
    mark_prompt([], small, is_wanted=True)
    assert marked([], small) == ["a"]


def test_the_operator_can_do_without_and_thoughts_are_not_marked() -> None:
    """A cache that is written and never read costs more than none."""
    written = prompt(Role.USER)
    mark_prompt([], written, is_wanted=False)
    assert marked([], written) == []
    thinking: dict[str, object] = {"type": "thinking", "thinking": "x", "signature": "s"}
    written = Written([], [Turn(Role.USER, [], [block("a")]), Turn(Role.ASSISTANT, [], [thinking])])
    mark_prompt([], written, is_wanted=True)
    assert marked([], written) == ["a"]


def test_the_callers_marks_count_and_are_no_more_than_the_api_takes() -> None:
    """Those in results too; of too many the later ones are kept, for they hold the earlier."""
    written = prompt(Role.USER)
    written.system[0]["cache_control"] = MARK
    mark_prompt([], written, is_wanted=True)
    assert marked([], written) == ["s1"]
    inner = [block(f"r{number}", cache_control=MARK) for number in range(MARKS_MAX)]
    result: dict[str, object] = {"type": "tool_result", "content": inner}
    written.turns[0].results.append(result | {"cache_control": MARK})
    mark_prompt([], written, is_wanted=True)
    assert marked([], written) == [None]
    assert ["cache_control" in one for one in inner] == [False, True, True, True]
