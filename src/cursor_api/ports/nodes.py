"""The gateways that serve together, as one of them knows them."""

from __future__ import annotations

from typing import Protocol


class Nodes(Protocol):
    """Several machines, or several workers of one. A node that starts again has a new name."""

    @property
    def name(self) -> str:
        """What this one is called among all: six hexadecimal digits."""
        ...

    def is_another(self, name: str) -> bool:
        """Whether a node of that name serves beside this one, as far as is known by now."""
        ...
