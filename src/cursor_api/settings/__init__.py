"""Everything that can be set: read once into frozen values, from four places in one order."""

from cursor_api.settings.files import Drafts, SettingsFiles
from cursor_api.settings.findings import show_finding
from cursor_api.settings.in_use import SettingsInUse
from cursor_api.settings.load import ByCommand, Draft, Loaded, load_settings
from cursor_api.settings.report import Page, render_check
from cursor_api.settings.schema import Group, Schema
from cursor_api.settings.secrets import find_secrets

__all__ = [
    "ByCommand",
    "Draft",
    "Drafts",
    "Group",
    "Loaded",
    "Page",
    "Schema",
    "SettingsFiles",
    "SettingsInUse",
    "find_secrets",
    "load_settings",
    "render_check",
    "show_finding",
]
