"""One connection to a real PostgreSQL: nothing waits for ever, and what is lost comes back."""

from __future__ import annotations

import asyncio
import signal

import psycopg
import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.stores.postgres.link import Connection, Link
from tests.ports import closed_port
from tests.postgres_server import PostgresServer


async def one(connection: Connection) -> int:
    """A question that is quickly answered."""
    found = await (await connection.execute("SELECT 1")).fetchone()
    assert found is not None
    return int(found[0])


async def sleep(connection: Connection) -> None:
    """One that is not."""
    await connection.execute("SELECT pg_sleep(60)")


async def test_a_call_is_a_transaction_of_its_own(url: Secret) -> None:
    """What fails in it leaves nothing behind."""

    async def make(connection: Connection) -> None:
        await connection.execute("CREATE TABLE half (x int)")
        raise ZeroDivisionError

    async def look(connection: Connection) -> object:
        found = await (await connection.execute("SELECT to_regclass('half')")).fetchone()
        return found and found[0]

    link = Link(url, "test", 10.0)
    with pytest.raises(ZeroDivisionError):
        await link.run(make)
    assert await link.run(look) is None
    await link.close()
    assert await link.run(one) == 1, "it is made again"
    await link.close()


async def test_what_hangs_is_given_up_and_the_next_call_works(url: Secret) -> None:
    """Its own time, or the time of the one call."""
    hasty = Link(url, "test", 0.2)
    with pytest.raises(StoreAwayError, match=r"no answer within 0\.2 s"):
        await hasty.run(sleep)
    await hasty.close()
    link = Link(url, "test", 30.0)
    assert await link.run(one) == 1
    with pytest.raises(StoreAwayError, match=r"no answer within 0\.1 s"):
        await link.run(sleep, limit_s=0.1)
    assert await link.run(one) == 1
    await link.close()


async def test_who_waits_behind_what_hangs_does_not_wait_as_long_once_more(url: Secret) -> None:
    """Twenty pages that are opened at once are told together that the server hangs."""
    link = Link(url, "test", 0.5)
    assert await link.run(one) == 1
    asked = []

    async def ask(connection: Connection) -> None:
        asked.append(connection)
        await sleep(connection)

    done = await asyncio.gather(*(link.run(ask) for _ in range(20)), return_exceptions=True)
    assert {type(error) for error in done} == {StoreAwayError}
    assert len(asked) == 1
    assert await link.run(one) == 1
    await link.close()


async def test_who_does_not_wait_any_longer_keeps_nobody_waiting(url: Secret) -> None:
    """The page was closed: the next question has a connection at once."""
    link = Link(url, "test", 30.0)
    asking = asyncio.create_task(link.run(sleep))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(5):
        assert await link.run(one) == 1
    await link.close()


async def test_whoever_closes_it_does_not_wait_for_an_answer(url: Secret) -> None:
    """The process ends; what it has asked is of interest to nobody any more."""
    link = Link(url, "test", 60.0)
    assert await link.run(one) == 1
    asking = asyncio.create_task(link.run(sleep))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        await link.close()
        with pytest.raises(StoreAwayError):
            await asking
    assert await link.run(one) == 1
    await link.close()


async def test_who_is_cancelled_as_the_answer_comes_leaves_no_connection(url: Secret) -> None:
    """The call has its result, and nobody is there to take it."""
    held: list[Connection] = []

    async def ask(connection: Connection) -> None:
        held.append(connection)
        running = asyncio.current_task()
        assert running is not None
        running.add_done_callback(lambda _: asking.cancel())

    link = Link(url, "test", 30.0)
    asking = asyncio.create_task(link.run(ask))
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert held[0].closed
    assert await link.run(one) == 1
    await link.close()


async def test_a_server_that_hangs_is_given_up(server: PostgresServer, url: Secret) -> None:
    """With a connection and without one; when it goes on all is well."""
    link, other = Link(url, "test", 30.0), Link(url, "test", 30.0)
    assert await link.run(one) == 1
    with server.paused():
        for each in (link, other):
            with pytest.raises(StoreAwayError, match="no answer within"):
                await each.run(one, limit_s=0.3)
    assert await other.run(one) == await link.run(one) == 1
    await link.close()
    await other.close()


async def test_a_server_that_crashes_comes_back(server: PostgresServer, url: Secret) -> None:
    """Each call in between is an error that says so."""
    link = Link(url, "test", 10.0)
    assert await link.run(one) == 1
    server.stop(signal.SIGQUIT)
    for _ in range(2):
        with pytest.raises(StoreAwayError, match=r"\(DATABASE_URL\) cannot be used"):
            await link.run(one)
    server.start()
    assert await link.run(one) == 1
    await link.close()


async def test_a_connection_that_was_closed_meanwhile_is_made_again(
    server: PostgresServer, url: Secret
) -> None:
    """By a restart of the server, or by a person: nobody was asked anything, and nobody fails."""
    link, other = Link(url, "test", 10.0), Link(url, "other", 10.0)
    assert await link.run(one) == 1

    async def end_others(connection: Connection) -> None:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'"
        )

    await other.run(end_others)
    assert await link.run(one) == 1
    server.stop()
    server.start()
    assert await link.run(one) == await other.run(one) == 1
    await link.close()
    await other.close()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("a-password", "another", "authentication failed"),
        ("/postgres", "/nowhere", "does not exist"),
        ("/postgres", "/postgres?sslmode=require", "does not support SSL"),
        ("/postgres", "/postgres?surprise=1", "surprise"),
    ],
)
async def test_what_only_a_person_can_mend_is_no_outage(
    url: Secret, old: str, new: str, words: str
) -> None:
    """Nor does it tell the password."""
    link = Link(Secret(url.reveal().replace(old, new)), "test", 10.0)
    with pytest.raises(StoreError, match=words) as caught:
        await link.run(one)
    assert not isinstance(caught.value, StoreAwayError)
    assert "a-password" not in caught.value.message
    assert "another" not in caught.value.message


async def test_nobody_at_the_address_is_an_outage() -> None:
    """It may be there a minute later."""
    with closed_port() as port, pytest.raises(StoreAwayError, match="refused"):
        await Link(Secret(f"postgresql://u:p@127.0.0.1:{port}/x"), "test", 10.0).run(one)


async def test_what_no_database_takes_is_a_bug_and_no_outage(url: Secret) -> None:
    """It would be tried for ever."""
    link = Link(url, "test", 10.0)
    with pytest.raises(psycopg.DataError):
        await link.run(lambda connection: connection.execute("SELECT 'x'::int"))
    await link.close()
