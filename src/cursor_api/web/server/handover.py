"""How a process leaves its address to another one that serves there already, and fails nobody.

Rules of this file:
- New connections are the other one's. Who is connected is served on, without a limit of time; each
  answer from now on is its connection's last, so that the client's next request goes elsewhere.
- A connection between two requests is left open for a while: a client under load uses it at once,
  and is told with the answer. Only then it is closed, as any idle connection is in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from cursor_api.web.server.serving import Serving

# A client that has not used its connection for so long does not count on it.
IDLE_S: Final = 3.0
POLL_S: Final = 0.05


async def hand_over(serving: Serving, is_broken_off: Callable[[], bool]) -> None:
    """Serve on until nobody is connected any more, or something else ends the process."""
    loop = asyncio.get_running_loop()
    serving.is_handing_over = True
    for one in list(serving.connections):
        one.end_after_answer()
    until = loop.time() + IDLE_S
    while serving.connections and not is_broken_off():
        if loop.time() >= until:
            for one in [one for one in serving.connections if one.has_asked]:
                one.end()
        await asyncio.sleep(POLL_S)
