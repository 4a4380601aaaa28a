"""Adding an `[[upstream]]` block to the TOML file: what comes into it, and where its keys go.

Rules of this file:
- A command and the running gateway add in the same way: what differs between them is an argument.
- What is wrong is told with its field, before anything is written.
- Keys go into a file of their own beside the TOML file, which only its owner can read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.disk import Disk
from cursor_api.options.kinds import header_secret, show_plain
from cursor_api.options.names import plain_name
from cursor_api.options.rules import Finding
from cursor_api.options.said import tell, told_by
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.ports.configuration import WrongUpstreamError
from cursor_api.ports.upstream_blocks import MISSING, TAKEN, NewUpstream, Preset, ShownUpstream
from cursor_api.settings.block_file import change_file, remove_key_file, write_key_file
from cursor_api.settings.block_text import append_block, find_block, render_block
from cursor_api.settings.findings import show_finding
from cursor_api.settings.load import Draft, Loaded
from cursor_api.settings.schema import Schema
from cursor_api.settings.sources import FILE_BYTES_MAX

TABLE: Final = "upstream"
DEFAULT_KIND: Final = "openai"
# What a server without keys is given.
NO_KEY: Final = "-"
# Where a block says that its keys are, and what that is called.
_WAYS: Final = (("api_key_file", "file"), ("api_key_env", "variable"))


class Place(NamedTuple):
    """The TOML file, and the home folder, from which its relative paths begin."""

    config: Path
    home: Path

    def key_file(self, name: str) -> Path:
        """Where the keys of this upstream go."""
        return Path(os.path.realpath(self.config)).parent / f".{name}.key"

    def as_written(self, path: Path) -> str:
        """Short where the gateway begins its paths as well: in the home folder."""
        return path.name if path.parent == self.home else str(path)


class Described(NamedTuple):
    """The block's keys as they are written, but for that of the key; and what they come from."""

    entries: dict[str, Any]
    preset: Preset | None


def find_preset(presets: Iterable[Preset], name: str) -> Preset | None:
    """The one of this name, or of this other name."""
    wanted = name.lower()
    rows = tuple(presets)
    own = next((row for row in rows if row.name == wanted), None)
    return own or next((row for row in rows if wanted in row.aliases), None)


def describe(schema: Schema[Any], new: NewUpstream) -> Described:
    """What comes into the block; raises WrongUpstreamError."""
    try:
        name = plain_name().parse(new.name)
    except ValueError as error:
        raise WrongUpstreamError("name", tell("the name {error}", error=told_by(error))) from None
    if name in schema.own_kinds:
        message = tell("{name} is there without a block; choose another name", name=name)
        raise WrongUpstreamError("name", message, TAKEN)
    preset = _preset_of(schema, new)
    kind = new.kind or (preset.kind if preset else DEFAULT_KIND)
    if kind not in schema.kinds:
        known = ", ".join(schema.kinds)
        message = tell(
            "there is no kind {kind} here; there are: {known}", kind=show_plain(kind), known=known
        )
        raise WrongUpstreamError("kind", message)
    url = new.base_url or (preset.base_url if preset else None)
    if url is None and kind == DEFAULT_KIND:
        message = tell("{name} is no well-known upstream: give its address", name=name)
        raise WrongUpstreamError("base_url", message, MISSING)
    entries: dict[str, Any] = {"name": name, "kind": kind}
    if url is not None:
        entries["base_url"] = url
    if new.models:
        entries["models"] = list(new.models)
    if new.allow_http:
        entries["allow_http"] = True
    return Described(entries, preset)


def _preset_of(schema: Schema[Any], new: NewUpstream) -> Preset | None:
    """The one that is named; else the one of the upstream's own name."""
    if new.preset is None:
        # With an address given, the name is only a name, even if it is a preset's.
        return None if new.base_url else find_preset(schema.presets, new.name)
    preset = find_preset(schema.presets, new.preset)
    if preset is None:
        message = tell("there is no preset {name}", name=show_plain(new.preset))
        raise WrongUpstreamError("preset", message)
    return preset


