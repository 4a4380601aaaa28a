"""Faults are a closed set with a scope each."""

from __future__ import annotations

import gc
import weakref

import msgspec
import pytest

from cursor_api.domain.errors import SCOPES, Fault, FaultKind, LineProblem, Scope, StoreError, quote
from cursor_api.options.said import tell


def test_every_kind_of_fault_blames_somebody() -> None:
    """The table is total: failover can judge any fault."""
    assert set(SCOPES) == set(FaultKind)


def test_a_fault_tells_its_kind_and_words() -> None:
    """What a log line or a failing test shows is enough to act on."""
    fault = Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=3.0, upstream_code="X")
    assert fault.scope is Scope.CREDENTIAL
    assert (fault.retry_after_s, fault.upstream_code, fault.param) == (3.0, "X", None)
    assert repr(fault) == "Fault(rate_limited, 'slow down')"
    assert str(fault) == "slow down"


def test_its_words_are_a_plain_text() -> None:
    """Also where they are a sentence of ours that can be said in another language."""
    fault = Fault(FaultKind.NO_CREDENTIALS, tell("there is no {what}", what="credential"))
    assert type(fault.message) is str
    assert msgspec.json.encode(fault.message) == b'"there is no credential"'


class Large:
    """Something that is not to outlive its use."""


def fail(_large: Large) -> None:
    """A foreign failure in a frame that holds much."""
    raise OSError("reset")


def fail_twice() -> weakref.ref[Large]:
    """A fault with a cause, kept by a frame that it came through; gives what must be gone."""
    large = Large()
    watched = weakref.ref(large)
    kept: list[Fault] = []
    try:
        try:
            fail(large)
        except OSError as error:
            raise Fault(FaultKind.UNREACHABLE, "Gone.") from error
    except Fault as fault:
        kept.append(fault)
    assert kept[0].without_traceback() is kept[0]
    assert str(kept[0].__cause__) == "reset"
    del large
    assert watched() is None
    return watched


def test_a_fault_without_traceback_holds_nothing_that_was_sent() -> None:
    """Its words and its causes' words stay; the frames, and what is in them, go at once."""
    gc.disable()
    try:
        assert fail_twice()() is None
    finally:
        gc.enable()


def test_removing_the_traceback_ends_whatever_the_causes_are() -> None:
    """Even where somebody tied them in a circle."""
    one, other = Fault(FaultKind.INTERNAL, "one"), Fault(FaultKind.INTERNAL, "other")
    one.__cause__, other.__cause__ = other, one
    assert one.without_traceback() is one


def test_a_store_error_names_every_bad_line() -> None:
    """All problems are told at once, each with its place."""
    error = StoreError(
        "bad file", [LineProblem(".token", 3, "is empty"), LineProblem("x", 4, "no")]
    )
    assert str(error) == "bad file\n.token:3: is empty\nx:4: no"


def test_a_bug_of_ours_keeps_its_frames() -> None:
    """They tell where it is."""

    def fail() -> None:
        try:
            _ = 1 / 0
        except ZeroDivisionError as error:
            raise Fault(FaultKind.INTERNAL, "a bug") from error

    with pytest.raises(Fault) as caught:
        fail()
    kept = caught.value.without_traceback()
    assert kept.__traceback__ is not None
    assert kept.__cause__ is not None
    assert kept.__cause__.__traceback__ is not None


def test_an_upstreams_own_words_are_kept_when_somebody_has_looked() -> None:
    """They may repeat what the caller wrote; what we say of it ourselves does not."""
    fault = Fault(FaultKind.UPSTREAM_ERROR, "OpenAI failed: because of you")
    assert fault.kept_message == "OpenAI failed: because of you"
    fault.quoted = "because of you"
    assert fault.kept_message == "OpenAI failed."
    fault.is_quote_clean = True
    assert fault.kept_message == fault.message


def test_a_long_word_is_cut() -> None:
    """Nobody wants his megabyte back in an error."""
    assert quote("short") == "'short'"
    assert quote("x" * 100) == f"'{'x' * 40}…'"
