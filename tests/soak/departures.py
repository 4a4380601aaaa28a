"""Clients that leave at random moments: the upstream is closed at once, and nothing is forgotten.

The simulator runs in this process, so that its clock and the clients' are one: what is measured is
the time from a client's last packet to the end of its answer at the simulator.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.ledger import Ledger, PlayedAnswer, PlayOutcome
from tests.soak.clients import Client, post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.load import percentile, until
from tests.soak.stand import GatewayProcess, chat, gateway

DEPARTURE_COUNT = 300
WAVE_COUNT = 25
CLOSED_S_MAX = 1.0
PATIENCE_S = 10.0
# Answers of about a second and a half, of which each begins at another time.
ORDERS = ("rate 20 + bytes 180", "first-text 0.7 + rate 30 + bytes 180", "ttfb 1.5", "stall 2")
LEAVES_WITHIN_S = 1.2
NUMBER = re.compile(r"Departure (\d+)")


class TimedLedger(Ledger):
    """Knows when each answer ended, and how."""

    def __init__(self, kept_max: int) -> None:
        super().__init__(kept_max)
        self.ended: dict[int, tuple[float, PlayOutcome]] = {}

    def end(self, exchange: PlayedAnswer) -> None:
        """It ended now."""
        super().end(exchange)
        self.ended[exchange.ordinal] = asyncio.get_running_loop().time(), exchange.outcome


@dataclass(slots=True)
class Departure:
    """One client, gone. `text_count` are the pieces of text that it had."""

    number: int
    is_stream: bool
    left_at: float
    request_id: str
    text_count: int


@dataclass(slots=True)
class Seen:
    """What became of the departures."""

    departures: list[Departure] = field(default_factory=list)
    closed_after: list[float] = field(default_factory=list)
    lasting_count: int = 0
    recorded: set[str] = field(default_factory=set)
    unrecorded: list[str] = field(default_factory=list)
    unsettled: tuple[int, int] = (0, 0)


def run(size: Size) -> list[Figure]:
    """Waves of clients that leave."""
    count = size.count(DEPARTURE_COUNT, at_least=50 if size.share > 0.01 else 12)
    seen, error_count = asyncio.run(_waves(count))
    for words in seen.unrecorded[:5]:
        say(f"departures: {words}")
    streams = sum(one.is_stream for one in seen.departures)
    return [
        exactly("clients that left, half of them streaming", len(seen.departures), count),
        Figure("of them streaming", streams),
        Figure("of them with text already", sum(one.text_count > 0 for one in seen.departures)),
        Figure("requests recorded", len(seen.recorded), at_least=len(seen.closed_after)),
        Figure("upstream requests closed by it", len(seen.closed_after), at_least=1),
        exactly("upstream requests that went on", seen.lasting_count, 0),
        Figure("closed after, median", percentile(seen.closed_after, 0.5), "s"),
        Figure(
            "closed after, longest",
            max(seen.closed_after, default=float("nan")),
            "s",
            at_most=CLOSED_S_MAX,
            is_timing=True,
        ),
        exactly("requests still under way", seen.unsettled[0], 0),
        exactly("leases still held", seen.unsettled[1], 0),
        exactly("records that say something else, or less", len(seen.unrecorded), 0),
        exactly("errors in the gateway's log", error_count, 0),
    ]


async def _waves(count: int) -> tuple[Seen, int]:
    seen, chance = Seen(), random.Random(1)
    ledger = TimedLedger(count)
    simulator = CursorSimulator()
    # Its place in the simulator is private: nothing but this program wants to know the times.
    simulator._ledger = ledger
    async with simulator:
        with gateway(simulator.url, {"GATEWAY_LOGS_PUBLIC": "false"}) as process:
            while len(seen.departures) < count:
                first = len(seen.departures)
                wave = range(first, min(count, first + WAVE_COUNT))
                say(f"departures: {wave.stop} of {count}")
                gone = await asyncio.gather(*(_depart(process, number, chance) for number in wave))
                seen.departures += gone
                await _judge(process, simulator, ledger, gone, seen)
            error_count = process.error_count()
    return seen, error_count


async def _depart(process: GatewayProcess, number: int, chance: random.Random) -> Departure:
    """Ask, read for a while, be gone."""
    is_stream = number % 2 == 0
    order = chance.choice(ORDERS)
    client = await Client.connect(process.port)
    client.send(post(chat(f"/sim {order}\nDeparture {number}", is_stream=is_stream)))
    await asyncio.sleep(chance.uniform(0, LEAVES_WITHIN_S))
    client.leave(is_rude=chance.random() < 0.5)
    head, _, body = client.received.partition(b"\r\n\r\n")
    found = re.search(rb"x-request-id: (\w+)", head)
    return Departure(
        number,
        is_stream,
        asyncio.get_running_loop().time(),
        found[1].decode() if found else "",
        body.count(b'"content":') - body.count(b'"content":""'),
    )


async def _judge(
    process: GatewayProcess,
    simulator: CursorSimulator,
    ledger: TimedLedger,
    gone: list[Departure],
    seen: Seen,
) -> None:
    """Look at a wave when it is over: at the upstream, at the leases, at the records."""
    is_idle = await until(lambda: not simulator.active_count, PATIENCE_S)
    seen.lasting_count += 0 if is_idle else simulator.active_count
    left_at = {one.number: one.left_at for one in gone}
    for request in simulator.requests:
        found = NUMBER.search(request.ask.question)
        if found is None or int(found[1]) not in left_at or request.ordinal not in ledger.ended:
            continue
        ended_at, outcome = ledger.ended[request.ordinal]
        if outcome is PlayOutcome.CLIENT_LEFT:
            seen.closed_after.append(max(0.0, ended_at - left_at[int(found[1])]))
    unsettled = await process.settled()
    seen.unsettled = (seen.unsettled[0] + unsettled[0], seen.unsettled[1] + unsettled[1])
    records = {one["id"]: one for one in await process.logs() if one["id"] not in seen.recorded}
    seen.recorded |= records.keys()
    seen.unrecorded += _unrecorded(gone, records)


def _unrecorded(gone: list[Departure], records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the records of a wave: each says that the client left, and its tokens."""
    for record in records.values():
        if record["outcome"] != "cancelled":
            yield f"not recorded as left: {record}"
    for one in gone:
        if not one.text_count:
            continue
        found = records.get(one.request_id)
        if found is None or not found["usage"]["completion_tokens"]:
            yield f"{one}: {found}"


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
