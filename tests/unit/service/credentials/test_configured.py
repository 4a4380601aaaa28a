"""Credentials of the settings among those of the store."""

from __future__ import annotations

from cursor_api.domain.credential import Credential, Secret
from cursor_api.service.credentials.configured import rename_configured
from tests.endpoints import FAKE


def test_no_two_have_one_name() -> None:
    """Those of the store keep theirs; the others are counted on."""

    def named(*names: str) -> list[Credential]:
        return [Credential(name, Secret(f"t{at}"), "", FAKE) for at, name in enumerate(names)]

    renamed = rename_configured(named("a", "b", "c", "c"), named("a", "a-2", "b"))
    assert [one.alias for one in renamed] == ["a-3", "b-2", "c", "c-2"]
