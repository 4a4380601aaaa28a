"""Reading the text of the two files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.errors import StoreError
from cursor_api.upstreams.cursor.forms import is_checksum
from cursor_api.upstreams.cursor.token_files.text import (
    ALIAS_CHARS_MAX,
    Parsed,
    TextLimits,
    fingerprint_of,
    parse_token_list,
    parse_tokens,
    require_text,
    too_large,
)

LIMITS = TextLimits()
CHECKSUM = "zAbC-_12" + "0f" * 32 + "/" + "e1" * 32
OTHER_CHECKSUM = "zAbC-_12" + "77" * 32


def tokens(text: str | bytes, limits: TextLimits = LIMITS) -> Parsed:
    """A token file, parsed."""
    return parse_tokens(text if isinstance(text, bytes) else text.encode(), ".token", limits)


def listed(text: str) -> Parsed:
    """A token list, parsed."""
    return parse_token_list(text.encode(), ".token-list", LIMITS)


def problems(parsed: Parsed) -> list[tuple[int, str]]:
    """The problems, as (line, words)."""
    return [(problem.line, problem.problem) for problem in parsed.problems]


def one_problem(parsed: Parsed) -> str:
    """The words of the only problem, which must be in line 2."""
    [(line, words)] = problems(parsed)
    assert line == 2
    return words


@pytest.mark.parametrize(
    ("line", "alias", "bearer"),
    [
        ("token", None, "token"),
        ("work::token", "work", "token"),
        ("user_1A%3A%3Aey.J.x", "user_1A", "ey.J.x"),
        ("user_1A%3a%3aey.J.x", "user_1A", "ey.J.x"),
        ("user_1A::ey.J.x", "user_1A", "ey.J.x"),
        ("work::user_1A%3A%3Aey.J.x", "work", "ey.J.x"),
        ("work::user_1A::ey.J.x", "work", "ey.J.x"),
        ("  work :: token\t", "work", "token"),
        ("工作 账号::token", "工作 账号", "token"),
        ("<script>alert(1)</script>::token", "<script>alert(1)</script>", "token"),
        ("crsr_0123", None, "crsr_0123"),
        ('"ey.J.x",', None, "ey.J.x"),
        ("\u200bWorkosCursorSessionToken=user_1A%253A%253Aey.J.x;", "user_1A", "ey.J.x"),
        ("me:eyJh.eyJz.sig", "me", "eyJh.eyJz.sig"),
        ("a-b_c.d~e+f/g=h%20:i", None, "a-b_c.d~e+f/g=h%20:i"),
    ],
)
def test_each_spelling_of_a_token(line: str, alias: str | None, bearer: str) -> None:
    """What goes upstream is the part after `::`; what stands before it is the alias."""
    [entry] = tokens(line).entries
    assert (entry.line, entry.alias, entry.bearer) == (1, alias, bearer)


def test_an_alias_of_a_cookie_is_not_a_chosen_one() -> None:
    """Two sessions of one account are two credentials, though the cookie calls both the same."""
    parsed = tokens("user_1::a\nuser_1%3A%3Ab\nmine::c")
    assert [entry.is_named for entry in parsed.entries] == [False, False, True]
    assert parsed.problem_count == 0


def test_lines_that_mean_nothing_keep_their_numbers() -> None:
    """Comments, blank lines, CRLF, a byte order mark and a missing last line end are all fine."""
    parsed = tokens(b"\xef\xbb\xbf# mine\r\n\r\n  \t\r\nfirst\r\n # off::token\nsecond")
    assert [(entry.line, entry.bearer) for entry in parsed.entries] == [
        (4, "first"),
        (6, "second"),
    ]
    assert parsed.problem_count == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a,b", "a comma"),
        ("a b", "a space inside the token (U+0020 SPACE)"),
        ("work::a\tb", "a space inside the token (U+0009)"),
        ("a\u00a0b", "a space inside the token (U+00A0 NO-BREAK SPACE)"),
        ("work：：token", "a character that no token has (U+FF1A FULLWIDTH COLON)"),
        ("tok\u200ben", "no token has (U+200B ZERO WIDTH SPACE)"),
        ("tok\ufeffen", "no token has (U+FEFF ZERO WIDTH NO-BREAK SPACE)"),
        ("work::", "nothing after the `::`"),
        ("::", "nothing after the `::`"),
        ("a\x00b", "a control character (U+0000)"),
        ("a\x1bb", "a control character (U+001B)"),
        ("a\rb", "a control character (U+000D)"),
        ("work::token\r", "a control character (U+000D)"),
        ("# a comment\x00", "a control character (U+0000)"),
        ("a::b::c", "more than one `::`"),
        ("a;b", "write one token a line"),
        ("a|b", "write one token a line"),
        ('"a","b"', "a comma"),
        ("sk-ant-api03-0123456789abcdef", "the API key of another service"),
        ("work::user_1::user_2::c", "more than one `::`"),
        ("work::#c", "begins with `#`"),
        ("eyJh.eyJz.sig::work", "where the alias belongs"),
        ("x" * (ALIAS_CHARS_MAX + 1) + "::token", "an alias of 129 characters; 128 are allowed"),
        ("wo\u202erk::token", "invisible character in the alias (U+202E RIGHT-TO-LEFT OVERRIDE)"),
    ],
)
def test_what_is_no_token_is_told_with_its_line(line: str, words: str) -> None:
    """Each problem names what is wrong; the good lines around it are still read."""
    parsed = tokens(f"mine::first\n{line}\r\nlast")
    assert words in one_problem(parsed)
    assert [entry.bearer for entry in parsed.entries] == ["first", "last"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("second", "no checksum"),
        ("second,", "not of the known form"),
        ("second,abc", "not of the known form"),
        (f"second,{CHECKSUM}0", "not of the known form"),
        (f"second,+-AAAAAA{'0f' * 32}", "not of the known form"),
        (f"second,{CHECKSUM},{CHECKSUM}", "more than one comma"),
        (f",{CHECKSUM}", "no token"),
        (f"sec ond,{CHECKSUM}", "a space inside the token"),
        (f"first,{OTHER_CHECKSUM}", "the token of line 1 again, with another checksum"),
        (f"user_1::first,{OTHER_CHECKSUM}", "the token of line 1 again, with another checksum"),
    ],
)
def test_what_is_no_line_of_the_list_is_told(line: str, words: str) -> None:
    """A list's line is a token and a checksum of the known form, and no token has two devices."""
    parsed = listed(f"first,{CHECKSUM}\n{line}\nlast , {OTHER_CHECKSUM}\n")
    assert words in one_problem(parsed)
    assert [entry.bearer for entry in parsed.entries] == ["first", "last"]


