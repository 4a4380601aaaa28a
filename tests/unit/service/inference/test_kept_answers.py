"""Answers that are kept: whose they are, for how long, and in how much memory."""

from __future__ import annotations

from contextlib import suppress

import pytest

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.caller import Caller
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault
from cursor_api.domain.kept import NOT_FOUND
from cursor_api.domain.value import replace
from cursor_api.service.inference.kept_answers import (
    ENTRY_BYTES,
    KeptAnswer,
    KeptAnswers,
    KeptAnswersOptions,
)
from tests.fakes import StillClock, TickingClock

ME, YOU = Caller("client-1"), Caller("client-2")


def keep(kept: KeptAnswers, id_: str, caller: Caller = ME, body: bytes = b"{}") -> None:
    """A whole answer."""
    kept.begin(id_, caller, b"[]")
    kept.end(id_, body)


def is_there(kept: KeptAnswers, id_: str, caller: Caller = ME) -> bool:
    """Whether the caller finds it."""
    with suppress(Fault):
        return bool(kept.get(id_, caller))
    return False


def test_an_answer_is_for_who_asked_for_it() -> None:
    """To others there is none; in pass-through all have one name and their own keys."""
    kept = KeptAnswers(KeptAnswersOptions(), TickingClock())
    keep(kept, "a")
    assert kept.get("a", ME) == KeptAnswer((), b"[]", b"{}")
    with pytest.raises(Fault) as caught:
        kept.get("a", YOU)
    assert caught.value.code == NOT_FOUND
    with pytest.raises(Fault):
        kept.delete("a", YOU)
    own = [
        Caller("passthrough", credentials=(Credential("own", Secret(f"key-{number}")),))
        for number in range(2)
    ]
    keep(kept, "b", own[0])
    assert is_there(kept, "b", own[0])
    assert not is_there(kept, "b", own[1])
    kept.delete("a", ME)
    assert not is_there(kept, "a")
    kept.use(KeptAnswersOptions(), "other keys")
    assert not is_there(kept, "b", own[0])
    assert kept.size_bytes == 0


def test_an_answer_is_not_for_a_later_key_of_the_same_id() -> None:
    """A deleted key leaves its id to another. A rotated one is still the same."""
    kept = KeptAnswers(KeptAnswersOptions(), TickingClock())
    key = ApiKey("anna", b"old", "sk-ca-…", "Anna", created_at=5.0)
    keep(kept, "a", Caller("anna", key=key))
    assert is_there(kept, "a", Caller("anna", key=replace(key, digest=b"new", version=2)))
    assert not is_there(kept, "a", Caller("anna", key=replace(key, created_at=7.0)))
    assert not is_there(kept, "a", Caller("anna"))


def test_only_whole_answers_are_there() -> None:
    """One that is under way is not, and one that broke off leaves nothing."""
    kept = KeptAnswers(KeptAnswersOptions(), TickingClock())
    kept.begin("a", ME, b"[]")
    assert not is_there(kept, "a")
    kept.break_off("a")
    assert kept.size_bytes == 0
    kept.end("a", b"{}")
    assert not is_there(kept, "a")
    keep(kept, "b")
    kept.break_off("b")
    assert is_there(kept, "b")


def test_the_oldest_go_where_room_is_needed() -> None:
    """And an answer that would take a quarter of it is not kept at all."""
    kept = KeptAnswers(KeptAnswersOptions(bytes_max=8 * ENTRY_BYTES), TickingClock())
    for number in range(20):
        keep(kept, f"{number}")
        assert kept.size_bytes <= 8 * ENTRY_BYTES
    assert is_there(kept, "19")
    assert not is_there(kept, "0")
    keep(kept, "large", body=bytes(2 * ENTRY_BYTES))
    assert not is_there(kept, "large")
    kept.begin("long", ME, b"", (bytes(ENTRY_BYTES),))
    kept.end("long", b"{}")
    assert not is_there(kept, "long")
    kept.use(KeptAnswersOptions(bytes_max=0), None)
    assert kept.size_bytes == 0


def test_who_takes_most_makes_room() -> None:
    """His oldest goes, and what others keep stays, however old it is."""
    kept = KeptAnswers(KeptAnswersOptions(bytes_max=8 * ENTRY_BYTES), TickingClock())
    keep(kept, "yours", YOU)
    for number in range(20):
        keep(kept, f"{number}")
    assert is_there(kept, "yours", YOU)
    assert not is_there(kept, "10")
    assert is_there(kept, "19")
    for number in range(20, 40):
        keep(kept, f"{number}", YOU)
    assert not is_there(kept, "yours", YOU)
    assert is_there(kept, "39", YOU)
    assert is_there(kept, "19")
    kept.delete("19", ME)
    kept.use(KeptAnswersOptions(bytes_max=0), None)
    assert kept.size_bytes == 0
    assert not kept._owned


def test_they_are_kept_for_a_while() -> None:
    """No longer than is set."""
    clock = StillClock()
    kept = KeptAnswers(KeptAnswersOptions(age_s_max=60), clock)
    keep(kept, "a")
    clock.seconds += 59
    assert is_there(kept, "a")
    clock.seconds += 2
    assert not is_there(kept, "a")
    assert kept.size_bytes == 0
