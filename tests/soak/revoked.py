"""A thousand keys revoked at one node, while all are in use and are changed at the other."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from tests.serving import ask
from tests.soak.clients import Client
from tests.soak.figures import Figure, Size, exactly
from tests.soak.stand import BEARER, GatewayProcess

KEY_COUNT = 1000
AT_ONCE = 8
# Between two uses of each of them: all keys are tried at both nodes within three seconds.
PACE_S = 0.01
REVOKED_S_MAX = 5.0
OPERATOR = BEARER | {"Content-Type": "application/json"}
OK, UNAUTHORIZED, CONFLICTS = 200, 401, (409, 412)
_T = TypeVar("_T")


class _Use(NamedTuple):
    """A key at a node."""

    key_id: str
    port: int
    request: bytes


@dataclass(slots=True)
class _Seen:
    """When each key was revoked, and when it was last let in; what became of changes."""

    revoked_at: dict[str, float] = field(default_factory=dict)
    let_in_at: dict[str, float] = field(default_factory=dict)
    refused: set[_Use] = field(default_factory=set)
    changes: list[int] = field(default_factory=list)


async def revoke_all(nodes: Sequence[GatewayProcess], size: Size) -> list[Figure]:
    """How long any of them was still let in, and whether a change has revived one."""
    count = size.count(KEY_COUNT, 10)
    uses = await _make_keys(nodes, count)
    await _in_turns(uses, lambda use: _until(use, OK))
    seen = _Seen()
    ids = list(dict.fromkeys(use.key_id for use in uses))
    using = asyncio.create_task(_use_on(uses, seen))
    changing = asyncio.create_task(_in_turns(ids, lambda one: _change(nodes[1], one, seen)))
    await _in_turns(ids, lambda one: _revoke(nodes[0], one, seen))
    async with asyncio.timeout(REVOKED_S_MAX * 4):
        await using
    await changing
    # Changes that come after all.
    await _in_turns(ids, lambda one: _change(nodes[1], one, seen))
    again = _Seen()
    await _in_turns(uses, lambda use: _try(use, again))
    latest_s = max(seen.let_in_at.get(one, 0.0) - seen.revoked_at[one] for one in ids)
    return [
        exactly("keys revoked under load", len(seen.revoked_at), count),
        Figure("let in after that, the longest", max(0.0, latest_s), "s", at_most=REVOKED_S_MAX),
        Figure("changes refused as they came too late", _late(seen), at_least=count),
        exactly("revived by a change", len(uses) - len(again.refused), 0),
    ]


def _late(seen: _Seen) -> int:
    return sum(status in CONFLICTS for status in seen.changes)


async def _make_keys(nodes: Sequence[GatewayProcess], count: int) -> list[_Use]:
    """Each at both nodes."""
    secrets: dict[str, str] = {}

    async def make(key_id: str) -> None:
        body = json.dumps({"id": key_id, "name": key_id}).encode()
        made = await ask(nodes[0].port, "POST", "/api/keys", headers=OPERATOR, body=body)
        secrets[key_id] = made.json()["secret"]

    await _in_turns([f"thousand-{number}" for number in range(count)], make)
    return [
        _Use(key_id, node.port, _request(secret))
        for key_id, secret in secrets.items()
        for node in nodes
    ]


def _request(secret: str) -> bytes:
    return f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()


async def _use_on(uses: Sequence[_Use], seen: _Seen) -> None:
    """All of them again and again, until each was refused everywhere."""
    left = uses
    while left := [use for use in left if use not in seen.refused]:
        await _in_turns(left, lambda use: _try(use, seen))


async def _try(use: _Use, seen: _Seen) -> None:
    await asyncio.sleep(PACE_S)
    began = time.monotonic()
    client = await Client.connect(use.port)
    status = (await client.ask(use.request)).status
    client.leave()
    if status == OK:
        seen.let_in_at[use.key_id] = max(began, seen.let_in_at.get(use.key_id, 0.0))
    elif status == UNAUTHORIZED:
        seen.refused.add(use)


async def _until(use: _Use, status: int) -> None:
    async with asyncio.timeout(REVOKED_S_MAX * 4):
        while True:
            client = await Client.connect(use.port)
            answer = await client.ask(use.request)
            client.leave()
            if answer.status == status:
                return
            await asyncio.sleep(0.1)


async def _revoke(node: GatewayProcess, key_id: str, seen: _Seen) -> None:
    path = f"/api/keys/{key_id}/revoke"
    if (await ask(node.port, "POST", path, headers=BEARER)).status == OK:
        seen.revoked_at[key_id] = time.monotonic()
        return
    # A change came in between: what is there now is revoked.
    await _revoke(node, key_id, seen)


async def _change(node: GatewayProcess, key_id: str, seen: _Seen) -> None:
    body = json.dumps({"note": f"{time.monotonic()}"}).encode()
    path = f"/api/keys/{key_id}"
    answer = await ask(node.port, "PATCH", path, headers=OPERATOR, body=body)
    seen.changes.append(answer.status)


async def _in_turns(things: Iterable[_T], work: Callable[[_T], Awaitable[None]]) -> None:
    """With some of them at once."""
    left = iter(list(things))

    async def go_on() -> None:
        for thing in left:
            await work(thing)

    await asyncio.gather(*(go_on() for _ in range(AT_ONCE)))
