"""The stateful shell around selection: who holds which credential right now."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.selection import find_round_robin

NO_CREDENTIALS = (
    "No credential is configured. Add one: put a line with your Cursor token into the token file"
    " (.token by default), then GET /update-tokeninfo or restart."
)


class Lease:
    """The right to use one credential for one attempt; settle it exactly once."""

    __slots__ = ("_pool", "credential", "is_settled")

    def __init__(self, pool: Pool, credential: Credential) -> None:
        self._pool = pool
        self.credential = credential
        self.is_settled = False

    def settle(self) -> None:
        """Give the credential back. A second call changes nothing."""
        if not self.is_settled:
            self.is_settled = True
            self._pool.give_back()


class Pool:
    """Credentials in the user's order, handed out in strict rotation."""

    def __init__(self, credentials: Sequence[Credential] = ()) -> None:
        self._credentials = tuple(credentials)
        self._cursor = 0
        self._leased_count = 0

    def __repr__(self) -> str:
        return (
            f"Pool(credentials={len(self._credentials)}, cursor={self._cursor},"
            f" leased={self._leased_count})"
        )

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """All of them, in order."""
        return self._credentials

    @property
    def leased_count(self) -> int:
        """Leases not yet settled."""
        return self._leased_count

    def replace(self, credentials: Sequence[Credential]) -> None:
        """Serve from these from now on. Rotation goes on behind the credential used last."""
        used_last = self._used_last()
        self._credentials = tuple(credentials)
        self._cursor = 0
        for position, credential in enumerate(self._credentials):
            if credential.secret == used_last:
                self._cursor = position + 1

    def _used_last(self) -> object:
        if not self._cursor or not self._credentials:
            return None
        return self._credentials[(self._cursor - 1) % len(self._credentials)].secret

    def lease(
        self, own: Sequence[Credential] = (), tried: AbstractSet[Credential] = frozenset()
    ) -> Lease:
        """Take the next credential in rotation that is not among those `tried`.

        `own` are the caller's (pass-through); they are used instead of the pool's.
        Raises Fault(NO_CREDENTIALS) when none is left.
        """
        among = own or self._credentials
        position = find_round_robin(
            len(among), self._cursor, lambda candidate: among[candidate] not in tried
        )
        if position is None:
            raise Fault(FaultKind.NO_CREDENTIALS, NO_CREDENTIALS)
        self._cursor = position + 1
        self._leased_count += 1
        return Lease(self, among[position])

    def give_back(self) -> None:
        """Only for Lease.settle."""
        self._leased_count -= 1
