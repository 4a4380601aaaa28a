"""A module as a program of its own, by the Python that is there or by the executable itself."""

from __future__ import annotations

import sys

import pytest

from cursor_api.domain.own_program import RUN_MODULE, own_environment, own_program


def test_where_there_is_a_python_it_runs_the_file() -> None:
    """With its flags, and with nothing added to an environment that is kept empty."""
    assert own_program("cursor_api.x", "/x.py", "-P", "-B") == (sys.executable, "-P", "-B", "/x.py")
    assert own_environment() == {}


def test_an_executable_is_told_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it is unpacked already; of the rest of the environment it gets nothing."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("_PYI_APPLICATION_HOME_DIR", "/unpacked")
    assert own_program("cursor_api.x", "/x.py", "-P") == (
        sys.executable,
        RUN_MODULE,
        "cursor_api.x",
    )
    assert own_environment() == {"_PYI_APPLICATION_HOME_DIR": "/unpacked"}
