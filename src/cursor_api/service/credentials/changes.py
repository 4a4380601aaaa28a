"""What was done to credentials, from what they were before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cursor_api.domain.act import ActKind


def find_acts(
    before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[tuple[ActKind, str]]:
    """Each kind of act once, with the aliases that it was done to; given is what is known of each.

    A credential that was renamed is one that was removed and one that was added.
    """
    stayed = before.keys() & after.keys()
    for kind, aliases in (
        (ActKind.CREDENTIAL_ADDED, after.keys() - before.keys()),
        (ActKind.CREDENTIAL_REMOVED, before.keys() - after.keys()),
        (ActKind.CREDENTIAL_CHANGED, {one for one in stayed if before[one] != after[one]}),
    ):
        if aliases:
            yield kind, ", ".join(sorted(aliases))
