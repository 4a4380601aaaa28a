"""The parts of docs/benchmarks.md that other commands write than `make bench`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.processes import say
from bench.subjects import ROOT

PAGE: Final = ROOT / "docs" / "benchmarks.md"
ENDS: Final = "<!-- to here -->\n"


@dataclass(frozen=True)
class Part:
    """What one command writes, between two marks."""

    command: str

    @property
    def begins(self) -> str:
        """The first mark."""
        return f"<!-- By `{self.command}`, from here -->\n"

    def find(self, page: str) -> str:
        """The part of a page, without its marks; "" where there is none."""
        _, _, rest = page.partition(self.begins)
        return rest.partition(ENDS)[0].strip("\n")

    def put_in(self, page: str, text: str) -> str:
        """The page with this part in place of the one that it has, else at its end."""
        before, _, rest = page.partition(self.begins)
        after = rest.partition(ENDS)[2]
        if not text.strip():
            return before + after
        block = f"{self.begins}\n{text.strip()}\n\n{ENDS}"
        return f"{before.rstrip()}\n\n{block}{after}"

    def write(self, text: str) -> None:
        """Put it into the page."""
        PAGE.write_text(self.put_in(PAGE.read_text("utf-8"), text), "utf-8")
        say(f"written to {PAGE}")


RECORDS: Final = Part("make bench-records")
NODES: Final = Part("make bench-nodes")
FLEET: Final = Part("make simulate-nodes")


def keep_parts(new: str, old: str) -> str:
    """A new page with the parts that the old one has."""
    for part in (RECORDS, NODES, FLEET):
        new = part.put_in(new, part.find(old))
    return new
