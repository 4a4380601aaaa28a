from __future__ import annotations

from dataclasses import fields

import pytest

from cursor_api.simulator.faults import Faults, Mishap


def test_every_mishap_has_its_probability() -> None:
    """And by default none happens."""
    names = {field.name for field in fields(Faults)}
    assert {mishap.value for mishap in Mishap} <= names
    faults = Faults()
    assert all(faults.draw(faults.chance_for(ordinal)) == frozenset() for ordinal in range(100))


@pytest.mark.parametrize("mishap", Mishap)
def test_certainty_happens_every_time(mishap: Mishap) -> None:
    """Probability 1 is always, and brings nothing else with it."""
    faults = Faults(**{mishap.value: 1.0})  # type: ignore[arg-type]  # names of the enum
    for ordinal in range(50):
        assert faults.draw(faults.chance_for(ordinal)) == {mishap}


def test_chance_repeats_with_the_seed_and_only_with_it() -> None:
    """The same seed and order of arrival, the same fate; another seed, another fate."""

    def fates(seed: int) -> list[frozenset[Mishap]]:
        faults = Faults(seed=seed, reset_mid_stream=0.3, http_error=0.3)
        return [faults.draw(faults.chance_for(ordinal)) for ordinal in range(200)]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    happened = sum(Mishap.HTTP_ERROR in fate for fate in fates(1))
    assert 30 < happened < 90


def test_one_probability_does_not_move_anothers_draw() -> None:
    """Raising one leaves the rest of a seed's fate as it was."""
    calm, wild = Faults(missing_end=0.5), Faults(missing_end=0.5, silence=0.5)
    for ordinal in range(100):
        before = calm.draw(calm.chance_for(ordinal))
        after = wild.draw(wild.chance_for(ordinal))
        assert before == after - {Mishap.SILENCE}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"silence": 1.5}, "silence is 1.5, not a probability"),
        ({"missing_end": -0.1}, "missing_end is -0.1, not a probability"),
        ({"stall_s": -1}, "stall_s is -1, below 0"),
        ({"frames_per_write": 0}, "frames_per_write"),
        ({"cut_at_bytes": -5}, "cut_at_bytes"),
    ],
)
def test_nonsense_is_refused(values: dict[str, float], named: str) -> None:
    """By name, before anything is served."""
    with pytest.raises(ValueError, match=named):
        Faults(**values)  # type: ignore[arg-type]  # that is the point


def test_a_seed_may_be_any_number() -> None:
    """Below zero too."""
    assert Faults(seed=-3).seed == -3