def told(parsed: Parsed) -> list[tuple[int, str, bool]]:
    """The repeats, as (line, words, whether the line is used)."""
    return [(one.entry.line, one.problem.text, one.is_used) for one in parsed.repeats]


@pytest.mark.parametrize("line", ["first", "other::first", "user_9%3A%3Afirst", "mine::first"])
def test_a_token_that_stands_twice_is_used_once(line: str) -> None:
    """The earlier program took it too; the earlier line counts, and the later one is told."""
    parsed = tokens(f"mine::first\n{line}\r\nlast")
    assert told(parsed) == [(2, "the token of line 1 again", False)]
    assert [(entry.alias, entry.bearer) for entry in parsed.entries] == [
        ("mine", "first"),
        (None, "last"),
    ]
    assert parsed.problem_count == 0


def test_an_alias_that_stands_twice_is_the_first_ones() -> None:
    """The earlier program heeded no alias; the second token is used, under another name."""
    parsed = tokens("mine::first\nmine::second\nuser_1::third\nuser_1::fourth\n")
    assert told(parsed) == [(2, "the alias of line 1 again", True)]
    assert [entry.is_named for entry in parsed.entries] == [True, False, False, False]
    assert parsed.problem_count == 0


@pytest.mark.parametrize("line", [f"first,{CHECKSUM}", f"user_1::first,{CHECKSUM}"])
def test_a_line_of_the_list_that_stands_twice_counts_once(line: str) -> None:
    """In whatever spelling, as long as the device is the same."""
    parsed = listed(f"first,{CHECKSUM}\n{line}\nlast,{OTHER_CHECKSUM}\n")
    assert told(parsed) == [(2, "the token of line 1 again", False)]
    assert [entry.bearer for entry in parsed.entries] == ["first", "last"]
    assert parsed.problem_count == 0


