"""Ids of tool calls that wait: random, and with several nodes they say at which one, until when.

A call waits in the process that began its run. Only there a result goes on with that run; any other
node would begin anew with the whole conversation, and the run would wait in vain. So another node
refuses, as long as the run may still be there. It cannot know whether the run has ended since: then
its own node begins anew.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable

from cursor_api.domain.call_ids import MINUTE_S, RANDOM_BYTES, NamedCall, read_call_id
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.nodes import Nodes
from cursor_api.ports.process import Clock


class WaitingCallIds:
    """Makes them, and reads those of other nodes. `result_s` is how long a call waits.

    Without `nodes` this process serves alone, and ids name nothing.
    """

    def __init__(self, nodes: Nodes | None, clock: Clock, result_s: float) -> None:
        self._nodes = nodes
        self._clock = clock
        self._result_s = result_s

    def make(self) -> str:
        """A new one."""
        if self._nodes is None:
            return f"call_{secrets.token_hex(16)}"
        until = math.ceil((self._clock.now() + self._result_s) / MINUTE_S) * MINUTE_S
        return NamedCall(self._nodes.name, until).spell(secrets.token_urlsafe(RANDOM_BYTES))

    def require_own(self, call_ids: Iterable[str]) -> None:
        """For calls that do not wait here; raises Fault(WRONG_NODE) if one may wait elsewhere."""
        nodes = self._nodes
        if nodes is None:
            return
        now = self._clock.now()
        for call in filter(None, map(read_call_id, call_ids)):
            if now < call.until and nodes.is_another(call.node):
                raise Fault(
                    FaultKind.WRONG_NODE,
                    f"This tool call waits for its result at the node {call.node}, and this is the"
                    f" node {nodes.name}: a conversation with tools has to stay at one node.",
                )
