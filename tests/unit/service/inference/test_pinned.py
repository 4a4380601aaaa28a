"""The credential that a request names is looked for where it is not known here."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cursor_api.domain.errors import Fault, FaultKind, StoreAwayError, StoreError
from cursor_api.service.inference.pinned import look_for_pinned
from tests.unit.service.inference.routes_town import Town


@pytest.mark.parametrize("error", [None, StoreError("line 3 is no token")])
async def test_whoever_is_not_there_is_none_of_those_that_serve(error: StoreError | None) -> None:
    """Of files that cannot be used others tell."""
    asked = []

    async def look_for(alias: str) -> None:
        asked.append(alias)
        if error is not None:
            raise error

    await look_for_pinned(replace(Town({}).collaborators, look_for=look_for), "new")
    assert asked == ["new"]


async def test_where_the_store_is_away_nobody_knows() -> None:
    """So it is not denied."""

    async def look_for(_alias: str) -> None:
        raise StoreAwayError("The database has given no answer within 2 s.")

    with pytest.raises(Fault, match="no answer") as caught:
        await look_for_pinned(replace(Town({}).collaborators, look_for=look_for), "new")
    fault = caught.value
    assert (fault.kind, fault.code) == (FaultKind.OVERLOADED, "store_away")
    assert fault.retry_after_s


async def test_a_process_that_shares_with_nobody_asks_nobody() -> None:
    """It knows all there are."""
    await look_for_pinned(Town({}).collaborators, "new")
