"""The words of the simulator's language that Messages can play, with Anthropic's errors."""

from __future__ import annotations

from typing import Final

from cursor_api.simulator.anthropic.errors import ERRORS
from cursor_api.simulator.directives import http_language

LANGUAGE: Final = http_language(ERRORS)
