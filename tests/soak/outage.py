"""A total outage: the gateway does not make it worse, and tells its callers the truth at once.

Each way of failing twice: with the breaker off, where only the retry budget bounds the attempts,
and with the breaker as it is by default. Attempts are counted at the upstream.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from tests.soak.clients import Client, Reply, post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.load import percentile
from tests.soak.stand import GatewayProcess, chat, gateway

REQUEST_COUNT = 1_000
CALLER_COUNT = 10
PER_REQUEST_MAX, ATTEMPTS_MAX = 1.2, 3
# Two retries are paid for in advance, before there was any request.
RESERVE_COUNT = 2
ASK = post(chat("Hello!", is_stream=True))
WAYS = {
    "503 for all": Faults(http_error=1.0, http_status=503),
    "resets for all": Faults(reset_before_headers=1.0),
    "broken frames for all": Faults(malformed_message=1.0, fault_after_count=0),
}


@dataclass(slots=True)
class Seen:
    """What callers and the upstream saw."""

    replies: list[Reply] = field(default_factory=list)
    attempt_count: int = 0

    @property
    def most_attempts(self) -> int:
        """The most that one request says it made."""
        return max((reply.find(b"x-attempts") or b"").count(b"fault=") for reply in self.replies)

    @property
    def untrue_count(self) -> int:
        """Answers that are no failure, or do not say when to come again where they could."""
        return sum(
            reply.status not in {502, 503} or (reply.status == 503 and not reply.retry_after_s)
            for reply in self.replies
        )


def run(size: Size) -> list[Figure]:
    """All ways, without and with the breaker."""
    request_count = size.count(REQUEST_COUNT, at_least=100 if size.share > 0.01 else 40)
    figures = []
    for words, faults in WAYS.items():
        say(f"outage: {words}")
        bare = asyncio.run(_endure(faults, request_count, {"GATEWAY_BREAKER_FAILURES": "0"}))
        figures += [
            exactly(f"{words}: callers told so", request_count - bare.untrue_count, request_count),
            Figure(
                "attempts per request",
                (bare.attempt_count - RESERVE_COUNT) / request_count,
                at_most=PER_REQUEST_MAX,
            ),
            Figure("most attempts of one request", bare.most_attempts, at_most=ATTEMPTS_MAX),
        ]
        guarded = asyncio.run(_endure(faults, request_count, {}))
        durations = [reply.duration_s for reply in guarded.replies]
        figures += [
            exactly(
                "with the breaker: callers told so",
                request_count - guarded.untrue_count,
                request_count,
            ),
            Figure(
                "attempts in all",
                guarded.attempt_count,
                at_most=request_count * PER_REQUEST_MAX,
            ),
            Figure("answered within, median", percentile(durations, 0.5) * 1000, "ms"),
        ]
    return figures


async def _endure(faults: Faults, request_count: int, limits: dict[str, str]) -> Seen:
    seen = Seen()
    options = SimulatorOptions(faults=faults, requests_kept_max=10 * request_count)
    async with CursorSimulator(options) as simulator:
        tokens = ("work::token-of-work", "home::token-of-home", "spare::token-of-spare")
        with gateway(simulator.url, limits, tokens) as process:
            numbers = iter(range(request_count))
            await asyncio.gather(*(_ask_again(process, numbers, seen) for _ in range(CALLER_COUNT)))
        seen.attempt_count = len(simulator.requests)
    return seen


async def _ask_again(process: GatewayProcess, numbers: Iterator[int], seen: Seen) -> None:
    client = await Client.connect(process.port)
    for _ in numbers:
        seen.replies.append(await client.ask(ASK))
    client.leave()


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
