"""What a setting needs that not every installation has."""

from __future__ import annotations

from cursor_api.domain.errors import StoreError
from cursor_api.options.said import tell


def missing_extra(setting: str, extra: str, error: ImportError) -> StoreError:
    """The words for a setting whose extra is not installed, and where it says how to install it."""
    return StoreError(
        tell(
            "{name} needs the extra `{extra}` of cursor-api, which is not installed"
            " ({reason}); docs/install.md says how to install it.",
            name=setting,
            extra=extra,
            reason=error,
        )
    )
