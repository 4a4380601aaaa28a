"""What was done to credentials, as the audit says it."""

from __future__ import annotations

from cursor_api.domain.act import ActKind
from cursor_api.service.credentials.changes import find_acts


def test_each_kind_is_told_once() -> None:
    """With all the aliases that it was done to."""
    before = {"a": 1, "b": 1, "c": 1, "same": 1}
    after = {"e": 1, "d": 1, "b": 2, "same": 1}
    assert list(find_acts(before, after)) == [
        (ActKind.CREDENTIAL_ADDED, "d, e"),
        (ActKind.CREDENTIAL_REMOVED, "a, c"),
        (ActKind.CREDENTIAL_CHANGED, "b"),
    ]
    assert list(find_acts(before, before)) == []
