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
    leave,
    use_share,
)
from cursor_api.cluster.place import VARIABLE, WorkerPlace
from cursor_api.domain.credential import Secret
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
    ("is_linux", "has_client", "variables", "words"),
    [
        (True, True, {"REDIS_URL": "redis://127.0.0.1:6379/0"}, ""),
        (True, True, {}, "there is none here: install valkey-server"),
        (True, False, {}, "the extra `workers` of cursor-api"),
        (False, True, {}, "for Linux; here one serves"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(  # noqa: PLR0917 - four of them say the case
    is_linux: bool,  # noqa: FBT001 - a parameter of the test
    has_client: bool,  # noqa: FBT001 - a parameter of the test
    variables: dict[str, str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the workers could not count together, none is started; elsewhere one serves."""
    monkeypatch.setattr(workers, "HAS_WORKERS", is_linux)
    monkeypatch.setattr(workers, "find_spec", lambda name: name if has_client else None)
    monkeypatch.setattr(workers, "find_program", lambda: None)
    found = check_workers(loaded(tmp_path, WORKERS="3", **variables))
    said = " ".join(map(str, (*found.warnings, *found.problems)))
    assert words in said
    assert bool(words) is ("WORKERS" in said)
    assert bool(found.problems) is (bool(words) and is_linux)
    assert has_workers(found) is not bool(words)


def test_several_workers_cannot_share_one_bridge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs the tools of the one that asked it last; a worker alone may have it."""
    monkeypatch.setattr(workers, "HAS_WORKERS", True)
    monkeypatch.setattr(workers, "find_spec", lambda name: name)
    bridge = {
        "CURSOR_SDK_BRIDGE_URL": "http://127.0.0.1:9",
        "CURSOR_SDK_BRIDGE_TOKEN": "x",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
    }
    [warning] = check_workers(loaded(tmp_path, WORKERS="2", **bridge)).warnings
    assert "CURSOR_SDK_BRIDGE_URL" in str(warning)
    assert "tools of one process only" in str(warning)
    assert not check_workers(loaded(tmp_path, **bridge)).warnings


def test_settings_that_are_wrong_start_nobody(tmp_path: Path) -> None:
    """One process tells what is wrong, once."""
    assert not has_workers(loaded(tmp_path, WORKERS="3", PORT="x"))


def test_a_worker_has_its_share_and_tells_no_warnings(tmp_path: Path) -> None:
    """The supervisor has told them; what is shown of the settings is what was set."""
    place = WorkerPlace(2, 3, 0, 0, 0, is_first_start=True, folder="/f", shared_url="unix:///s")
    whole = loaded(
        tmp_path,
        WORKERS="3",
        GATEWAY_STREAMS_MAX="100",
        ALERT_WEBHOOK_URL="https://alerts.example/x",
    )
    part = use_share(whole, place)
    assert part.settings.admission.streams_max == 34
    assert part.facts.find("GATEWAY_STREAMS_MAX") == 100
    assert part.warnings == ()
    # Another one tells of alerts, and has the spool of the plain name.
    assert part.settings.database.spool_suffix == ".spool-2"
    assert part.settings.alerts.url is None
    first = use_share(whole, WorkerPlace(1, 3, 0, 0, 0, is_first_start=True, folder="/f"))
    assert first.settings.database.spool_suffix == ".spool"
    assert first.settings.alerts.url == Secret("https://alerts.example/x")
    assert part.settings.shared.url == Secret("unix:///s")
    assert use_share(whole, None) is whole
    own = use_share(loaded(tmp_path, REDIS_URL="redis://there"), place)
    assert own.settings.shared.url == Secret("redis://there")


def test_what_a_killed_supervisor_leaves_its_workers_remove(tmp_path: Path) -> None:
    """And nothing where it lives: the others still meet there."""
    folder = tmp_path / "sockets"
    folder.mkdir()
    place = WorkerPlace(1, 2, 0, 0, os.getppid(), is_first_start=False, folder=str(folder))
    leave(place)
    assert folder.exists()
    leave(msgspec.structs.replace(place, supervisor=-1))
    assert not folder.exists()


def test_a_worker_whose_supervisor_is_gone_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would serve with nobody to end it."""
    assert begin_as_worker() is None
    ends = os.pipe()
    place = WorkerPlace(1, 2, *ends, supervisor=1, is_first_start=True, folder="/f")
    monkeypatch.setenv(VARIABLE, msgspec.json.encode(place).decode())
    monkeypatch.setattr(workers, "end_with_parent", lambda: None)
    with pytest.raises(SystemExit):
        begin_as_worker()
    for one in ends:
        os.close(one)
