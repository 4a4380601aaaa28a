"""What every credential store promises to whoever reads and edits credentials."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cursor_api.domain.credential import Credential, CredentialChange, Secret
from cursor_api.domain.errors import (
    NoTextError,
    StaleTextError,
    StoreError,
    UnknownCredentialError,
)
from cursor_api.files.sealing import Sealer
from cursor_api.ports.stores import CredentialFiles
from cursor_api.stores.postgres.credentials import PostgresCredentials
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.rows import RowCredentialStore
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from tests.contract.test_records import forget_all

KEY = Secret("5" * 64)


def checksum(number: int) -> str:
    """A checksum of the known form, another one for each number."""
    return f"AAAAAAAA{number:064x}"


def new_checksums() -> Callable[[], str]:
    """New devices, numbered from 1000."""
    numbers = itertools.count(1000)
    return lambda: checksum(next(numbers))


def in_memory(_folder: Path) -> CredentialFiles:
    """A store that forgets."""
    return MemoryCredentialStore((), new_checksums())


def in_files(folder: Path) -> CredentialFiles:
    """The two files."""
    return FileCredentialStore(folder / ".token", folder / ".token-list", new_checksums())


def in_sealed_files(folder: Path) -> CredentialFiles:
    """The two files, the tokens in them sealed."""
    options = FileOptions(sealer=Sealer([KEY]))
    tokens, token_list = folder / ".token", folder / ".token-list"
    return FileCredentialStore(tokens, token_list, new_checksums(), options)


IN_TEXTS = (in_memory, in_files, in_sealed_files)
POSTGRES = "postgres"


@pytest.fixture(params=IN_TEXTS)
def texts_store(request: pytest.FixtureRequest, tmp_path: Path) -> CredentialFiles:
    """An empty store of each kind that is two texts."""
    made: CredentialFiles = request.param(tmp_path)
    return made


@pytest.fixture(params=[*IN_TEXTS, POSTGRES])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CredentialFiles]:
    """An empty store of each kind."""
    if request.param != POSTGRES:
        yield request.param(tmp_path)
        return
    url = request.getfixturevalue("postgres_url")
    await forget_all(url)
    rows = PostgresCredentials(url, Sealer([KEY]))
    made = RowCredentialStore(rows, tmp_path / ".token", new_checksums())
    yield made
    await made.close()


async def contents(store: CredentialFiles) -> object:
    """Everything in it, to compare."""
    credentials = list(await store.load())
    try:
        return credentials, await store.read_text()
    except NoTextError:
        return credentials


def credential(alias: str, token: str, number: int) -> Credential:
    """What a store should give."""
    return Credential(alias, Secret(token), checksum(number), "cursor")


async def test_an_empty_store(store: CredentialFiles) -> None:
    """No credentials, nothing to say, and nothing has happened after a load."""
    assert list(await store.load()) == []
    assert list(store.warnings) == []
    assert [await store.has_changed() for _ in range(3)] == [False] * 3


async def test_credentials_come_in_the_users_order(texts_store: CredentialFiles) -> None:
    """Each with its alias, the token that goes upstream, and its device."""
    await texts_store.replace_text(
        "work::b\nuser_1%3A%3Aa\n", f"a,{checksum(1)}\nz::c,{checksum(2)}\n"
    )
    assert list(await texts_store.load()) == [
        credential("work", "b", 1000),
        credential("user_1", "a", 1),
        credential("z", "c", 2),
    ]


async def test_a_device_stays(texts_store: CredentialFiles) -> None:
    """Once given, a checksum is the token's, under whatever name and in whatever order."""
    await texts_store.add("a\nb")
    first = {one.secret: one.binding for one in await texts_store.load()}
    await texts_store.replace_text("# turned round\nx::b\ny::a\n")
    assert {one.secret: one.binding for one in await texts_store.load()} == first
    await texts_store.update("x", CredentialChange(alias="z", secret=Secret("c")))
    assert (await texts_store.load())[0] == credential("z", "c", 1001)


async def test_text_is_kept_as_it_is(texts_store: CredentialFiles) -> None:
    """Line ends, comments, blank lines, a byte order mark and a missing last line end."""
    text, listed = (
        "\ufeff# one\r\n\r\n a \nwork::b",
        f"# two\r\na , {checksum(1)}\n\nb,{checksum(2)}",
    )
    texts = await texts_store.replace_text(text, listed)
    assert (texts.token_text, texts.token_list_text) == (text, listed)
    assert await texts_store.read_text() == texts
    await texts_store.load()
    assert await texts_store.read_text() == texts


async def test_an_edit_touches_its_own_lines_only(texts_store: CredentialFiles) -> None:
    """Whoever writes comments finds them again."""
    await texts_store.replace_text(
        "# one\r\na::x\r\nb::y\n# end", f"x,{checksum(1)}\r\n# d\ny,{checksum(2)}"
    )
    await texts_store.update("a", CredentialChange(alias="c"))
    await texts_store.remove("b")
    await texts_store.add("d::z")
    texts = await texts_store.read_text()
    assert texts.token_text == "# one\r\nc::x\r\n# end\r\nd::z\r\n"
    assert texts.token_list_text == f"x,{checksum(1)}\r\n# d\nz,{checksum(1000)}\n"


