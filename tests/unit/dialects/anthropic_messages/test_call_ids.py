"""Ids of calls, kept where they can be."""

from __future__ import annotations

from cursor_api.dialects.anthropic_messages.call_ids import ConversationCallIds


def test_a_good_id_is_kept_and_any_other_replaced_alike_for_both() -> None:
    """The result goes to its call; what is made up is the same in the next request."""
    for _ in range(2):
        ids = ConversationCallIds()
        assert [ids.begin(one) for one in ("toolu_1", "functions.bash:0", "call_2")] == [
            *("toolu_1", "toolu_made_1", "call_2")
        ]
        assert ids.answer("functions.bash:0") == "toolu_made_1"
        assert ids.answer("call_2") == "call_2"
        # Who does not say which answers the one that is left.
        assert ids.answer("") == "toolu_1"
        assert ids.answer("functions.bash:0") == "toolu_made_1"
    assert "0 open" in repr(ids)


def test_calls_without_ids_are_answered_in_their_order() -> None:
    """Two calls of one turn are two."""
    ids = ConversationCallIds()
    assert [ids.begin(""), ids.begin("")] == ["toolu_made_1", "toolu_made_2"]
    assert [ids.answer(""), ids.answer("")] == ["toolu_made_1", "toolu_made_2"]
    assert ids.answer("") == "toolu_made_3"
    assert ids.begin("x" * 129) == "toolu_made_4"
