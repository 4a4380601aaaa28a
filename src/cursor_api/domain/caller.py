"""Who presents what to us."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cursor_api.domain.credential import Credential


class Permission(enum.Enum):
    """What a caller may do. ADMIN: everything. CHAT: ask models, and nothing else."""

    ADMIN = "admin"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated client. In pass-through its own credentials travel with it."""

    name: str
    permission: Permission = Permission.CHAT
    credentials: tuple[Credential, ...] = ()

    @property
    def is_admin(self) -> bool:
        """Whether it is the operator."""
        return self.permission is Permission.ADMIN
