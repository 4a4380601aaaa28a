"""Checksums of any time and any device, and any text in the place of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cursor_api.wire.checksum import (
    ChecksumError,
    Variant,
    new_checksum,
    parse_checksum,
    refresh_checksum,
    time_part,
)
from tests.examples import examples

MANY = examples(500)

ids = st.text("0123456789abcdefABCDEF", min_size=64, max_size=64)
variants = st.sampled_from(Variant)
# Seconds until the year 2554, further than either variant's 32 bits of a step are ever asked for.
times = st.floats(0, 1.8e10, allow_nan=False)
standard = str.maketrans("-_", "+/")


@MANY
@given(times, variants, ids, st.none() | ids, st.booleans())
def test_every_time_is_read_back(
    now_s: float,
    variant: Variant,
    machine: str,
    mac: str | None,
    is_standard: bool,  # noqa: FBT001 - drawn
) -> None:
    """Both variants in both alphabets, with one id or two."""
    time_text = time_part(now_s, variant)
    if is_standard:
        time_text = time_text.translate(standard)
    parsed = parse_checksum(f"{time_text}{machine}" + (f"/{mac}" if mac else ""))
    assert (parsed.machine_id, parsed.mac_machine_id) == (machine, mac)
    assert parsed.age_steps(now_s) == 0
    assert parsed.variant is variant or parsed.time_step % 65_536 == 0


@MANY
@given(times, times, variants)
def test_two_texts_are_two_times(one_s: float, other_s: float, variant: Variant) -> None:
    """The time part changes exactly when the step does."""
    is_same = one_s // 1000 == other_s // 1000
    assert (time_part(one_s, variant) == time_part(other_s, variant)) is is_same


@MANY
@given(times, times, variants, st.binary(min_size=64, max_size=64))
def test_refreshing_changes_eight_characters(
    then_s: float, now_s: float, variant: Variant, device: bytes
) -> None:
    """The device stays, the time is now's, and doing it again changes nothing."""
    halves = iter([device[:32], device[32:]])
    stored = new_checksum(lambda _: next(halves), then_s, variant=variant)
    fresh = refresh_checksum(stored, now_s)
    assert fresh[8:] == stored[8:] == f"{device[:32].hex()}/{device[32:].hex()}"
    assert parse_checksum(fresh).age_steps(now_s) == 0
    assert refresh_checksum(fresh, now_s) == fresh


@MANY
@given(
    st.text(max_size=140)
    | st.tuples(
        st.text("abAB01+/-_=", min_size=7, max_size=9),
        st.text("0123456789abcdef/", min_size=60, max_size=130),
    ).map("".join),
    times,
)
def test_any_text(text: str, now_s: float) -> None:
    """It is a checksum that keeps its ids, or it is refused and comes back as it is."""
    try:
        parsed = parse_checksum(text)
    except ChecksumError:
        assert refresh_checksum(text, now_s) == text
    else:
        assert text[8:72] == parsed.machine_id
        assert refresh_checksum(text, now_s)[8:] == text[8:]
        assert refresh_checksum(text, parsed.time_step * 1000) in {text, *_both_alphabets(text)}


def _both_alphabets(text: str) -> tuple[str, str]:
    head, rest = text[:8], text[8:]
    return head.translate(standard) + rest, head.translate(str.maketrans("+/", "-_")) + rest
