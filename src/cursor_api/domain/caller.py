"""Who presents what to us."""

from __future__ import annotations

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.credential import Credential
from cursor_api.domain.permission import Permission
from cursor_api.domain.value import Value


class Caller(Value, frozen=True):
    """An authenticated client. In pass-through its own credentials travel with it.

    `key` is the API key that it presents, None where that stands in the settings. `pinned` is the
    alias of the credential that its key asks for, None for any.
    """

    name: str
    permission: Permission = Permission.CHAT
    credentials: tuple[Credential, ...] = ()
    key: ApiKey | None = None
    pinned: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether it is the operator."""
        return self.permission is Permission.ADMIN
