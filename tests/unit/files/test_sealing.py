"""Texts that only who has the key can read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.sealing import SEALED, Sealer, UnsealError, id_of, make_sealer

OLD, NEW = Secret("a" * 64), Secret("b" * 64)
TEXT = "the-canary"


def test_what_was_sealed_opens() -> None:
    """It is never the same twice, and shows nothing of the text."""
    sealer = Sealer([NEW])
    sealed = sealer.seal_text(TEXT, "here")
    assert SEALED.fullmatch(sealed)
    assert sealed != sealer.seal_text(TEXT, "here")
    assert TEXT not in sealed
    assert sealer.open_text(sealed, "here") == TEXT
    assert repr(sealer) == f"Sealer({id_of(NEW)})"


def test_the_first_key_seals_and_all_of_them_open() -> None:
    """So that a key can be changed without a moment in which nothing opens."""
    sealed = Sealer([OLD]).seal_text(TEXT, "here")
    both = Sealer([NEW, OLD])
    assert both.open_text(sealed, "here") == TEXT
    assert Sealer([NEW]).open_text(both.seal_text(TEXT, "here"), "here") == TEXT


def test_another_key_is_told_from_an_altered_text() -> None:
    """By the id that the text names."""
    sealed = Sealer([OLD]).seal_text(TEXT, "here")
    with pytest.raises(UnsealError) as told:
        Sealer([NEW]).open_text(sealed, "here")
    assert told.value.key_id == id_of(OLD)


@pytest.mark.parametrize("place", [-1, -20, 16])
def test_an_altered_text_does_not_open(place: int) -> None:
    """Wherever a character of it is another one."""
    sealer = Sealer([OLD])
    sealed = sealer.seal_text(TEXT + "-", "here")
    place %= len(sealed)
    other = "A" if sealed[place] != "A" else "Q"
    with pytest.raises(UnsealError) as told:
        sealer.open_text(sealed[:place] + other + sealed[place + 1 :], "here")
    assert told.value.key_id is None


@pytest.mark.parametrize("cut", ["sealed:", f"sealed:{id_of(OLD)}:", f"sealed:{id_of(OLD)}:AAAAA"])
def test_a_text_that_was_cut_does_not_open(cut: str) -> None:
    """At whatever length."""
    with pytest.raises(UnsealError):
        Sealer([OLD]).open_text(cut, "here")


def test_it_opens_nowhere_else() -> None:
    """What it belongs to is part of it."""
    sealer = Sealer([OLD])
    with pytest.raises(UnsealError):
        sealer.open("a" * 8, sealer.seal(b"x", "here"), "here")
    with pytest.raises(UnsealError):
        sealer.open(sealer.key_id, sealer.seal(b"x", "here"), "there")


def test_a_key_comes_from_a_setting_or_a_file(tmp_path: Path) -> None:
    """Not from both, and from neither there is none; an editor may have put a mark before it."""
    file = tmp_path / "key"
    file.write_text(f"\ufeff{NEW.reveal()}\r\n{OLD.reveal()}\n")
    assert make_sealer((), None) is None
    from_file, from_setting = make_sealer((), file), make_sealer((NEW, OLD), None)
    assert repr(from_file) == repr(from_setting) == f"Sealer({id_of(NEW)}, {id_of(OLD)})"
    with pytest.raises(StoreError, match="both set"):
        make_sealer((NEW,), file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"canary", "has no key in place 1"),
        (b"\xff", "not UTF-8 text"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    """With its path, and nothing of what is in it."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StoreError, match=words) as told:
        make_sealer((), file)
    assert str(file) in str(told.value)
    assert "canary" not in str(told.value)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(StoreError, match="the extra `sealed` of cursor-api"):
        Sealer([OLD])
