"""Requests with a key: which can be sent, and what goes with every request but the key itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from cursor_api import __version__
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.options.said import tell
from cursor_api.transport.options import is_header_value

_T = TypeVar("_T")

EVENT_STREAM: Final = "text/event-stream"
JSON: Final = "application/json"
# Nothing of the caller's is among them.
HEADERS: Final = {
    "Content-Type": JSON,
    "Accept": f"{EVENT_STREAM}, {JSON}",
    "Accept-Encoding": "identity",
    "User-Agent": f"cursor-api/{__version__}",
}
# In place of a key, for a server that asks for none.
NO_KEY: Final = Secret("-")


def reveal_key(secret: Secret, subject: str = "The key") -> str:
    """A key as a header carries it; raises Fault for one that cannot be sent."""
    key = secret.reveal()
    if not key or not is_header_value(key) or " " in key:
        raise unsendable(subject)
    return key


def unsendable(subject: str) -> Fault:
    """The fault of a credential that no header can carry."""
    return Fault(
        FaultKind.CREDENTIAL_REJECTED,
        tell("{subject} holds characters that cannot be sent.", subject=subject),
    )


async def ask_with_keys(
    keys: Iterable[Secret], endpoint: str, ask: Callable[[Secret], Awaitable[_T]]
) -> _T:
    """What `ask` gives with the first key that is accepted; raises its Fault, or the last key's."""
    refusal = Fault(FaultKind.NO_CREDENTIALS, tell("{endpoint} has no key.", endpoint=endpoint))
    for key in keys:
        try:
            return await ask(key)
        except Fault as fault:
            if fault.scope is not Scope.CREDENTIAL:
                raise
            refusal = fault
    raise refusal
