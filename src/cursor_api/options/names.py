"""The sorts of values that upstreams and models are described with: names, lists and headers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from cursor_api.domain.catalog import Route
from cursor_api.domain.credential import Secret
from cursor_api.options.kinds import Kind, header_secret, show_plain
from cursor_api.options.said import tell

# Names stand in logs, in headers and in front of a slash: `upstream/model`.
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Whatever upstreams call their models: `gpt-4o`, `org/model:tag`, `claude-opus-4.5:effort=high`.
_MODEL: Final = re.compile(r"[!-+\--~]{1,256}")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Written for every request by whoever sends it; a second one would be read in two ways.
_HEADERS_OF_OURS: Final = frozenset(
    {"connection", "content-length", "content-type", "host", "te", "transfer-encoding", "upgrade"}
)
LIST_MAX: Final = 1000

_T = TypeVar("_T")


def plain_name() -> Kind:
    """A name of letters, digits and three signs; gives str."""

    def parse(text: str) -> str:
        if _PLAIN.fullmatch(text):
            return text
        raise ValueError(
            tell("is not a plain name: letters, digits, '-', '_' and '.', at most 64 characters")
        )

    return Kind("name", ("work",), parse)


def model_name() -> Kind:
    """A model as callers or upstreams name it; gives str."""
    return Kind("model name", ("gpt-4o",), _parse_model)


def _parse_model(text: str) -> str:
    if _MODEL.fullmatch(text):
        return text
    raise ValueError(tell("is not a model's name: printable ASCII without spaces and commas"))


def model_names() -> Kind:
    """Models with commas between them; gives a tuple of str."""
    return _list_of("model names, comma between", _parse_model, "gpt-4o, gpt-4o-mini")


def routes() -> Kind:
    """`upstream/model` with commas between them; gives a tuple of Route."""

    def parse(text: str) -> Route:
        upstream, slash, model = text.partition("/")
        if slash and _PLAIN.fullmatch(upstream) and _MODEL.fullmatch(model):
            return Route(upstream, model)
        raise ValueError(tell("has an entry that is not upstream/model, the names of both"))

    kind = _list_of("upstream/model, comma between", parse, "work/gpt-4o, cursor/gpt-4o")
    return replace(kind, show=lambda found: show_plain(", ".join(map("/".join, found))))


def _list_of(label: str, parse_one: Callable[[str], _T], example: str) -> Kind:
    def parse(text: str) -> tuple[_T, ...]:
        found = tuple(parse_one(entry.strip()) for entry in text.split(",") if entry.strip())
        if len(set(found)) < len(found):
            raise ValueError(tell("has an entry twice"))
        if len(found) > LIST_MAX:
            raise ValueError(tell("has more than {count} entries", count=LIST_MAX))
        return found

    def show(found: tuple[Any, ...]) -> str:
        return show_plain(", ".join(found))

    return Kind(label, (example,), parse, show=show, toml_types=(list,))


def api_keys() -> Kind:
    """Secrets for one upstream; gives a tuple of Secret. A key may not hold a comma."""
    one = header_secret()
    kind = _list_of("secret texts, comma between", one.parse, "a-long-random-text")
    return replace(
        kind,
        show=lambda keys: f"set ({len(keys)} key{'' if len(keys) == 1 else 's'}, hidden)",
        quote=one.quote,
        is_secret=True,
    )


def headers() -> Kind:
    """A table of headers, written as JSON where it is a text; gives a tuple of (name, Secret)."""

    def parse(text: str) -> tuple[tuple[str, Secret], ...]:
        try:
            table = json.loads(text)
        except ValueError:
            table = None
        match table:
            case dict():
                return tuple(_check_header(name, value) for name, value in table.items())
            case _:
                raise ValueError(tell('is not a table of headers, such as { x-team = "red" }'))

    def show(found: tuple[tuple[str, Secret], ...]) -> str:
        return show_plain(f"{', '.join(name for name, _ in found)} (values hidden)")

    return Kind(
        "table of headers",
        (),
        parse,
        show=show,
        quote=lambda _text: "the table given",
        toml_types=(dict,),
        is_secret=True,
    )


def _check_header(name: str, value: object) -> tuple[str, Secret]:
    if not _HEADER.fullmatch(name):
        raise ValueError(tell("has a name that no header can have"))
    if name.lower() in _HEADERS_OF_OURS:
        raise ValueError(
            tell("has the header {name}, which the gateway writes itself", name=name.lower())
        )
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ValueError(
            tell("has a value for {name} that is no text of printable ASCII", name=name)
        )
    return name, Secret(value)
