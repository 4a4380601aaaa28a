"""A home folder with an editor's database, and the command run in it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.unit.cli.called import Done, call
from tests.unit.cli.editor_folder import TOKEN, linux_path, make_database

OURS = ("PORT", "HOST", "AUTH_TOKEN", "TOKEN_FILE", "TOKEN_LIST_FILE", "XDG_CONFIG_HOME")


class House:
    """A folder to run commands in, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.database = linux_path(self.home)

    def install_editor(self, **values: str) -> None:
        """An editor that is signed in; `values` replaces rows, by the last part of their key."""
        rows = {
            "cursorAuth/accessToken": TOKEN,
            "cursorAuth/cachedEmail": "ann@example.com",
            "cursorAuth/stripeMembershipType": "pro",
        }
        rows |= {f"cursorAuth/{name}": value for name, value in values.items()}
        self.database.unlink(missing_ok=True)
        make_database(self.database, rows)

    @property
    def environ(self) -> dict[str, str]:
        """The process's environment without anything that sets the gateway."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in OURS and not name.startswith(("CURSOR_", "GATEWAY_"))
        }
        return kept | {"HOME": str(self.home)}

    @property
    def tokens(self) -> str:
        """The text of the token file."""
        path = self.folder / ".token"
        return path.read_text() if path.exists() else ""

    @property
    def listed(self) -> str:
        """The text of the token list."""
        return (self.folder / ".token-list").read_text()

    def run(self, *arguments: str, stdin: str = "", **variables: str) -> Done:
        """`cursor-api token …`, to its end."""
        return call(self.folder, self.environ | variables, "token", *arguments, stdin=stdin)
