"""Aliases in addresses: any character, and nothing that is not ours."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from cursor_api.web.http.operation import split_address
from tests.house import HELLO, House
from tests.serving import ask, serve
from tests.unit.web.management.test_credentials import BASE, call

ALIASES = [
    "a b",
    "a/b",
    "a/test",
    "test",
    "clear",
    "é",
    "中文",
    "👩",
    "100%",
    "%2F",
    "a?b",
    "a#b",
    "<script>alert(1)</script>",
    "a+b",
    "...",
    "a\\b",
    "'\"",
]


@pytest.mark.parametrize("alias", ALIASES)
async def test_an_alias_may_be_anything_in_an_address(alias: str) -> None:
    """Each action finds it; text comes back as text."""
    house = House()
    house.upstream.script[alias] = HELLO
    path = f"/{quote(alias, safe='')}"
    async with serve(house.app) as port:
        renamed = await call(port, "PATCH", "/a", {"alias": alias})
        assert (renamed.status, renamed.json()["alias"]) == (200, alias)
        assert (await call(port, "GET", path)).json()["alias"] == alias
        assert (await call(port, "POST", f"{path}/test")).json()["is_ok"] is True
        assert (await call(port, "POST", f"{path}/clear")).json()["alias"] == alias
        answer = await call(port, "DELETE", path)
        assert (answer.status, answer.json()["removed"]) == (200, alias)
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path", ["/", "/a/", "/a/test/", "/a/other", "/a/test/x", "//a", "//", "/%ff", "/a//test"]
)
async def test_other_addresses_are_not_found_and_not_told_without_a_key(path: str) -> None:
    """The key comes first here too."""
    async with serve(House().app) as port:
        assert (await call(port, "POST", path)).status == 404
        assert (await ask(port, "POST", f"{BASE}{path}")).status == 401


async def test_methods_are_told_for_each_address() -> None:
    """After the key."""
    async with serve(House().app) as port:
        for path, allowed in (
            ("", "GET, HEAD, POST"),
            ("/a", "DELETE, GET, HEAD, PATCH"),
            ("/a/test", "POST"),
            ("/a/clear", "POST"),
        ):
            answer = await call(port, "PUT", path)
            assert (answer.status, answer.headers["allow"]) == (405, allowed)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.sampled_from(["", "test", "clear"]),
)
def test_whatever_is_quoted_is_found_again(alias: str, action: str) -> None:
    """Every Unicode text that UTF-8 can hold."""
    raw = f"/x{BASE}/{quote(alias, safe='')}{f'/{action}' if action else ''}".encode()
    assert split_address(raw, f"/x{BASE}") == (alias, action)


@given(st.binary())
def test_any_address_is_taken_apart_or_not_found(raw: bytes) -> None:
    """Nothing else happens."""
    with suppress(HTTPException):
        assert all(
            isinstance(part, str) for part in split_address(BASE.encode() + b"/" + raw, BASE)
        )


def test_an_address_that_only_decodes_to_ours_is_not_ours() -> None:
    """`/api%2Fcredentials/a` has other segments."""
    for raw in (b"/api%2Fcredentials/a", b"/x/api/credentials/a", b"/api/credentials%2Fa"):
        with pytest.raises(HTTPException):
            split_address(raw, BASE)
    assert split_address(b"/%61pi/credentials/a", BASE) == ("a", "")
