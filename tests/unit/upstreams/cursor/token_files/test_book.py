"""Both files together."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.errors import StoreError, UnknownCredentialError
from cursor_api.upstreams.cursor.token_files.book import (
    Book,
    File,
    Names,
    Reader,
    Texts,
    plan_writes,
)
from cursor_api.upstreams.cursor.token_files.text import TextLimits, fingerprint_of

READER = Reader(Names(".token", ".token-list"), TextLimits())


def checksum(number: int) -> str:
    """A checksum of the known form, another one for each number."""
    return f"AAAAAAAA{number:064x}"


def book(tokens: str = "", token_list: str = "") -> Book:
    """Two texts, read."""
    return READER.read(Texts(tokens.encode(), token_list.encode()))


def line(bearer: str, number: int = 0) -> str:
    """A line of the list."""
    return f"{bearer},{checksum(number)}\n"


def new_checksums(start: int = 1000) -> itertools.count[int]:
    """Numbers of checksums that no text here has."""
    return itertools.count(start)


def complete(what: Book, start: int = 1000) -> Book:
    """Listed with checksums numbered from `start`."""
    numbers = new_checksums(start)
    return READER.complete(what, lambda: checksum(next(numbers)))


def test_all_problems_of_both_files_come_at_once() -> None:
    """With the name of the file; one look is enough to repair them."""
    with pytest.raises(StoreError) as caught:
        book("a b\nc\nc d\n", "d\n")
    assert [(p.file, p.line) for p in caught.value.problems] == [
        (".token", 1),
        (".token", 3),
        (".token-list", 1),
    ]
    assert str(caught.value).startswith("3 lines cannot be used; nothing was changed.\n.token:1: ")


def test_no_more_problems_than_anybody_reads() -> None:
    """The message says that there are more."""
    with pytest.raises(StoreError) as caught:
        book("a b\n" * 60, "d\n" * 60)
    assert len(caught.value.problems) == 100
    assert "120 lines cannot be used (the first 100 are named)" in caught.value.message


def test_too_large_a_text_is_refused() -> None:
    """Before it is looked at."""
    with pytest.raises(StoreError, match=r"\.token-list has 6 bytes"):
        Reader(READER.names, TextLimits(file_bytes_max=5)).survey(Texts(b"", b"a,b,c,"))


def test_the_token_file_gives_the_order_then_the_list() -> None:
    """A token that only the list has still serves: it goes by being deleted from both."""
    credentials = book("b\na\n", line("x", 1) + line("a", 2) + line("b", 3)).credentials
    assert [(one.secret.reveal(), one.binding) for one in credentials] == [
        ("b", checksum(3)),
        ("a", checksum(2)),
        ("x", checksum(1)),
    ]


def test_aliases_are_chosen_given_or_made_up() -> None:
    """Each credential has one of its own, and it does not depend on its place."""
    text = "mine::a\nuser_1::b\nuser_1%3A%3Ac\nd\n"
    listed = "".join(map(line, "abcd")) + line("mine::e") + line("other::f") + line("g")
    credentials = book(text, listed).credentials
    made_up = {bearer: fingerprint_of(bearer)[:8] for bearer in "acdeg"}
    assert [one.alias for one in credentials] == [
        "mine",
        "user_1",
        f"user_1-{made_up['c']}",
        f"token-{made_up['d']}",
        f"mine-{made_up['e']}",
        "other",
        f"token-{made_up['g']}",
    ]
    swapped = book("d\nmine::a\n", line("d") + line("a")).credentials
    assert {one.alias for one in swapped} == {f"token-{made_up['d']}", "mine"}


def test_an_alias_in_the_list_serves_where_the_token_file_has_none() -> None:
    """It is written somewhere, so it is used."""
    assert [one.alias for one in book("a\n", line("work::a")).credentials] == ["work"]


def test_a_made_up_alias_gives_way_to_a_chosen_one() -> None:
    """Even to one that looks like it."""
    made_up = f"token-{fingerprint_of('a')[:8]}"
    aliases = [one.alias for one in complete(book(f"a\n{made_up}::b\n")).credentials]
    assert aliases == [f"token-{fingerprint_of('a')[:16]}", made_up]


def test_a_load_appends_what_the_list_lacks_and_touches_nothing_else() -> None:
    """Comments, blank lines, CRLF and a missing last line end of the list stay."""
    before = book("mine::new\na\n", f"# devices\r\n\r\na,{checksum(1)}")
    after = complete(before)
    assert before.lacking == ("new",)
    expected = f"# devices\r\n\r\na,{checksum(1)}\r\nnew,{checksum(1000)}\r\n"
    assert after.texts.token_list.decode() == expected
    assert after.texts.tokens is before.texts.tokens
    assert complete(after) is after


def test_adding_appends_to_the_token_file() -> None:
    """Several at once, in any spelling, with comments between them; each is listed."""
    added, bearers = READER.add(book("# mine\na"), "b\r\n\n# two\nuser_1%3A%3Ac\nwork::d")
    assert added.texts.tokens.decode() == "# mine\na\nb\nuser_1::c\nwork::d\n"
    assert bearers == ["b", "c", "d"]
    assert added.texts.token_list == b""


def test_adding_with_a_checksum_lists_it() -> None:
    """A device that the user already has, for a token that is new or only in the list."""
    added, _ = READER.add(book("", "# mine\n"), "b", checksum(7))
    assert added.texts.token_list.decode() == "# mine\n" + line("b", 7)
    added, _ = READER.add(book("", line("b", 1)), "work::b", checksum(7))
    assert added.texts.token_list.decode() == line("b", 7)
    assert added.texts.tokens == b"work::b\n"


@pytest.mark.parametrize(
    ("text", "given_checksum", "words"),
    [
        ("", None, "no token"),
        ("# only a comment", None, "no token"),
        ("x y", None, "input:1: a space inside"),
        ("x\nx", None, "input:2: the token of line 1 again"),
        ("x\nuser_1::a", None, "input:2: line 1 of the token file has this token"),
        ("mine::x", None, "the alias of line 1 again"),
        ("x,y", None, "a comma"),
        ("x\ud800", None, "input:1: not UTF-8"),
        ("x", "no checksum", "input:1: the checksum is not of the known form"),
        ("x", f"{checksum(1)}\nz,{checksum(1)}", "not of the known form"),
        ("x\ny", checksum(1), "One checksum"),
    ],
)
def test_what_cannot_be_added(text: str, given_checksum: str | None, words: str) -> None:
    """It is refused whole, with the line of the input."""
    with pytest.raises(StoreError) as caught:
        READER.add(book("mine::a\n"), text, given_checksum)
    assert words in str(caught.value)


def test_removing_takes_both_lines_and_no_other() -> None:
    """By alias; what stands around stays as it is."""
    before = book(
        "# all\r\nmine::a\r\n\r\nuser_1%3A%3Ab", f"{line('b', 2)}# keep\n{line('user_1::a', 1)}"
    )
    after = READER.remove(before, "mine")
    assert after.texts.tokens == b"# all\r\n\r\nuser_1%3A%3Ab"
    assert after.texts.token_list.decode() == line("b", 2) + "# keep\n"
    assert READER.remove(after, "user_1").credentials == ()


def test_removing_one_that_only_the_list_has() -> None:
    """Its line goes, the token file stays."""
    after = READER.remove(book("", line("old::a")), "old")
    assert after.texts == Texts(b"", b"")


@pytest.mark.parametrize(
    ("change", "tokens", "token_list"),
    [
        (CredentialChange(), "#\nmine::a\r\nb", line("a", 1) + line("b", 2)),
        (CredentialChange(alias="new"), "#\nnew::a\r\nb", line("a", 1) + line("b", 2)),
        (CredentialChange(alias=""), "#\na\r\nb", line("a", 1) + line("b", 2)),
        (CredentialChange(secret=Secret(" c ")), "#\nmine::c\r\nb", line("c", 1) + line("b", 2)),
        (
            CredentialChange(secret=Secret("user_1%3A%3Ac")),
            "#\nmine::c\r\nb",
            line("c", 1) + line("b", 2),
        ),
        (
            CredentialChange(binding=checksum(9)),
            "#\nmine::a\r\nb",
            line("a", 9) + line("b", 2),
        ),
    ],
)
def test_changing_rewrites_its_line(change: CredentialChange, tokens: str, token_list: str) -> None:
    """A renewed token keeps its alias and its device; the other lines stay."""
    before = book("#\nmine::a\r\nb", line("a", 1) + line("b", 2))
    after, bearer = READER.change(before, "mine", change)
    assert after.texts == Texts(tokens.encode(), token_list.encode())
    assert bearer == ("c" if change.secret else "a")


def twice() -> Book:
    """A token that stands three times, and an alias that stands twice."""
    return book(
        "mine::a\nb\na\nmine::c\nx::a\n",
        line("a", 1) + line("b", 2) + line("a", 1) + line("c", 3) + line("user_1%3A%3Aa", 4),
    )


def test_what_stands_twice_serves_once() -> None:
    """Each token once, under a name of its own and with the device that is its."""
    credentials = twice().credentials
    assert [(one.alias, one.secret.reveal(), one.binding) for one in credentials] == [
        ("mine", "a", checksum(1)),
        (f"token-{fingerprint_of('b')[:8]}", "b", checksum(2)),
        (f"mine-{fingerprint_of('c')[:8]}", "c", checksum(3)),
    ]


def test_removing_what_stands_twice_takes_every_line() -> None:
    """Or it would come back as another one."""
    after = READER.remove(twice(), "mine")
    assert after.texts.tokens == b"b\nmine::c\n"
    assert after.texts.token_list.decode() == line("b", 2) + line("c", 3)
    assert [one.alias for one in after.credentials] == [
        f"token-{fingerprint_of('b')[:8]}",
        "mine",
    ]


@pytest.mark.parametrize(
    ("change", "tokens", "device"),
    [
        (CredentialChange(secret=Secret("d")), "mine::d\nb\nmine::c\n", ("d", 1)),
        (CredentialChange(binding=checksum(9)), "mine::a\nb\na\nmine::c\nx::a\n", ("a", 9)),
    ],
)
def test_changing_what_stands_twice_leaves_nothing_of_the_old(
    change: CredentialChange, tokens: str, device: tuple[str, int]
) -> None:
    """Neither a line that brings the old token back, nor a second device."""
    after, _ = READER.change(twice(), "mine", change)
    assert after.texts.tokens.decode() == tokens
    assert after.texts.token_list.decode() == line(*device) + line("b", 2) + line("c", 3)


def test_what_stands_twice_already_keeps_nobody_from_a_change() -> None:
    """An alias that is taken is refused all the same."""
    other = f"mine-{fingerprint_of('c')[:8]}"
    after, _ = READER.change(twice(), other, CredentialChange(alias="other"))
    assert after.texts.tokens.decode() == "mine::a\nb\na\nother::c\nx::a\n"
    added, _ = READER.add(twice(), "new::d")
    assert added.texts.tokens.endswith(b"x::a\nnew::d\n")
    with pytest.raises(StoreError, match=r"\.token:2: the alias of line 1 again"):
        READER.change(twice(), f"token-{fingerprint_of('b')[:8]}", CredentialChange(alias="mine"))


def test_changing_one_that_only_the_list_has() -> None:
    """A name for it needs a line in the token file; a new token stays in the list."""
    before = book("", line("a", 1))
    [credential] = before.credentials
    after, _ = READER.change(before, credential.alias, CredentialChange(alias="mine"))
    assert after.texts == Texts(b"mine::a\n", line("a", 1).encode())
    after, _ = READER.change(before, credential.alias, CredentialChange(secret=Secret("b")))
    assert after.texts == Texts(b"", line("b", 1).encode())


@pytest.mark.parametrize(
    "change",
    [
        CredentialChange(alias="other"),
        CredentialChange(alias="a::b"),
        CredentialChange(alias="a\nb"),
        CredentialChange(alias="#a"),
        CredentialChange(alias=" a"),
        CredentialChange(alias="a\ud800"),
        CredentialChange(alias="x" * 200),
        CredentialChange(secret=Secret("b")),
        CredentialChange(secret=Secret("")),
        CredentialChange(secret=Secret("x y")),
        CredentialChange(secret=Secret("x\ny")),
        CredentialChange(binding=""),
        CredentialChange(binding="abc"),
    ],
)
def test_what_cannot_be_changed(change: CredentialChange) -> None:
    """A part that is not valid, or that another credential has."""
    before = book("mine::a\nother::b\n", line("a", 1) + line("b", 2))
    with pytest.raises(StoreError):
        READER.change(before, "mine", change)


def test_an_unknown_alias_is_told() -> None:
    """By an error of its own."""
    with pytest.raises(UnknownCredentialError):
        READER.remove(book("a"), "mine")
    with pytest.raises(UnknownCredentialError):
        READER.change(book("a"), "mine", CredentialChange())


def test_a_book_with_problems_is_not_edited() -> None:
    """A line that nobody understands might be the one that matters."""
    broken = READER.survey(Texts(b"mine::a\nx y\n", b""))
    for edit in (
        lambda: READER.add(broken, "b"),
        lambda: READER.remove(broken, "mine"),
        lambda: READER.change(broken, "mine", CredentialChange()),
        lambda: complete(broken),
    ):
        with pytest.raises(StoreError):
            edit()


def test_etags_tell_any_two_texts_apart() -> None:
    """Also when a line moves from the end of one file to the beginning of the other."""
    assert Texts(b"a", b"b").etag == Texts(b"a", b"b").etag
    assert len({Texts(b"a", b"b").etag, Texts(b"ab", b"").etag, Texts(b"", b"ab").etag}) == 3


def test_secrets_are_in_no_repr() -> None:
    """Neither of the texts nor of what was read from them."""
    what = book("secret-token\n", line("secret-token", 1))
    assert "secret-token" not in repr(what)
    assert checksum(1) not in repr(what)


def test_what_is_gained_is_written_first_what_is_lost_last() -> None:
    """The list goes before the token file, and after it when lines are taken out."""
    a, ab = book("a", line("a")), book("a\nb", line("a") + line("b"))
    assert [file for file, _ in plan_writes(a, ab)] == [File.LIST, File.TOKENS]
    assert [file for file, _ in plan_writes(ab, a)] == [File.TOKENS, File.LIST]
    b = book("b", line("b"))
    assert [file for file, _ in plan_writes(a, b)] == [File.LIST, File.TOKENS, File.LIST]
    assert plan_writes(a, a) == []


SETS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=4)


@given(SETS, SETS, st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")))
def test_no_crash_between_two_writes_loses_a_device(
    old: dict[str, int], new: dict[str, int], in_old: set[str], in_new: set[str]
) -> None:
    """After any number of writes each named token has a checksum, the old one or the new one."""
    before, after = (
        book(
            "".join(f"{bearer}\n" for bearer in sorted(listed) if bearer in named),
            "".join(line(bearer, number) for bearer, number in listed.items()),
        )
        for listed, named in ((old, in_old), (new, in_new))
    )
    state = {File.TOKENS: before.texts.tokens, File.LIST: before.texts.token_list}
    for file, data in plan_writes(before, after):
        state[file] = data
        between = READER.read(Texts(state[File.TOKENS], state[File.LIST]))
        assert between.lacking == ()
        for credential in between.credentials:
            bearer = credential.secret.reveal()
            numbers = [one[bearer] for one in (old, new) if bearer in one]
            assert credential.binding in map(checksum, numbers)
    assert Texts(state[File.TOKENS], state[File.LIST]) == after.texts
