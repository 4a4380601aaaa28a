"""A home folder with all that a gateway keeps, and backups that somebody has tampered with."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

TOKEN = "eyJjYW5hcnkxMjMi.eyJjYW5hcnkiOjF9.c2ln"
KEY = "canary-key-of-the-gateway"
OTHER_KEY = "canary-key-of-deepseek"
CHECKSUM = "paaotdDV" + "0" * 64

TEXTS = {
    ".env": f"AUTH_TOKEN={KEY}\nTOKEN_LIST_FILE=lists/mine\n",
    ".token": f"me::{TOKEN}\n",
    "lists/mine": f"{TOKEN},{CHECKSUM}\n",
    ".token-state": '{"version": 1, "credentials": {}}',
    ".deepseek.key": f"{OTHER_KEY}\n",
    "cursor-api.toml": (
        '[[upstream]]\nname = "deepseek"\nkind = "openai"\n'
        'base_url = "https://api.deepseek.com"\napi_key_file = ".deepseek.key"\n'
    ),
}
RECORDS = ".request-log.sqlite3"


def fill(home: Path) -> Path:
    """Every file there can be; gives the folder."""
    for name, text in TEXTS.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    with closing(sqlite3.connect(home / RECORDS)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE kept (id TEXT)")
        database.execute("INSERT INTO kept VALUES ('one')")
        database.commit()
    return home


def rows_of(home: Path) -> list[str]:
    """What the records have."""
    with closing(sqlite3.connect(home / RECORDS)) as database:
        return [row[0] for row in database.execute("SELECT id FROM kept ORDER BY id")]


def texts_of(home: Path) -> dict[str, str]:
    """The other files, those that are there."""
    return {name: (home / name).read_text() for name in TEXTS if (home / name).exists()}


Members = list[tuple[tarfile.TarInfo, bytes]]


def read_members(file: Path) -> Members:
    """What is in a backup."""
    with tarfile.open(file) as archive:
        found = []
        for member in archive:
            data = archive.extractfile(member)
            found.append((member, data.read() if data else b""))
        return found


def write_members(file: Path, members: Members) -> None:
    """Another backup in its place."""
    with tarfile.open(file, "w:gz") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def change_contents(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Another list of contents before the same files."""
    (first, data), *rest = read_members(file)
    contents = json.loads(data)
    change(contents)
    write_members(file, [(first, json.dumps(contents).encode()), *rest])
