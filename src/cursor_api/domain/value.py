"""What a value is made of: the one place where the domain names a library.

A frozen class of fields, like a frozen dataclass, which its library makes from the class in C: a
fiftieth of the time when a module is loaded, a tenth whenever one is made.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct as Value
from msgspec.structs import replace

__all__ = ["Value", "replace", "repr_without"]


def repr_without(*hidden: str) -> Callable[[Value], str]:
    """A `__repr__` that leaves these fields out: they hold secrets, or are too long to read."""

    def show(value: Value) -> str:
        shown = (name for name in value.__struct_fields__ if name not in hidden)
        fields = ", ".join(f"{name}={getattr(value, name)!r}" for name in shown)
        return f"{type(value).__name__}({fields})"

    return show
