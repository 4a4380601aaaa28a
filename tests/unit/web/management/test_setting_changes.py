"""Which version a change is meant for, and what each refusal is to the operator."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request

from cursor_api.domain.errors import Fault, FaultKind, StaleTextError, StoreError
from cursor_api.options.said import Words
from cursor_api.ports.configuration import (
    FixedSettingError,
    SettingsWriter,
    ShownFinding,
    UnknownSettingError,
    Unshown,
    WrongSettingError,
    WrongUpstreamError,
)
from cursor_api.ports.upstream_blocks import MISSING, TAKEN
from cursor_api.web.management.setting_changes import etag_of, write
from tests.unit.web.management.settings_town import Town


def request(*if_match: str) -> Request:
    """One with these headers."""
    headers = [(b"if-match", value.encode()) for value in if_match]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("given", "seen"),
    [((), None), (("*",), None), (('"a"',), "a"), (('"a"', 'W/"b"'), "a,b")],
)
async def test_a_change_learns_which_version_was_seen(
    tmp_path: Path, given: tuple[str, ...], seen: str | None
) -> None:
    """None where any will do; of several versions none can be the one."""

    def change(_writer: SettingsWriter, if_match: str | None) -> str | None:
        return if_match

    assert await write(Town(tmp_path).in_use, request(*given), change) == seen


@pytest.mark.parametrize(
    ("error", "kind", "param"),
    [
        (UnknownSettingError("X"), FaultKind.NOT_FOUND, "name"),
        (FixedSettingError("it is fixed"), FaultKind.CONFLICT, "name"),
        (
            WrongSettingError([ShownFinding("X", "", "is wrong", Words("is wrong", "错了"))]),
            FaultKind.INVALID_REQUEST,
            "value",
        ),
        (WrongUpstreamError("name", "is there", TAKEN), FaultKind.CONFLICT, "name"),
        (WrongUpstreamError("keys", "none", MISSING), FaultKind.INVALID_REQUEST, "keys"),
        (WrongUpstreamError("", "a model is wrong"), FaultKind.INVALID_REQUEST, None),
        (StaleTextError("old"), FaultKind.PRECONDITION_FAILED, "If-Match"),
        (StoreError("The disk is full."), FaultKind.STORE_FAILED, None),
    ],
)
async def test_a_refusal_says_whose_it_is_and_names_the_field(
    tmp_path: Path, error: Exception, kind: FaultKind, param: str | None
) -> None:
    """Whatever the writer raises."""

    def change(_writer: SettingsWriter, _seen: str | None) -> None:
        raise error

    with pytest.raises(Fault) as caught:
        await write(Town(tmp_path).in_use, request(), change)
    assert (caught.value.kind, caught.value.param) == (kind, param)


async def test_what_has_no_files_has_no_version(tmp_path: Path) -> None:
    """Nor has a file that cannot be read; each is no error of whoever only looks."""
    assert await etag_of(Unshown()) == {}
    town = Town(tmp_path)
    assert set(await etag_of(town.in_use)) == {"etag"}
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    assert await etag_of(town.in_use) == {}
