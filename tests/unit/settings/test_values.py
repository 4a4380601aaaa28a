"""The values have a field for every row, of the type that the row gives."""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path

import pytest

from cursor_api.settings.load import GROUP_CLASSES, load_settings
from cursor_api.settings.table import CONFIG, TABLE
from cursor_api.settings.values import Settings


def test_rows_and_fields_are_the_same() -> None:
    """A setting is a row and a field; neither exists alone."""
    fields = {
        (group, field.name)
        for group, kind in GROUP_CLASSES.items()
        for field in dataclasses.fields(kind)
    }
    assert {(row.table, row.attribute) for row in TABLE if row is not CONFIG} == fields
    assert [field.name for field in dataclasses.fields(Settings)] == list(GROUP_CLASSES)


def test_values_have_the_types_of_their_fields(tmp_path: Path) -> None:
    """What the table's kinds give fits the annotations, defaults and examples alike."""
    # Those whose example would be no file, or the same as another's.
    left_out = {"CURSOR_CA_FILE", "GATEWAY_CONFIG", "TOKEN_LIST_FILE", "POOL_STATE_FILE"}
    left_out |= {"REQUEST_LOG_FILE"}
    examples = {row.variable: row.kind.examples[0] for row in TABLE if row.variable not in left_out}
    for environ in ({"AUTH_TOKEN": "k" * 16}, {**examples, "AUTH_TOKEN": "k" * 16}):
        settings = load_settings(environ, tmp_path).settings
        for group in GROUP_CLASSES:
            values = getattr(settings, group)
            for name, hint in typing.get_type_hints(type(values)).items():
                plain = typing.get_origin(hint) or hint
                expected = typing.get_args(hint) if isinstance(hint, types.UnionType) else plain
                assert isinstance(getattr(values, name), expected), (group, name)


def test_all_secrets_are_listed_for_the_redactor(tmp_path: Path) -> None:
    """The keys, the checksum, the proxy and the password inside it, as written and as meant."""
    environ = {"AUTH_TOKEN": "the-key", "X_CURSOR_CHECKSUM": "the-checksum", "PASSTHROUGH": "1"}
    environ["CLIENT_TOKENS"] = "key-one, key-two"
    proxy = "http://me:p%40ss@proxy:1"
    settings = load_settings({**environ, "CURSOR_PROXY": proxy}, tmp_path).settings
    assert [secret.reveal() for secret in settings.secrets] == [
        *("the-key", "key-one", "key-two", "the-checksum", proxy, "p%40ss", "p@ss"),
    ]
    assert load_settings({"PASSTHROUGH": "1"}, tmp_path).settings.secrets == ()


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """What was checked stays as it was checked."""
    settings = load_settings({"AUTH_TOKEN": "k" * 16}, tmp_path).settings
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.listener.port = 1  # type: ignore[misc] # that is the point
