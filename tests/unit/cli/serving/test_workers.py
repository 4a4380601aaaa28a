"""How `serve` begins with several workers, and how one of them does."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from cursor_api.cli.serving import workers
from cursor_api.cli.serving.workers import (
    begin_as_worker,
    check_workers,
    has_workers,
    use_share,
)
from cursor_api.cluster.place import VARIABLE, WorkerPlace
from cursor_api.installed import SCHEMA, Settings
from cursor_api.settings import Loaded, load_settings


def loaded(folder: Path, **variables: str) -> Loaded[Settings]:
    """Settings as the environment gives them."""
    return load_settings(SCHEMA, {"AUTH_TOKEN": "a-key-that-is-long-enough", **variables}, folder)


def test_one_worker_needs_no_supervisor(tmp_path: Path) -> None:
    """It is how everybody begins, and costs nothing that it did not cost before."""
    one = loaded(tmp_path)
    assert check_workers(one) is one
    assert not has_workers(one)


@pytest.mark.parametrize(
    ("is_linux", "variables", "words"),
    [
        (True, {}, "each worker counts by itself"),
        (True, {"REDIS_URL": "redis://127.0.0.1:6379/0"}, ""),
        (False, {}, "for Linux; here one serves"),
    ],
)
def test_what_cannot_be_had_is_said(
    is_linux: bool,  # noqa: FBT001 - a parameter of the test
    variables: dict[str, str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Elsewhere one serves; and limits that hold for each alone are no surprise."""
    monkeypatch.setattr(workers, "HAS_WORKERS", is_linux)
    found = check_workers(loaded(tmp_path, WORKERS="3", **variables))
    assert [str(one) for one in found.warnings if words in str(one)] if words else True
    assert len(found.warnings) == bool(words)
    assert has_workers(found) is is_linux


def test_settings_that_are_wrong_start_nobody(tmp_path: Path) -> None:
    """One process tells what is wrong, once."""
    assert not has_workers(loaded(tmp_path, WORKERS="3", PORT="x"))


def test_a_worker_has_its_share_and_tells_no_warnings(tmp_path: Path) -> None:
    """The supervisor has told them; what is shown of the settings is what was set."""
    place = WorkerPlace(2, 3, 0, 0, 0, is_first_start=True)
    whole = check_workers(loaded(tmp_path, WORKERS="3", GATEWAY_STREAMS_MAX="100"))
    part = use_share(whole, place)
    assert part.settings.admission.streams_max == 34
    assert part.facts.find("GATEWAY_STREAMS_MAX") == 100
    assert part.warnings == ()
    assert use_share(whole, None) is whole


def test_a_worker_whose_supervisor_is_gone_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would serve with nobody to end it."""
    assert begin_as_worker() is None
    ends = os.pipe()
    place = WorkerPlace(1, 2, *ends, supervisor=1, is_first_start=True)
    monkeypatch.setenv(VARIABLE, msgspec.json.encode(place).decode())
    monkeypatch.setattr(workers, "end_with_parent", lambda: None)
    with pytest.raises(SystemExit):
        begin_as_worker()
    for one in ends:
        os.close(one)
