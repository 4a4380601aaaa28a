"""The checksum header: time in both variants, ids that never change, what is no checksum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cursor_api.wire.checksum import (
    ChecksumError,
    ParsedChecksum,
    Variant,
    new_checksum,
    parse_checksum,
    refresh_checksum,
    time_part,
)
from tests.vectors.load import load

ROWS: list[dict[str, Any]] = load("checksum")["rows"]
MACHINE = "0123456789abcdef" * 4
MAC = "fedcba9876543210" * 4
NOW_S = 1_769_525_000.0


def counting() -> Callable[[int], bytes]:
    """Random bytes that a test knows: 0, 1, 2, … over all calls."""
    position = 0

    def random_bytes(size_bytes: int) -> bytes:
        nonlocal position
        position += size_bytes
        return bytes(range(position - size_bytes, position))

    return random_bytes


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["day"])
def test_vectors(row: dict[str, Any]) -> None:
    """The time parts of section "x-cursor-checksum", written and read in both variants."""
    now_s = row["unix_ms"] / 1000
    assert time_part(now_s, Variant.REFERENCE) == row["reference"]["text"]
    assert time_part(now_s, Variant.EDITOR) == row["editor"]["text"]
    assert time_part(now_s) == row["editor"]["text"]
    for text, variant in (
        (row["reference"]["text"], Variant.REFERENCE),
        (row["editor"]["text"], Variant.EDITOR),
        (row["editor"]["standard_alphabet"], Variant.EDITOR),
    ):
        step = row["time_step"]
        assert parse_checksum(f"{text}{MACHINE}") == ParsedChecksum(step, variant, MACHINE, None)
        assert parse_checksum(f"{text}{MACHINE}/{MAC}") == ParsedChecksum(
            step, variant, MACHINE, MAC
        )


def test_a_time_of_more_than_32_bits() -> None:
    """The reference's shifts are those of 64 bits: no byte is lost, the highest comes first."""
    # 1 ^ 165, then (2 ^ 164) + 1, then (3 ^ 167) + 2 and so on: a4 a7 a6 a5 a4 a7.
    assert time_part(0x0102_0304_0506 * 1000, Variant.REFERENCE) == "pKempaSn"


def test_the_time_part_lasts_a_thousand_seconds() -> None:
    """It changes at the step's first second and at no other."""
    first = time_part(1_769_525_000.0)
    assert time_part(1_769_525_999.999) == first
    assert time_part(1_769_526_000.0) != first
    assert time_part(1_769_524_999.999) != first


@pytest.mark.parametrize("variant", Variant)
def test_a_new_checksum(variant: Variant) -> None:
    """137 characters: the time, then two ids of 64 hex digits from 64 random bytes."""
    text = new_checksum(counting(), NOW_S, variant=variant)
    assert len(text) == 137
    assert text == (
        time_part(NOW_S, variant) + bytes(range(32)).hex() + "/" + bytes(range(32, 64)).hex()
    )
    assert parse_checksum(text).variant is variant
    assert parse_checksum(text).age_steps(NOW_S) == 0


def test_the_editors_variant_is_the_default() -> None:
    """Where nothing is said, the time is written as the editor writes it."""
    assert parse_checksum(new_checksum(counting(), NOW_S)).variant is Variant.EDITOR


def test_age() -> None:
    """How far a checksum is behind or ahead, in steps, whole seconds cut off."""
    parsed = parse_checksum(time_part(NOW_S) + MACHINE)
    assert parsed.age_steps(NOW_S + 999) == 0
    assert parsed.age_steps(NOW_S + 1000) == 1
    assert parsed.age_steps(NOW_S - 1) == -1
    assert parsed.age_steps(NOW_S + 86_400) == 86


@pytest.mark.parametrize("variant", Variant)
@pytest.mark.parametrize("ids", [MACHINE, f"{MACHINE}/{MAC}", f"{MACHINE.upper()}/{MAC}"])
def test_refreshing_keeps_the_ids(variant: Variant, ids: str) -> None:
    """Only the time moves on, in the variant of the stored text; the ids keep every character."""
    stored = time_part(1_734_912_000, variant) + ids
    fresh = refresh_checksum(stored, NOW_S)
    assert fresh == time_part(NOW_S, variant) + ids
    assert refresh_checksum(fresh, NOW_S) == fresh
    assert refresh_checksum(fresh, 1_734_912_000) == stored


def test_refreshing_keeps_the_alphabet() -> None:
    """A text that shows its alphabet goes on in it; one that does not, in its variant's own."""
    row = ROWS[2]
    assert refresh_checksum(f"+CwuOGm/{MACHINE}", NOW_S) == (
        row["editor"]["standard_alphabet"] + MACHINE
    )
    assert refresh_checksum(f"-CwuOGm_{MACHINE}", NOW_S) == row["editor"]["text"] + MACHINE
    assert refresh_checksum(f"3N3fyLW6{MACHINE}", NOW_S) == row["editor"]["text"] + MACHINE
    slash_s = 0x1B0040 * 1000  # a time whose last character is one of the two that differ
    assert refresh_checksum(f"paaotdDV{MACHINE}", slash_s) == f"paaotrr/{MACHINE}"
    assert refresh_checksum(f"paaotrr-{MACHINE}", slash_s) == f"paaotrr_{MACHINE}"
    assert refresh_checksum(f"paaotrr+{MACHINE}", slash_s) == f"paaotrr/{MACHINE}"


BAD = [
    "",
    "x",
    MACHINE,
    f"paaotdDV{MACHINE[:-1]}",
    f"paaotdDV{MACHINE}0",
    f"paaotdDV{MACHINE}/",
    f"paaotdDV{MACHINE}/{MAC[:-1]}",
    f"paaotdDV{MACHINE}/{MAC}0",
    f"paaotdDV{MACHINE}/{MAC}/{MAC}",
    f"paaotdDV{MACHINE}\n",
    f" paaotdDV{MACHINE}",
    f"paaotdDV{MACHINE[:-1]}g",
    f"paaotdDV{MACHINE}|{MAC}",
    f"paaotd=={MACHINE}",
    f"paaotdD.{MACHINE}",
    f"+CwuOGm_{MACHINE}",  # both alphabets at once
    f"AAAAAAAA{MACHINE}",  # stands for no time
    f"zzzzzzzz{MACHINE}/{MAC}",
    "paaotdDV" + "٣" * 64,  # digits, but not hex digits
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_checksum(text: str) -> None:
    """It is refused by parse, comes back unchanged from refresh, and is not in the message."""
    with pytest.raises(ChecksumError) as caught:
        parse_checksum(text)
    assert refresh_checksum(text, NOW_S) == text
    assert len(text) < 8 or text[:8] not in str(caught.value)


def test_the_one_time_at_which_both_variants_agree() -> None:
    """When the step's low sixteen bits are 0 both write the same bytes, read as the editor's."""
    now_s = 0x1B0000 * 1000
    reference = time_part(now_s, Variant.REFERENCE)
    assert reference.replace("/", "_") == time_part(now_s, Variant.EDITOR)
    parsed = parse_checksum(reference + MACHINE)
    assert (parsed.time_step, parsed.variant) == (0x1B0000, Variant.EDITOR)
