"""A new socket is noticed by the request that asked for it."""

from __future__ import annotations

import asyncio
import socket

from cursor_api.transport.sending import SOCKET_USE, SocketUse, make_socket

ADDRESS = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))


async def test_only_the_task_that_asked_sees_it() -> None:
    """Requests run side by side; one that took an old connection must not think it was new."""
    mine, other = SocketUse(), SocketUse()

    async def connect() -> None:
        make_socket(ADDRESS).close()

    SOCKET_USE.set(other)
    token = SOCKET_USE.set(mine)
    task = asyncio.create_task(connect())
    SOCKET_USE.reset(token)
    await task
    assert (mine.is_new, other.is_new) == (True, False)


def test_a_socket_can_be_made_for_nobody() -> None:
    """Outside of a request nobody wants to know."""
    with make_socket(ADDRESS) as made:
        assert made.type == socket.SOCK_STREAM
