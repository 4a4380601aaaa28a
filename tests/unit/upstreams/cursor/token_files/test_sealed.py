"""Lines whose tokens are sealed, and what stands in the file for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import NoticeCode
from cursor_api.files.sealing import Sealer, id_of
from cursor_api.upstreams.cursor.token_files.sealed import Opened, close_lines, open_lines
from cursor_api.upstreams.cursor.token_files.text import TextLimits, parse_token_list, parse_tokens
from tests.unit.upstreams.cursor.token_files.token_folder import checksum

OLD, NEW = Secret("a" * 64), Secret("b" * 64)
SEALER = Sealer([NEW])
TEXT = b"\xef\xbb\xbf# one::comment\r\n\r\n  canary-a  \r\nwork::canary-b\nuser_1::canary-c"


def close(data: bytes | Opened, sealer: Sealer = SEALER) -> bytes:
    """A token file with everything sealed."""
    opened = data if isinstance(data, Opened) else Opened(data)
    return close_lines(opened, parse_tokens(opened.data, "f", TextLimits()).entries, sealer)


def test_a_file_keeps_all_but_its_tokens() -> None:
    """Comments, aliases, blanks, line ends; opened, it is the same again."""
    sealed = close(TEXT)
    assert b"canary" not in sealed
    assert sealed.startswith(b"\xef\xbb\xbf# one::comment\r\n\r\n  sealed:")
    assert b"  \r\nwork::sealed:" in sealed
    assert b"\nuser_1::sealed:" in sealed
    assert open_lines(sealed, "f", SEALER).data == TEXT


def test_what_is_sealed_stays_as_it_is() -> None:
    """Only new lines, and those of an earlier key, are sealed."""
    first = close(TEXT)
    opened = open_lines(first, "f", SEALER)
    assert close(opened) == first
    again = close(Opened(opened.data + b"\nnew::canary-d", opened.sealed))
    assert again.startswith(first + b"\nnew::sealed:")
    both = Sealer([OLD, NEW])
    renewed = close(open_lines(first, "f", both), both)
    assert renewed.count(id_of(OLD).encode()) == 3
    assert open_lines(renewed, "f", Sealer([OLD])).data == TEXT


@pytest.mark.parametrize(
    ("line", "readable"),
    [
        ("user_1%3A%3Acanary", "user_1::canary"),
        ('"work::canary"', '"work::canary"'),
        ("canary::canary", "canary::canary"),
        ("WorkosCursorSessionToken=user_1%3A%3Acanary", "user_1::canary"),
    ],
)
def test_every_spelling(line: str, readable: str) -> None:
    """Where the token stands otherwise, the line is written as `alias::token`."""
    sealed = close(line.encode())
    assert not sealed.endswith(b"canary")
    assert open_lines(sealed, "f", SEALER).data.decode() == readable


def test_the_token_list() -> None:
    """Its checksums stay readable, also where a token is a part of one."""
    data = f"a,{checksum(10)}\nwork::b , {checksum(2)}".encode()
    entries = parse_token_list(data, "f", TextLimits()).entries
    sealed = close_lines(Opened(data), entries, SEALER)
    assert sealed.decode().splitlines()[0].endswith(f",{checksum(10)}")
    assert open_lines(sealed, "f", SEALER).data == data


def test_without_the_key_the_lines_are_named() -> None:
    """In one sentence, which says what to set."""
    sealed = close(b"a::x\n# c\nb::y")
    with pytest.raises(StoreError) as told:
        open_lines(sealed, "/home/.token", None)
    assert str(told.value) == (
        "/home/.token: lines 1, 3 can only be read with the key that sealed them; set"
        " CREDENTIALS_KEY."
    )
    assert told.value.notice is not None
    assert told.value.notice.code is NoticeCode.SEALED_NO_KEY


def test_with_another_key_it_is_named() -> None:
    """By its id."""
    sealed = close(b"".join(b"%d::x%d\n" % (one, one) for one in range(12)))
    with pytest.raises(StoreError) as told:
        open_lines(sealed, "f", Sealer([OLD]))
    assert str(told.value) == (
        f"f: lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more can only be read with the key"
        f" {id_of(NEW)}, which CREDENTIALS_KEY does not have; put it there, behind the new one if"
        " there is one. The file stays as it is."
    )


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"!", lambda b: b[:22]])
def test_a_damaged_line_is_no_token(damage: Callable[[bytes], bytes]) -> None:
    """It is never sent anywhere."""
    with pytest.raises(StoreError, match="line 1 was altered"):
        open_lines(damage(close(b"work::canary")), "f", SEALER)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b"::sealed:", b"::SEALED:"),
        (b"::sealed:", b":sealed:"),
        (b"::sealed:", b"::aled:"),
        (b"::sealed:", b"::sealed::"),
        (b"work::sealed:", b""),
    ],
)
@pytest.mark.parametrize("sealer", [SEALER, None])
def test_what_is_left_of_a_damaged_one_is_no_token(
    was: bytes, now: bytes, sealer: Sealer | None
) -> None:
    """Taken for one, it would be sealed in the place of what could be mended."""
    with pytest.raises(StoreError):
        open_lines(close(b"work::canary").replace(was, now), "f", sealer)


@pytest.mark.parametrize(
    "alias", ["sealed:box", "my sealed: box", "it's'sealed:x", "sealed:12345678:AAAA"]
)
def test_a_name_may_say_sealed(alias: str) -> None:
    """Only what is behind it is the token."""
    line = f"{alias}::canary".encode()
    assert open_lines(line, "f", None).data == line
    assert open_lines(close(line), "f", SEALER).data == line


def test_a_name_of_eight_digits_is_none_of_a_key() -> None:
    """One colon may stand before a JWT."""
    line = b"deadbeef:" + b"eyJ" + b"a" * 60 + b".eyJzdWIiOiJhIn0.c"
    assert open_lines(line, "f", None).data == line
