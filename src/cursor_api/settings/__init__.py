"""Everything that can be set: read once into frozen values, from four places in one order."""

from cursor_api.settings.load import Loaded, load_settings
from cursor_api.settings.report import render_check
from cursor_api.settings.values import Settings

__all__ = ["Loaded", "Settings", "load_settings", "render_check"]
