"""What a gateway that only serves does not load: each would cost every start time and memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.subjects import made_up_token

# Loaded when first needed, where they are needed at all.
LATER: Final = (
    "cryptography",
    "ctypes",
    "cursor_api.simulator",
    "cursor_api.upstreams.anthropic.chat",
    "cursor_api.upstreams.cursor_sdk.building",
    "cursor_api.upstreams.openai.chat",
    "dotenv",
    "importlib.resources",
    "jsonschema_rs",
    "prometheus_client",
    "psycopg",
    "redis",
    "urllib.request",
)
ASK: Final = """
import asyncio
import sys
from pathlib import Path

import cursor_api.cli.command, cursor_api.cli.serving.serve
from cursor_api.bootstrap import build_gateway, file_stores
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.telemetry.redaction import Redactor


async def main():
    settings = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 16}, Path.cwd()).settings
    async with build_gateway(settings, file_stores(settings), Redactor()):
        print(*sys.modules)


asyncio.run(main())
"""


def test_what_a_start_does_not_need_is_loaded_later(tmp_path: Path) -> None:
    """A library that only some gateways use, and what builds upstreams that few have.

    The gateway stands; nobody has asked yet.
    """
    (tmp_path / ".token").write_text(f"{made_up_token()}\n")
    done = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    loaded = done.stdout.split()
    assert "cursor_api.web.app" in loaded
    assert [name for name in LATER if name in loaded] == []