@pytest.mark.parametrize("is_last", [True, False])
def test_a_cookie_that_the_earlier_program_took_whole_is_no_second_device(is_last: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """It listed `user_1%3A%3Atoken` as a token of its own, which was never accepted anywhere."""
    whole, bare = f"user_1%3A%3Aa,{OTHER_CHECKSUM}", f"a,{CHECKSUM}"
    parsed = listed("\n".join([bare, whole] if is_last else [whole, bare]))
    assert [(entry.bearer, entry.checksum) for entry in parsed.entries] == [("a", CHECKSUM)]
    [(line, words, is_used)] = told(parsed)
    assert (line, is_used) == (2 if is_last else 1, False)
    assert "with another checksum" in words
    assert parsed.problem_count == 0
    alone = listed(whole)
    assert [entry.checksum for entry in alone.entries] == [OTHER_CHECKSUM]


def test_a_list_that_a_spreadsheet_has_written() -> None:
    """The quotes are neither the token's nor the checksum's."""
    parsed = listed(f'"a","{CHECKSUM}"\n"b,{OTHER_CHECKSUM}"')
    assert parsed.problem_count == 0
    assert [(entry.bearer, entry.checksum) for entry in parsed.entries] == [
        ("a", CHECKSUM),
        ("b", OTHER_CHECKSUM),
    ]


def test_a_list_is_matched_by_what_goes_upstream() -> None:
    """The list may spell a token as a cookie or with an alias, as other tools do."""
    parsed = listed(f"user_1%3A%3Aa,{CHECKSUM}\nmine::b,{CHECKSUM}\nc,{OTHER_CHECKSUM}")
    assert [(entry.alias, entry.bearer) for entry in parsed.entries] == [
        ("user_1", "a"),
        ("mine", "b"),
        (None, "c"),
    ]
    assert [entry.checksum for entry in parsed.entries] == [CHECKSUM, CHECKSUM, OTHER_CHECKSUM]


@pytest.mark.parametrize("secret", ["sec ret-0123456789", "eyJsecret.eyJb.c::x", "secret-01,x"])
def test_a_problem_never_shows_the_secret(secret: str) -> None:
    """Neither the token nor a piece of it is in the words."""
    parsed = tokens(secret)
    assert parsed.problem_count == 1
    assert "secret" not in str(parsed.problems)
    assert "secret" not in repr(tokens("work::secretsecretsecret"))


def test_a_long_line_is_told_and_the_longest_is_read() -> None:
    """16 KiB are allowed, whatever they hold."""
    limit = LIMITS.line_bytes_max
    assert tokens("x" * limit).entries
    assert "more than the 16384 a line may have" in one_problem(tokens(f"a\n{'x' * (limit + 1)}"))


def test_a_line_that_is_no_utf8_is_told() -> None:
    """A comment in another encoding counts as well: it could not be shown."""
    parsed = tokens("a\n# 备注\nb".encode("gbk"))
    assert one_problem(parsed) == "not UTF-8 text"
    assert [entry.bearer for entry in parsed.entries] == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_utf16_file_is_named_as_such(encoding: str) -> None:
    """PowerShell's `>` writes one; the problem says what to do."""
    data = "\ufeff".encode(encoding) if encoding == "utf-16-be" else b""
    [(line, words)] = problems(tokens(data + "token".encode(encoding)))
    assert line == 1
    assert "UTF-16" in words


def test_junk_is_refused_with_few_words() -> None:
    """A problem in each of 100,000 lines is counted, the first hundred are named."""
    parsed = tokens(b"\x00\n" * 100_000)
    assert parsed.problem_count == 100_000
    assert len(parsed.problems) == LIMITS.problems_max


def test_more_lines_than_allowed_are_not_looked_at() -> None:
    """Sixteen million line ends cost one look."""
    [(line, words)] = problems(tokens(b"\n" * 16_000_000))
    assert (line, words) == (200_001, "more than the 200000 lines allowed")
    assert not tokens(b"a\n" * 3, TextLimits(lines_max=2)).entries
    assert not problems(tokens("a\nb\n", TextLimits(lines_max=2)))


def test_the_form_of_a_checksum() -> None:
    """Eight characters of one alphabet, then one or two ids of 64 hexadecimal digits."""
    assert is_checksum("AbCd+/12" + "a" * 64)
    assert is_checksum("AbCd-_12" + "A" * 64 + "/" + "0" * 64)
    assert not is_checksum("AbCd+_12" + "a" * 64)
    assert not is_checksum("AbCd-_12" + "g" * 64)
    assert not is_checksum("AbCd-_12" + "a" * 64 + "/")


def test_text_that_can_be_shown() -> None:
    """Nothing is left out of it; the first line that is no text is named."""
    assert require_text(b"\xef\xbb\xbfa\r\n", "f") == "\ufeffa\r\n"
    with pytest.raises(StoreError) as caught:
        require_text(b"a\nb\n\xff", "f")
    assert [(p.file, p.line) for p in caught.value.problems] == [("f", 3)]


def test_a_fingerprint_names_a_token_and_tells_nothing() -> None:
    """The same token, the same name; 64 hexadecimal digits."""
    assert fingerprint_of("a") == fingerprint_of("a") != fingerprint_of("b")
    assert len(fingerprint_of("a")) == 64


def test_too_large_says_how_much() -> None:
    """With both sizes."""
    assert "has 5 bytes, more than the 3" in too_large("f", 5, TextLimits(file_bytes_max=3)).text


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    """Whatever a file holds, there are entries and problems, each in a line that exists."""
    line_count = data.count(b"\n") + 1
    for parsed in (parse_tokens(data, "f", LIMITS), parse_token_list(data, "f", LIMITS)):
        assert all(1 <= entry.line <= line_count for entry in parsed.entries)
        assert all(1 <= problem.line <= line_count for problem in parsed.problems)
        assert len({entry.bearer for entry in parsed.entries}) == len(parsed.entries)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_token_stands_for_itself_on_a_line_of_its_own(text: str) -> None:
    """What is read from any line can be written bare and is read as the same token again."""
    for entry in tokens(text).entries:
        [again] = tokens(entry.bearer).entries
        assert (again.alias, again.bearer) == (None, entry.bearer)
