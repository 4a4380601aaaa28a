"""The metrics of all workers on one page, whichever of them is asked.

Rules of this file:
- Each sample says its worker, so that a new worker's counters, which begin at 0, are its own.
- What all workers know alike is said once, as sums over workers would count it twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

from cursor_api.ports.metrics import MetricsPage, MetricsSource
from cursor_api.ports.siblings import Siblings
from cursor_api.telemetry.metrics import PREFIX

METRICS_PATH: Final = "/metrics"
KNOWN_TO_ALL: Final = frozenset({f"{PREFIX}_credentials", f"{PREFIX}_build"})
_END: Final = "# EOF"


class WorkersMetrics:
    """Implements `ports.MetricsSource`: `own` are this process's; with `siblings`, all of them."""

    def __init__(self, own: MetricsSource) -> None:
        self.own = own
        self.siblings: Siblings | None = None

    async def page(self, accept: str) -> MetricsPage:
        """See ports.MetricsSource."""
        if self.siblings is None:
            return await self.own.page(accept)
        own, others = await asyncio.gather(
            self.own.page(accept), self.siblings.ask(METRICS_PATH, accept)
        )
        bodies = {self.siblings.number: own.body, **others}
        merged = await asyncio.to_thread(merge_pages, bodies)
        return MetricsPage(merged, own.content_type)


def merge_pages(bodies: Mapping[int, bytes]) -> bytes:
    """Pages of the same form as one; the first worker's is the one that is asked."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    has_end = False
    for position, (number, body) in enumerate(bodies.items()):
        for family, head, lines in _read_families(body.decode()):
            heads.setdefault(family, head)
            told = samples.setdefault(family, [])
            if family.removesuffix("_info") not in KNOWN_TO_ALL:
                told.extend(_add_label(line, number) for line in lines)
            elif position == 0:
                told.extend(lines)
        has_end = has_end or body.rstrip().endswith(_END.encode())
    merged = [line for family, head in heads.items() for line in (*head, *samples[family])]
    return "\n".join([*merged, *([_END] if has_end else []), ""]).encode()


def _read_families(text: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """The name of each, what is said about it, and its samples."""
    family, head, lines = "", list[str](), list[str]()
    for line in text.splitlines():
        if line.startswith("# ") and line != _END:
            name = line.split(" ", 3)[2]
            if name != family:
                if head:
                    yield family, head, lines
                family, head, lines = name, [], []
            head.append(line)
        elif line and line != _END:
            lines.append(line)
    if head:
        yield family, head, lines


def _add_label(line: str, number: int) -> str:
    name, brace, rest = line.partition("{")
    if brace and " " not in name:
        return f'{name}{{worker="{number}",{rest}'
    name, _, value = line.partition(" ")
    return f'{name}{{worker="{number}"}} {value}'
