"""Secrets and trick characters do not survive."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.options.masking import MARK, redact_shapes
from cursor_api.telemetry.redaction import DEPTH_MAX, Redactor
from tests.secret_shapes import HEADER, JWT, SHAPES


def test_a_registered_secret_is_hidden_in_every_spelling() -> None:
    """A key with signs in it looks different in a URL, a repr and JSON; all are hidden."""
    secret = 'cänary"key\\with/signs 1'
    redactor = Redactor([secret])
    for spelling in (
        secret,
        quote(secret, safe=""),
        repr(secret),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
    ):
        redacted = redactor.redact_text(f"before {spelling} after")
        assert "nary" not in redacted
        assert redacted.startswith("before ")
        assert redacted.endswith(" after")


def test_a_secret_inside_a_longer_one_leaves_no_tail() -> None:
    """The longer secret is taken out first, in whichever order they were added."""
    for secrets in (["canary", "canary-and-more"], ["canary-and-more", "canary"]):
        assert Redactor(secrets).redact_text("x canary-and-more y") == f"x {MARK} y"


def test_very_short_secrets_are_passed_over() -> None:
    """A key of three characters would blank out half of every line."""
    assert Redactor(["abc", "", "  "]).redact_text("abc") == "abc"


def test_thousands_of_session_tokens_cost_nothing() -> None:
    """What is known by its shape is not searched for one by one."""
    redactor = Redactor(f"{HEADER}.payload{number}.signature" for number in range(2000))
    assert repr(redactor) == "Redactor(0 spellings)"
    assert redactor.redact_text(f"{HEADER}.payload7.signature") == MARK


def test_many_secrets_are_added_as_one_by_one() -> None:
    """In any order, several times, together or alone: the same ones are hidden."""
    secrets = ["canary", "canary-and-more", ' "quoted" ', JWT, "abc", "canary"]
    together, alone = Redactor(["before"]), Redactor(["before"])
    together.add_all(secrets)
    together.add_all(secrets[::-1])
    for secret in secrets:
        alone.add(secret)
    assert repr(together) == repr(alone) == "Redactor(6 spellings)"
    assert together.redact_text('before "quoted" canary-and-more') == " ".join([MARK] * 3)


def test_ten_thousand_opaque_tokens_are_known_at_once() -> None:
    """Their number enters the time once, not squared (it took half a minute)."""
    tokens = [f"opaque-{number:06d}-{'ab' * 20}" for number in range(10_000)]
    redactor = Redactor()
    started = time.process_time()
    redactor.add_all(tokens)
    first_s = time.process_time() - started
    redactor.add_all(tokens)
    assert repr(redactor) == "Redactor(10000 spellings)"
    assert redactor.redact_text(tokens[7_777]) == MARK
    assert first_s < 5


@dataclass
class Holder:
    """An object whose repr tells a secret."""

    content: str


class Shy:
    """An object without a working repr."""

    def __repr__(self) -> str:
        raise RuntimeError("canary-opaque-1")


class Loud(str):
    """A string that shows something else than it holds."""

    __slots__ = ()

    def __str__(self) -> str:
        return "canary-opaque-1"


def test_values_are_redacted_however_deep_they_lie() -> None:
    """Keys, nested values, bytes, objects and exceptions: plain data without a secret comes out."""
    canary = "canary-opaque-1"
    redactor = Redactor([canary])
    redacted = redactor.redact(
        {
            "list": [canary, (canary, {canary: canary})],
            "bytes": canary.encode(),
            "object": Holder(canary),
            "error": ValueError(canary),
            "shy": Shy(),
            "loud": Loud("quiet"),
            "set": {canary},
            "number": 1.5,
            "none": None,
        }
    )
    assert canary not in json.dumps(redacted)
    assert redacted["number"] == 1.5
    assert redacted["none"] is None
    assert redacted["loud"] == "quiet"
    assert redacted["shy"] == "<Shy: repr failed with RuntimeError>"


def test_a_value_under_a_secret_name_is_hidden_whatever_it_is() -> None:
    """Header pairs and mappings tell by the name that the value is nobody's business."""
    redactor = Redactor()
    assert redactor.redact([(b"x-api-key", b"1234"), (b"host", b"x")]) == [
        ["x-api-key", MARK],
        ["host", "x"],
    ]
    assert redactor.redact({"X-Api-Key": "1234", b"Cookie": 1, "a": 1}) == {
        "X-Api-Key": MARK,
        "Cookie": MARK,
        "a": 1,
    }
    assert redactor.redact_event({"event": "x", "auth_token": "1234"})["auth_token"] == MARK


def test_a_value_that_holds_itself_ends() -> None:
    """A cycle is cut off at a stated depth."""
    cycle: list[object] = []
    cycle.append(cycle)
    assert json.dumps(Redactor().redact(cycle)).count("[") == DEPTH_MAX


def test_an_event_without_secrets_is_not_even_copied() -> None:
    """The common case: the same mapping comes back."""
    event = {"event": "done", "ms": 1.5, "ok": True, "count": 3, "none": None}
    assert Redactor(["canary-opaque-1"]).redact_event(event) is event


@pytest.mark.parametrize("secret", [*SHAPES.values(), "canary-opaque-1", "Bearer abc"])
def test_an_event_with_a_secret_is_redacted_on_the_quick_way_too(secret: str) -> None:
    """The check that lets clean events pass does not let a secret pass."""
    redacted = Redactor(["canary-opaque-1"]).redact_event({"event": "x", "error": f"{secret}"})
    assert MARK in redacted["error"]


@given(st.text(), st.text())
def test_no_surroundings_save_a_secret(before: str, after: str) -> None:
    """Whatever stands around them, a JWT's payload and a registered secret never get through."""
    redactor = Redactor(["canary-opaque-1"])
    text = f"{before}{JWT}{after}canary-opaque-1{before}"
    redacted = redactor.redact_event({"event": text})["event"]
    assert JWT[-40:] not in redacted
    assert "canary-opaque-1" not in redacted


@pytest.mark.parametrize(
    "piece",
    ["user_-", "a" * 63 + "g", "bearer ", " ", "bearer+", "eyJ", "key_", "user_a::", "bearer a,"],
)
def test_hostile_text_costs_no_time(piece: str) -> None:
    """100 KB made to keep the expression busy is done in a blink."""
    text = "bearer" + piece * (100_000 // len(piece))
    started = time.process_time()
    redact_shapes(text)
    assert time.process_time() - started < 1
