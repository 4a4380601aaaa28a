"""What has to be known of a Redis or Valkey server before it is used, and what its errors mean."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from redis import exceptions
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.options.said import tell
from cursor_api.stores.redis.scripts import Script, read_script

CONNECT_S: Final = 2.0
# What is older has the scripting that is needed since 5, and is not tested.
OLDEST: Final = 7
# `SET` with it shows whether anything can be written.
PROBE: Final = ("SET", "ca:probe", "1", "PX", "1000")
# Refusals that pass by themselves.
_PASSING: Final = (
    exceptions.BusyLoadingError,
    exceptions.OutOfMemoryError,
    exceptions.ReadOnlyError,
    exceptions.MasterDownError,
    exceptions.MaxConnectionsError,
)
# How the library fails at what no Redis says: a line without an end, lists in lists in lists.
NO_REDIS: Final = (exceptions.InvalidResponse, ValueError, RecursionError)
_PASSING_WORDS: Final = ("BUSY ", "MISCONF ", "max number of clients", "NOREPLICAS ")


class Met(Struct, frozen=True):
    """What was found: the server's run, what it is, and what to warn of, or ""."""

    run: str
    name: str
    warning: str


def make_pool(url: Secret) -> ConnectionPool:
    """Only for what it reads of the address. Nothing waits or tries again by itself."""
    return ConnectionPool.from_url(
        url.reveal(),
        protocol=2,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        health_check_interval=0,
    )


async def connect(
    pool: ConnectionPool, scripts: Sequence[Script]
) -> tuple[AbstractConnection, Met]:
    """A connection to a server that can be used, with the scripts in it. Raises StoreError."""
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(CONNECT_S):
            await connection.connect()  # type: ignore[no-untyped-call]
            return connection, await meet(connection, scripts)
    except (exceptions.RedisError, OSError, TimeoutError, *NO_REDIS) as error:
        await connection.disconnect(nowait=True)
        raise explain(error) from error
    except BaseException:
        await connection.disconnect(nowait=True)
        raise


async def meet(connection: AbstractConnection, scripts: Sequence[Script]) -> Met:
    """Look at a server, and give it the scripts. Raises StoreError, RedisError, OSError."""
    facts = _facts(await _ask(connection, "INFO"))
    if facts.get("redis_mode") == "cluster":
        raise StoreError(
            tell(
                "Redis (REDIS_URL) cannot be used: it is a cluster, and a single server, or one"
                " behind a proxy, is needed."
            )
        )
    await _ask(connection, *PROBE)
    for script in scripts:
        try:
            await _ask(connection, "SCRIPT LOAD", script.text)
        except exceptions.ResponseError as error:
            if isinstance(error, _PASSING):
                raise
            raise StoreError(
                tell(
                    "Redis (REDIS_URL) cannot be used: it runs no Lua scripts ({reason}).",
                    reason=_line(error),
                )
            ) from error
    run = facts.get("run_id", "")[:16] or "-"
    return Met(run, _find_name(facts), _find_warning(facts))


async def look(url: Secret) -> Met:
    """What is at an address, by a look. Raises StoreError."""
    connection, met = await connect(make_pool(url), [read_script("find")])
    await connection.disconnect(nowait=True)
    return met


def explain(error: Exception) -> StoreError:
    """What went wrong; StoreAwayError where a later try is worth it."""
    words = _line(error)
    if isinstance(error, exceptions.AuthenticationError):
        return StoreError(
            tell("Redis (REDIS_URL) refuses the user name or the password: {reason}.", reason=words)
        )
    if isinstance(error, NO_REDIS):
        return StoreError(
            tell("What answers at REDIS_URL is no Redis or Valkey: {reason}.", reason=words)
        )
    is_answer = isinstance(error, exceptions.ResponseError)
    is_passing = isinstance(error, _PASSING) or words.startswith(_PASSING_WORDS)
    if isinstance(error, TimeoutError) and not error.args:
        words = tell("no answer within {limit_s} s", limit_s=f"{CONNECT_S:g}")
    kind = StoreError if is_answer and not is_passing else StoreAwayError
    return kind(tell("Redis (REDIS_URL) cannot be used: {reason}.", reason=words))


async def _ask(connection: AbstractConnection, *command: str) -> Any:
    await connection.send_command(*command, check_health=False)
    return await connection.read_response()


def _facts(info: Any) -> dict[str, str]:
    text = info.decode("utf-8", "replace") if isinstance(info, bytes) else str(info)
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value for name, colon, value in lines if colon}


def _find_name(facts: dict[str, str]) -> str:
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts.get('redis_version', 'of an unknown version')}"


def _find_warning(facts: dict[str, str]) -> str:
    version = facts.get("redis_version", "")
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST:
        return tell(
            "Redis (REDIS_URL) has the version {version}, and what is older than {oldest} is not"
            " tested.",
            version=version,
            oldest=OLDEST,
        )
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return ""
    return tell(
        "Redis (REDIS_URL) may throw away what it keeps: its maxmemory-policy is {policy}, not"
        " noeviction. Counters that go are made again from the records.",
        policy=policy,
    )


def _line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__).rstrip(".")
