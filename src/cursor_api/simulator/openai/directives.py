"""The words of the simulator's language that chat completions can play, with OpenAI's errors."""

from __future__ import annotations

from typing import Final

from cursor_api.simulator.directives import http_language
from cursor_api.simulator.openai.errors import ERRORS

LANGUAGE: Final = http_language(ERRORS)