async def test_adding_gives_what_was_added(store: CredentialFiles) -> None:
    """One or many, with a device that the user has or with a new one."""
    assert list(await store.add("a::x", binding=checksum(5))) == [credential("a", "x", 5)]
    added = await store.add("b::y\r\n\r\nuser_2%3A%3Az")
    assert list(added) == [credential("b", "y", 1000), credential("user_2", "z", 1001)]
    assert len(await store.load()) == 3


async def test_a_check_says_what_adding_would_and_changes_nothing(store: CredentialFiles) -> None:
    """With the same words and the same lines."""
    await store.add("a::x")
    before = await contents(store)
    await store.check("b::y\nz")
    await store.check("y", binding=checksum(1))
    for text, given, line in (
        ("b::y\nb c", None, 2),
        ("\nx", None, 2),
        ("", None, 1),
        ("y", "abc", 1),
        ("y\nz", checksum(1), 2),
    ):
        with pytest.raises(StoreError) as checked:
            await store.check(text, binding=given)
        with pytest.raises(StoreError) as added:
            await store.add(text, binding=given)
        assert str(checked.value) == str(added.value)
        assert [problem.line for problem in checked.value.problems] == [line]
    assert await contents(store) == before


async def test_a_change_gives_what_it_is_now(store: CredentialFiles) -> None:
    """A renewed token keeps its device; a device changes when its user says so."""
    await store.add("a::x")
    assert await store.update("a", CredentialChange(secret=Secret("user_1::y"))) == credential(
        "a", "y", 1000
    )
    assert await store.update("a", CredentialChange(binding=checksum(3))) == credential("a", "y", 3)
    assert list(await store.load()) == [credential("a", "y", 3)]


@pytest.mark.parametrize(
    ("tokens", "listed", "words"),
    [
        ("a b\n", None, ":1: a space inside"),
        (
            "a\n",
            f"a,{checksum(1)}\na,{checksum(2)}\n",
            ":2: the token of line 1 again, with another",
        ),
        ("a\n", "\na,abc\n", ":2: the checksum is not of the known form"),
        ("a\x00\n", None, "control character"),
        ("a" * 20_000, None, "20000 bytes"),
        ("\ud800", None, "not UTF-8"),
        ("a\n" * 9_000_000, None, "18000000 bytes"),
    ],
)
async def test_an_invalid_text_changes_nothing(
    texts_store: CredentialFiles, tokens: str, listed: str | None, words: str
) -> None:
    """It is refused whole, with the line."""
    await texts_store.add("kept::x")
    before = await texts_store.read_text(), await texts_store.load()
    with pytest.raises(StoreError) as caught:
        await texts_store.replace_text(tokens, listed)
    assert words in str(caught.value)
    assert (await texts_store.read_text(), await texts_store.load()) == before


async def test_what_stands_twice_serves_once(texts_store: CredentialFiles) -> None:
    """A second token of an alias has a name of its own."""
    await texts_store.replace_text("work::a\na\nwork::b\n", None)
    named = {one.secret.reveal(): one.alias for one in await texts_store.load()}
    assert list(named) == ["a", "b"]
    assert (named["a"], named["b"].partition("-")[0]) == ("work", "work")


async def test_a_stale_etag_changes_nothing(texts_store: CredentialFiles) -> None:
    """Whatever the change is; the etag that is current goes through."""
    stale = (await texts_store.read_text()).etag
    await texts_store.add("a::x", if_match=stale)
    before = await texts_store.read_text()
    assert before.etag != stale
    for change in (
        texts_store.replace_text("", "", if_match=stale),
        texts_store.add("b", if_match=stale),
        texts_store.remove("a", if_match=stale),
        texts_store.update("a", CredentialChange(alias="b"), if_match=stale),
    ):
        with pytest.raises(StaleTextError):
            await change
    assert await texts_store.read_text() == before
    await texts_store.remove("a", if_match=before.etag)
    assert list(await texts_store.load()) == []


async def test_an_unknown_alias_changes_nothing(store: CredentialFiles) -> None:
    """It has an error of its own."""
    await store.add("a::x")
    before = await contents(store)
    for change in (store.remove("b"), store.update("b", CredentialChange(alias="c"))):
        with pytest.raises(UnknownCredentialError):
            await change
    assert await contents(store) == before


async def test_changes_at_once_are_made_one_after_the_other(store: CredentialFiles) -> None:
    """None is lost."""
    await asyncio.gather(*(store.add(f"n{number}::t{number}") for number in range(20)))
    credentials = await store.load()
    assert {one.alias for one in credentials} == {f"n{number}" for number in range(20)}
    assert len({one.binding for one in credentials}) == 20


async def test_secrets_are_in_no_repr(store: CredentialFiles) -> None:
    """Neither of the store nor of its texts and credentials."""
    await store.add("a::secret-token")
    shown = f"{store!r} {await contents(store)!r}"
    assert "secret-token" not in shown
