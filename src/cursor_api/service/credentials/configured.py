"""Credentials that stand in the settings, beside those of the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cursor_api.domain.credential import Credential


def rename_configured(
    configured: Sequence[Credential], stored: Sequence[Credential]
) -> Iterator[Credential]:
    """An alias is one credential's: the owner's own names in the store come first."""
    taken = {credential.alias for credential in stored}
    for credential in configured:
        alias, number = credential.alias, 2
        while alias in taken:
            alias, number = f"{credential.alias}-{number}", number + 1
        taken.add(alias)
        yield replace(credential, alias=alias)
