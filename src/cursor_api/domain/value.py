"""What a value is made of: the one place where the domain names a library.

A frozen class of fields, like a frozen dataclass, which its library makes from the class in C: a
fiftieth of the time when a module is loaded, a tenth whenever one is made.
"""

from __future__ import annotations

from msgspec import Struct as Value
from msgspec.structs import replace

__all__ = ["Value", "replace"]
