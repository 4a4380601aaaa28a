"""The parameters behind the `?` of an address: each is read once, and a wrong one is named.

Rules of this file:
- An unknown name is an error: a filter that is misspelt would show everything.
- An empty value is one that was not given, as a form sends it.
- What is repeated in an error is a name of ours, never what was sent.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TypeVar

from starlette.requests import Request

from cursor_api.domain.errors import Fault, invalid_request

_T = TypeVar("_T")
_E = TypeVar("_E", bound=enum.Enum)

VALUE_CHARS_MAX = 1000
# The last instant that a datetime can hold, in whole seconds.
INSTANT_MAX = 253_402_300_799
# What stands for bytes that are no UTF-8.
REPLACED = "\ufffd"


class Query:
    """The parameters of one request, of which `names` can be given.

    Every method raises Fault(INVALID_REQUEST) that names the parameter.
    """

    def __init__(self, request: Request, names: Collection[str]) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            if name not in names:
                known = ", ".join(sorted(names))
                raise invalid_request(
                    f"There is no such parameter here; there are: {known}.",
                    code="unknown_parameter",
                    param=name if re.fullmatch("[a-z_]{1,30}", name) else None,
                )
            if name in self._values:
                raise wrong(name, "it is given twice")
            if len(value) > VALUE_CHARS_MAX:
                raise wrong(name, f"it is longer than {VALUE_CHARS_MAX} characters")
            if "\0" in value or REPLACED in value:
                raise wrong(name, "it has a NUL in it, or bytes that are no UTF-8")
            self._values[name] = value

    def text(self, name: str) -> str | None:
        """As it was given."""
        return self._values.get(name) or None

    def number(self, name: str, default: int, bounds: tuple[int, int]) -> int:
        """A whole number within bounds, both included."""
        text = self.text(name)
        return default if text is None else read_number(name, text, bounds)

    def member(self, name: str, kind: type[_E]) -> _E | None:
        """One of a closed set, by its value."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return kind(text)
        except ValueError as error:
            words = ", ".join(str(member.value) for member in kind)
            raise wrong(name, f"it is one of {words}") from error

    def instant(self, name: str) -> float | None:
        """Unix seconds, from those or from an ISO 8601 date and time; without a zone it is UTC."""
        return self.parse(name, parse_instant)

    def parse(self, name: str, parse: Callable[[str], _T]) -> _T | None:
        """By a function whose ValueError says what the value has to be."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise wrong(name, str(error)) from error


def read_number(name: str, text: str, bounds: tuple[int, int]) -> int:
    """A whole number within bounds, both included; raises Fault that names the parameter."""
    minimum, maximum = bounds
    if re.fullmatch(r"[0-9]{1,9}", text) and minimum <= int(text) <= maximum:
        return int(text)
    raise wrong(name, f"it is a number from {minimum} to {maximum}")


def parse_instant(text: str) -> float:
    """Unix seconds; raises ValueError with words for the caller."""
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text):
        at = float(text)
    else:
        try:
            # A `+` of an offset arrives as a space.
            given = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
            at = (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise ValueError(
                "it is a date and time such as 2026-10-25T03:00:00Z, or unix seconds"
            ) from None
    if not 0 <= at <= INSTANT_MAX:
        raise ValueError("it is a time from the year 1970 to the year 9999")
    return at


def wrong(name: str, why: str) -> Fault:
    """The fault of a parameter."""
    return invalid_request(f"Invalid value for '{name}': {why}.", code="invalid_value", param=name)
