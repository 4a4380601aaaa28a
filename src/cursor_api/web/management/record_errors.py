"""What it is to a caller that the records cannot be asked: a wait, while requests go on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cursor_api.domain.errors import Fault, FaultKind, StoreError

log = logging.getLogger(__name__)

RECORDS_UNAVAILABLE = "records_unavailable"
RETRY_AFTER_S = 5.0


@contextmanager
def asking_records() -> Iterator[None]:
    """Turns a StoreError inside into Fault(OVERLOADED) with the code `records_unavailable`."""
    try:
        yield
    except StoreError as error:
        log.warning("the records cannot be asked", extra={"facts": {"error": error.message}})
        fault = Fault(
            FaultKind.OVERLOADED,
            "The records cannot be read at the moment; requests are answered all the same. The"
            " gateway's log says why.",
            retry_after_s=RETRY_AFTER_S,
        )
        fault.code = RECORDS_UNAVAILABLE
        raise fault from error
