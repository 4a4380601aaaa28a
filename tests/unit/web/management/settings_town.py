"""A house whose settings stand in a folder, for what changes them."""

from __future__ import annotations

from pathlib import Path

from cursor_api.installed import SCHEMA, Settings
from cursor_api.ports.configuration import Reloaded
from cursor_api.settings import (
    ByCommand,
    Drafts,
    Loaded,
    SettingsFiles,
    SettingsInUse,
    load_settings,
)
from tests.house import KEY, House


class Town:
    """A house whose settings stand in a folder; what a reload would do is counted."""

    own_kind = SCHEMA.own_kinds[0]

    def __init__(self, folder: Path) -> None:
        (folder / ".env").write_text(f"AUTH_TOKEN={KEY}\n")

        def load(drafts: Drafts) -> Loaded[Settings]:
            said = ByCommand(dotenv=drafts.dotenv)
            return load_settings(SCHEMA, {}, folder, drafts.toml, said)

        loaded = load(Drafts())
        self.in_use = SettingsInUse(
            SCHEMA, loaded, lambda: load(Drafts()), SettingsFiles(SCHEMA, load, folder)
        )
        self.in_use.on_reload = self.reload
        self.reload_count = 0
        self.app = House(configuration=self.in_use).app

    async def reload(self) -> Reloaded:
        """As the runtime does."""
        self.reload_count += 1
        self.in_use.take(self.in_use.read())
        return Reloaded(changed=("X",))
