"""What this gateway is made of: its client APIs. The only file that names them, one line each."""

from __future__ import annotations

from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.ports import Dialect
from cursor_api.upstreams.cursor.passthrough import passthrough_reader

__all__ = ["DIALECTS", "passthrough_reader"]

# The first one's errors are what addresses of no client API answer.
DIALECTS: tuple[Dialect, ...] = (OpenAiChat(),)
