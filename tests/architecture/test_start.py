"""What a gateway that only serves does not load: each would cost every start time and memory."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

# Loaded when first needed, where they are needed at all.
LATER: Final = (
    "cryptography",
    "ctypes",
    "cursor_api.simulator",
    "cursor_api.upstreams.anthropic.chat",
    "cursor_api.upstreams.cursor_sdk.building",
    "cursor_api.upstreams.openai.chat",
    "dotenv",
    "jsonschema_rs",
    "prometheus_client",
    "psycopg",
    "redis",
    "urllib.request",
)
ASK: Final = """
import sys
import cursor_api.cli.command, cursor_api.cli.serving.serve, cursor_api.runtime
print(*sys.modules)
"""


def test_what_a_start_does_not_need_is_loaded_later() -> None:
    """A library that only some gateways use, and what builds upstreams that few have."""
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "cursor_api.web.app" in loaded
    assert [name for name in LATER if name in loaded] == []