def require_free(text: str, name: str) -> None:
    """Raises WrongUpstreamError where the TOML file's text has an upstream of this name."""
    if find_block(text, TABLE, name) is not None:
        raise WrongUpstreamError(
            "name", tell("there is an upstream {name} already", name=name), TAKEN
        )


def parse_keys(lines: Iterable[str]) -> tuple[Secret, ...]:
    """Each key once, empty lines left out; raises WrongUpstreamError, which repeats no key."""
    keys = dict.fromkeys(filter(None, (line.strip() for line in lines)))
    if any(character.isspace() for key in keys for character in key):
        message = tell("the key has a space in it; paste the key alone, one a line")
        raise WrongUpstreamError("keys", message)
    try:
        return tuple(map(header_secret().parse, keys))
    except ValueError as error:
        raise WrongUpstreamError("keys", tell("the key {error}", error=told_by(error))) from None


def add_block(
    place: Place,
    entries: Mapping[str, Any],
    keys: Sequence[Secret],
    check: Callable[[Draft], None],
    before: Callable[[], None] = lambda: None,
) -> None:
    """Append the block, and put its keys, where there are any, into a file of their own.

    `before` looks once more whether it may be, and `check` at what the file would hold; what they
    raise changes nothing. Raises WrongUpstreamError, TextChangeError, StoreError.
    """
    name, disk = entries["name"], Disk()
    written, key_file = dict(entries), place.key_file(entries["name"])

    def change(text: str) -> str:
        before()
        require_free(text, name)
        return append_block(text, render_block(TABLE, written))

    if keys:
        written["api_key_file"] = place.as_written(key_file)
        # Before a key comes to the disk for nothing.
        require_free(read_config(place.config), name)
        if disk.exists(key_file):
            message = tell(
                "{path} is there already, perhaps with a key that is still needed; move it away, or"
                " choose another name",
                path=key_file,
            )
            raise WrongUpstreamError("name", message, TAKEN)
        write_key_file(key_file, keys, disk)
    try:
        change_file(place.config, change, check, disk)
    except BaseException:
        if keys:
            remove_key_file(key_file, disk)
        raise


def read_config(config: Path) -> str:
    """The TOML file's text, "" where there is none; raises StoreError."""
    try:
        found = Disk().find(config, FILE_BYTES_MAX)
        return found.data.decode() if found else ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else tell("it is not UTF-8")
        raise StoreError(
            tell("{path} cannot be read: {reason}.", path=config, reason=reason)
        ) from error


def require_right(name: str, problems: Sequence[Finding]) -> None:
    """Raises WrongUpstreamError where there are any, with the field of the first."""
    if problems:
        field = problems[0].variable.removeprefix(f"{TABLE}.{name}.")
        if field == problems[0].variable:
            field = ""
        if field.startswith("api_key"):
            field = "keys"
        findings = tuple(map(show_finding, problems))
        raise WrongUpstreamError(field, "\n".join(map(str, problems)), findings=findings)


def show_upstreams(schema: Schema[Any], loaded: Loaded[Any]) -> Iterator[ShownUpstream]:
    """Those without a block first; raises SettingsError where the settings cannot be used."""
    upstreams: Sequence[UpstreamSettings] = loaded.settings.upstreams
    for one, facts in zip(upstreams, loaded.upstreams, strict=True):
        keys_from, keys_place = _keys_from(schema, loaded, one.name)
        yield ShownUpstream(
            one.name,
            one.kind,
            facts.find("base_url") or "",
            one.models,
            len(one.api_keys),
            keys_from,
            keys_place,
        )


def _keys_from(schema: Schema[Any], loaded: Loaded[Any], name: str) -> tuple[str, str]:
    if name in schema.own_kinds:
        return "token_files", ""
    for way, words in _WAYS:
        value = loaded.facts.find(f"{TABLE}.{name}.{way}")
        if value is not None:
            return words, str(value)
    return "toml", ""
