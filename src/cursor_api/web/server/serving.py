"""What all connections of one listener have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from cursor_api.watch import Watch
from cursor_api.web.server.heads import Dates
from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.refusals import RenderRefusal
from cursor_api.web.server.room import Room

# See the ASGI specification.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Serving:
    """The app and its limits, and who is connected.

    `limits` may change at any time, and count for open connections as well. An idle connection
    may be used again within `idle_s`.
    """

    __slots__ = (
        "app",
        "connections",
        "dates",
        "idle_s",
        "is_handing_over",
        "limits",
        "render_refusal",
        "room",
        "tasks",
        "watch",
    )

    def __init__(
        self,
        app: Application,
        limits: ConnectionLimits,
        render_refusal: RenderRefusal,
        idle_s: float,
    ) -> None:
        self.app = app
        self.limits = limits
        self.render_refusal = render_refusal
        self.idle_s = idle_s
        # Each answer is its connection's last.
        self.is_handing_over = False
        self.connections: set[Any] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.room: Room[Any] = Room()
        # One clock for all of them.
        self.watch = Watch()
        self.dates = Dates()

    def __repr__(self) -> str:
        return f"Serving({len(self.connections)} connections, {len(self.tasks)} requests)"
