"""Upstreams of one's own: what is known of them, and what is said of one that shall be added."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

# What may be wrong with a field of one that shall be added.
INVALID: Final = "invalid_value"
MISSING: Final = "missing_required_parameter"
TAKEN: Final = "taken"


class Preset(Struct, frozen=True):
    """A well-known endpoint. `keys_url` is where its owner gives keys, "" where none is needed."""

    name: str
    title: str
    kind: str
    base_url: str
    keys_url: str = ""
    aliases: tuple[str, ...] = ()


class ShownUpstream(Struct, frozen=True):
    """One that is configured. `models` null: it is asked for them.

    `keys_from` is `token_files`, `file`, `variable` or `toml`; `keys_place` names the file or the
    variable.
    """

    name: str
    kind: str
    base_url: str
    models: tuple[str, ...] | None
    key_count: int
    keys_from: str
    keys_place: str = ""


class ShownUpstreams(Struct, frozen=True):
    """All that are configured, and what another one can be made of."""

    upstreams: tuple[ShownUpstream, ...] = ()
    presets: tuple[Preset, ...] = ()
    kinds: tuple[str, ...] = ()


class NewUpstream(Struct, frozen=True):
    """What is said of an upstream that shall be added, but for its keys.

    `preset` None: the one of the upstream's own name, unless an address is given. No `models`: the
    upstream is asked for them.
    """

    name: str
    preset: str | None = None
    kind: str | None = None
    base_url: str | None = None
    models: tuple[str, ...] = ()
    allow_http: bool = False
