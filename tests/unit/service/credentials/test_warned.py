"""Warnings of a watch: each once, until it is over."""

from __future__ import annotations

from cursor_api.service.credentials.warned import Warned
from tests.fakes import ListObserver


def test_a_matter_is_told_once_until_its_detail_changes_or_it_is_over() -> None:
    """A watch that looks every second would fill the log otherwise."""
    observer = ListObserver()
    warned = Warned(observer)
    for detail in ("away", "away", "full", "full"):
        warned.warn("cannot save", detail)
    warned.end("cannot save")
    warned.warn("cannot save", "full")
    assert observer.warnings == [
        ("cannot save", {"detail": detail}) for detail in ("away", "full", "full")
    ]


def test_without_a_detail_it_is_told_once() -> None:
    """And none is made up."""
    observer = ListObserver()
    warned = Warned(observer)
    for _ in range(2):
        warned.warn("a line is not used")
    assert observer.warnings == [("a line is not used", {})]
