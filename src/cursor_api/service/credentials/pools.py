"""The credentials of all endpoints together, as their owner sees them: in one order, by alias.

Rules of this file:
- A credential goes into the pool of its own endpoint. One whose endpoint is not configured goes
  nowhere, and its owner is warned.
- An alias is one credential's, whichever pool it is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cursor_api.domain.credential import Credential
from cursor_api.domain.credential_health import (
    Cooldown,
    CredentialHealth,
    Preferences,
    Quarantine,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.words import UpstreamWords
from cursor_api.options.said import tell
from cursor_api.pool.lease import Lease
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import Slot
from cursor_api.service.inference.endpoints import Endpoint, Endpoints

Kept = Mapping[Credential, tuple[Preferences, CredentialHealth]]


class CredentialPools:
    """The pools of all endpoints."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._slots: tuple[Slot, ...] = ()
        # Those that they are in, whose endpoints may have gone since.
        self._pools: frozenset[Pool] = frozenset()

    def __repr__(self) -> str:
        return f"CredentialPools({len(self._slots)} in {len(self._endpoints)} endpoints)"

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """All that serve, in their owner's order."""
        return tuple(slot.credential for slot in self._slots)

    @property
    def slots(self) -> Sequence[Slot]:
        """Their states, in the same order; for looking, not for changing."""
        return self._slots

    @property
    def revision(self) -> int:
        """Goes up with every change worth keeping over a restart."""
        return sum(endpoint.pool.revision for endpoint in self._endpoints.values())

    def replace(
        self, credentials: Sequence[Credential], kept: Kept | None = None
    ) -> Sequence[Credential]:
        """Serve from these from now on; gives those whose endpoint is not configured."""
        by_pool: dict[Pool, list[Credential]] = {
            endpoint.pool: [] for endpoint in self._endpoints.values()
        }
        pools = frozenset(by_pool)
        by_pool.update((pool, []) for pool in self._pools - pools)
        homeless = []
        order = []
        for credential in credentials:
            endpoint = self._endpoints.get(credential.endpoint)
            if endpoint is None:
                homeless.append(credential)
            else:
                by_pool[endpoint.pool].append(credential)
                order.append(endpoint.pool)
        slots = {pool: iter(pool.put(own, kept)) for pool, own in by_pool.items()}
        self._slots = tuple(next(slots[pool]) for pool in order)
        self._pools = pools
        # Only now that all of them are in place does any of them serve.
        for pool in by_pool:
            pool.serve_waiting()
        return homeless

    def get_slot(self, alias: str) -> Slot:
        """A credential's state; raises Fault(NOT_FOUND)."""
        return self.get_endpoint(alias).pool.get_slot(alias)

    def get_endpoint(self, alias: str) -> Endpoint:
        """Where a credential belongs; raises Fault(NOT_FOUND)."""
        for endpoint in self._endpoints.values():
            if endpoint.pool.has_alias(alias):
                return endpoint
        raise Fault(
            FaultKind.NOT_FOUND, tell("There is no credential of this alias."), param="alias"
        )

    def words_of(self, slot: Slot) -> UpstreamWords:
        """What people are told about its kind."""
        return self._endpoints[slot.credential.endpoint].words

    def set_preferences(self, alias: str, preferences: Preferences) -> None:
        """Change what the owner wants of a credential; raises Fault(NOT_FOUND)."""
        self.get_endpoint(alias).pool.set_preferences(alias, preferences)

    def clear(self, alias: str) -> None:
        """End a credential's cooldowns and quarantine; raises Fault(NOT_FOUND)."""
        self.get_endpoint(alias).pool.clear(alias)

    def learn(self, slot: Slot, model: str, cooldown: Cooldown | None) -> None:
        """What another node has found out of one of them for a model; None: it serves again."""
        slot.learn(model, cooldown)
        self._learnt(slot)

    def learn_quarantine(self, slot: Slot, quarantine: Quarantine | None) -> None:
        """The same, for all models."""
        slot.quarantine = quarantine
        self._learnt(slot)

    def learn_use(self, slot: Slot, count: int) -> None:
        """How many requests other nodes have under way of one of them."""
        is_less, slot.others_count = count < slot.others_count, count
        endpoint = self._endpoints.get(slot.credential.endpoint)
        if is_less and endpoint is not None:
            endpoint.pool.serve_waiting()

    def _learnt(self, slot: Slot) -> None:
        endpoint = self._endpoints.get(slot.credential.endpoint)
        if endpoint is not None:
            endpoint.pool.revision += 1
            endpoint.pool.serve_waiting()

    def lease_for_test(self, alias: str, model: str) -> Lease:
        """A lease of one credential whatever its state, for a person who tests it."""
        return self.get_endpoint(alias).pool.lease_for_test(alias, model)
