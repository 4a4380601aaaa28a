"""The part about records in docs/benchmarks.md, which another command writes than the rest."""

from __future__ import annotations

from typing import Final

BEGINS: Final = "<!-- By `make bench-records`, from here -->\n"
ENDS: Final = "<!-- to here -->\n"


def find(page: str) -> str:
    """The part of a page, without its marks; "" where there is none."""
    _, _, rest = page.partition(BEGINS)
    return rest.partition(ENDS)[0].strip("\n")


def put_in(page: str, text: str) -> str:
    """The page with this part in place of the one that it has, else at its end."""
    before, _, rest = page.partition(BEGINS)
    after = rest.partition(ENDS)[2]
    if not text.strip():
        return before + after
    return f"{before.rstrip()}\n\n{BEGINS}\n{text.strip()}\n\n{ENDS}{after}"
