"""How long a request is, without having it answered.

The upstream of the first route counts where it can; otherwise it is an estimate, which says so.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.content import Document, Image, LinkedImage, Part, Thinking, ToolUse
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import InputCount, UsageSource
from cursor_api.domain.errors import Fault
from cursor_api.pool.breaker import BreakerState
from cursor_api.pool.lease import Ask
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.service.inference.routes import Routes, find_own
from cursor_api.service.inference.search import Collaborators
from cursor_api.service.inference.usage import BYTES_PER_TOKEN, estimate_input

# Vision models take about so many pixels for a token, and make a larger image smaller.
PIXELS_PER_TOKEN = 750
TOKENS_PER_IMAGE_MAX = 1_600
# As what a credential is asked to count. Vendors limit that apart from answers: who may ask for few
# answers can count as often as they like, and must not keep credentials from answering others.
COUNTING = "{model} (counting tokens)"


@runtime_checkable
class CountsInput(Protocol):
    """What an upstream has besides where it can tell how long a request is."""

    async def count_input(self, request: ChatRequest, route: Route, credential: Credential) -> int:
        """The tokens of the request, which is not answered; raises Fault and nothing else."""
        ...


async def count_input(collaborators: Collaborators, incoming: Incoming) -> InputCount:
    """Raises Fault where there is no way to the model."""
    chat = incoming.chat
    routes = Routes(collaborators.catalog.resolve(chat.model), incoming, collaborators.endpoints)
    route = routes.take()
    endpoint = None if route is None else collaborators.endpoints[route.endpoint]
    estimate = InputCount(estimate_prompt(chat), UsageSource.ESTIMATED)
    if route is None or endpoint is None or not isinstance(endpoint.upstream, CountsInput):
        return estimate
    now = collaborators.clock.monotonic()
    if endpoint.breakers.state(route.model, now) is not BreakerState.CLOSED:
        return estimate
    model = COUNTING.format(model=route.model)
    ask = Ask(model, find_own(incoming, route.endpoint), incoming.pinned_alias)
    try:
        lease = endpoint.pool.lease(ask)
    except Fault:
        # All credentials are busy or resting; an estimate now is better than a count after a wait.
        return estimate
    try:
        counted = await endpoint.upstream.count_input(chat, route, lease.credential)
    except Fault as fault:
        lease.settle(LeaseOutcome(is_success=False, fault=fault.without_traceback()))
        return estimate
    finally:
        lease.settle(LeaseOutcome(is_success=True))
    return InputCount(counted, UsageSource.UPSTREAM)


def estimate_prompt(chat: ChatRequest) -> int:
    """Tokens of all that a model would read: tools, calls, thoughts and images too."""
    tools = chat.parameters.tools
    others_bytes = sum(len(one.name) + len(one.description) + len(one.schema) for one in tools)
    images_tokens = 0
    for message in chat.messages:
        for part in message.all_parts():
            others_bytes += _other_bytes(part)
            images_tokens += _image_tokens(part)
    return estimate_input(chat) + -(-others_bytes // BYTES_PER_TOKEN) + images_tokens


def _other_bytes(part: Part) -> int:
    """What `estimate_input` does not see."""
    if isinstance(part, ToolUse):
        return len(part.name) + len(part.arguments)
    return len(part.text) if isinstance(part, Thinking) else 0


def _image_tokens(part: Part) -> int:
    """As many as the largest has, where its size is not known; a document as one page at least."""
    if isinstance(part, LinkedImage | Document):
        return TOKENS_PER_IMAGE_MAX
    if not isinstance(part, Image):
        return 0
    pixels = part.width * part.height
    return min(-(-pixels // PIXELS_PER_TOKEN), TOKENS_PER_IMAGE_MAX) or TOKENS_PER_IMAGE_MAX
