"""Who may choose the credential and the route of a request, and how the route is shown."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Route
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.permission import Permission
from cursor_api.web.inference.pinning import (
    read_pinned_credential,
    read_pinned_route,
    route_header,
)

OPERATOR = Caller("operator", Permission.ADMIN)
CHATS = Caller("chats")
BRINGS_OWN = Caller("own", credentials=(Credential("a", Secret("s"), "", "e"),))


def test_the_operator_names_both_in_any_spelling() -> None:
    """In UTF-8, percent-encoded, or as an old client writes it."""
    for read in (read_pinned_credential, read_pinned_route):
        assert read("工作/m".encode(), OPERATOR) == "工作/m"
        assert read(b"%E5%B7%A5/m", OPERATOR) == "工/m"
        assert read(b"caf\xe9", OPERATOR) == "café"


def test_who_may_only_chat_names_neither() -> None:
    """Whether the name exists is not to be found out."""
    for read, param in ((read_pinned_credential, "x-credential"), (read_pinned_route, "x-route")):
        with pytest.raises(Fault) as caught:
            read(b"anything", CHATS)
        assert (caught.value.kind, caught.value.param) == (FaultKind.FORBIDDEN, param)


def test_who_brings_credentials_chooses_a_route_and_no_credential() -> None:
    """It is theirs whatever the header says."""
    assert read_pinned_credential(b"anything", BRINGS_OWN) is None
    assert read_pinned_route(b"one", BRINGS_OWN) == "one"


def test_a_route_is_shown_as_it_is_pinned() -> None:
    """One header whatever is in the names."""
    name, value = route_header(Route("one", "m/x:free"))
    assert (name, value) == (b"x-route", b"one/m/x:free")
    _, value = route_header(Route("工", "m\r\nx"))
    assert value.isascii()
    assert b"\r" not in value
    assert unquote(value.decode()) == "工/m\r\nx"
    assert read_pinned_route(value, OPERATOR) == "工/m\r\nx"
