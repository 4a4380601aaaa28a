"""The settings that a gateway serves with, how to read them again, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Final, Generic

from cursor_api.options.rules import Finding
from cursor_api.options.said import Words
from cursor_api.options.setting import Setting, find_rows
from cursor_api.ports.configuration import (
    Reloaded,
    ShownFindings,
    ShownSetting,
    ShownSettings,
)
from cursor_api.ports.upstream_blocks import ShownUpstreams
from cursor_api.settings import chinese, chinese_labels, chinese_notes
from cursor_api.settings.blocks import MODEL_ROWS, upstream_rows
from cursor_api.settings.files import SettingsFiles, find_fixed
from cursor_api.settings.findings import show_finding
from cursor_api.settings.load import Loaded
from cursor_api.settings.resolve import DEFAULT, Row
from cursor_api.settings.schema import S, Schema
from cursor_api.settings.upstream_blocks import show_upstreams

# What a block is called, by its table in TOML.
BLOCK_TITLES: Final = {
    "upstream": Words("Upstream {}", "上游 {}"),
    "model": Words("Model {}", "模型 {}"),
}


class SettingsInUse(Generic[S]):
    """Implements `ports.Configuration` over what was loaded.

    `read` reads everything again and never raises. Of what is `loaded`, a gateway uses what needs a
    restart only from its next start on. `on_reload` is how it does that while it is served.
    `writer` None: its files are not to be changed.
    """

    def __init__(
        self,
        schema: Schema[S],
        loaded: Loaded[S],
        read: Callable[[], Loaded[S]],
        writer: SettingsFiles | None = None,
    ) -> None:
        self._schema = schema
        self.writer = writer
        self.loaded = loaded
        self.read = read
        self.on_reload: Callable[[], Coroutine[Any, Any, Reloaded]] | None = None
        self._started_with = dict(loaded.facts.values)
        self._refused: tuple[Finding, ...] = ()
        self._translations = dict(_translations(schema))

    def __repr__(self) -> str:
        return f"SettingsInUse({len(self.loaded.rows)} rows, refused={len(self._refused)})"

    def take(self, loaded: Loaded[S]) -> None:
        """They are used from now on."""
        self.loaded = loaded
        self._refused = ()

    def refuse(self, problems: Sequence[Finding]) -> None:
        """What was read last cannot be used; the old ones stay."""
        self._refused = tuple(problems)

    async def reload(self) -> Reloaded:
        """As whoever serves does it; nothing where nobody does."""
        return Reloaded() if self.on_reload is None else await self.on_reload()

    def show(self) -> ShownSettings:
        """All that can be set, as it stands."""
        found = self.findings()
        rows = tuple(map(self._show, self.loaded.rows))
        return ShownSettings(found.problems, found.warnings, rows)

    def findings(self) -> ShownFindings:
        """What is wrong with what was read last, and what looks wrong of what is in use."""
        return ShownFindings(
            tuple(map(show_finding, self._refused)), tuple(map(show_finding, self.loaded.warnings))
        )

    def upstreams(self) -> ShownUpstreams:
        """Those in use, and what another one can be made of."""
        schema = self._schema
        return ShownUpstreams(
            tuple(show_upstreams(schema, self.loaded)), schema.presets, tuple(schema.kinds)
        )

    def _show(self, row: Row) -> ShownSetting:
        setting = row.setting
        in_block = setting.table in BLOCK_TITLES
        return ShownSetting(
            name=row.name,
            key="" if in_block else setting.key,
            group=self._title(row, in_block=in_block),
            value=row.shown,
            is_set=not row.source.startswith(DEFAULT),
            source=row.source,
            is_secret=setting.kind.is_secret,
            default=setting.default_note or setting.default or "",
            default_text=self._default(setting),
            needs_restart=setting.needs_restart,
            is_waiting=setting.needs_restart and self._has_changed(row.name),
            fixed_by=find_fixed(setting, row.source) if self.writer else "no_files",
            text=Words(setting.reason, self._translations[setting.reason]),
        )

    def _default(self, setting: Setting) -> Words:
        note, plain = setting.default_note, setting.default or ""
        return Words(note, self._translations[note]) if note else Words(plain, plain)

    def _title(self, row: Row, *, in_block: bool) -> Words:
        table = row.setting.table
        if not in_block:
            return Words(row.heading, chinese_labels.TITLES[table])
        title, name = BLOCK_TITLES[table], row.name.split(".")[1]
        return Words(title.en.format(name), title.zh.format(name))

    def _has_changed(self, name: str) -> bool:
        return bool(self._started_with.get(name) != self.loaded.facts.values.get(name))


def _translations(schema: Schema[Any]) -> Iterator[tuple[str, str]]:
    """What each setting is for, and where its default is from: the Chinese by the English."""
    yield from chinese.BLOCK_NOTES.items()
    for kind, options in schema.kinds.items():
        for row in find_rows(options).values():
            if (text := chinese.BLOCK_REASONS.get(f"{kind}.{row.name}")) is not None:
                yield row.reason, text
    for table, rows in (("upstream", upstream_rows(schema.kinds)), ("model", MODEL_ROWS)):
        for row in rows.values():
            yield row.reason, chinese.BLOCK_REASONS[f"{table}.{row.name}"]
    for row in schema.rows:
        yield row.reason, chinese.REASONS[row.variable]
        if row.default_note:
            yield row.default_note, chinese_notes.NOTES[row.variable]
