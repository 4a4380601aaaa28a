"""An editor's database as tests make it; the tokens in it are made up."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

USER_ID = "user_01TESTTESTTESTTESTTEST"
EMAIL = "ann@example.com"
YEAR_2100 = 4_102_444_800


def make_token(expires_at: int = YEAR_2100, subject: str = f"auth0|{USER_ID}") -> str:
    """A token of the editor's form; nobody signed it."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": subject, "exp": expires_at, "type": "session"})
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    return ".".join([*encoded, "c2lnbmF0dXJlLW9mLW5vYm9keS1hdC1hbGw"])


TOKEN = make_token()
SIGNED_IN = {
    "cursorAuth/accessToken": TOKEN,
    "cursorAuth/refreshToken": "refresh-token-that-nobody-needs",
    "cursorAuth/cachedEmail": EMAIL,
    "cursorAuth/stripeMembershipType": "pro",
}


def make_database(path: Path, values: Mapping[str, object], journal: str = "delete") -> Path:
    """A state.vscdb with these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute(
            "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)"
        )
        connection.executemany("INSERT INTO ItemTable VALUES (?, ?)", values.items())
        connection.commit()
    return path


def linux_path(home: Path) -> Path:
    """Where the editor keeps it on Linux."""
    return home / ".config" / "Cursor" / "User" / "globalStorage" / "state.vscdb"


# Holds a database the way it is told until its standard input ends.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    """Another process has done this in the database and holds on to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.communicate(timeout=10)
