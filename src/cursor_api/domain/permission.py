"""What whoever calls may do."""

from __future__ import annotations

import enum


class Permission(enum.Enum):
    """ADMIN: everything. CHAT: ask models, and nothing else."""

    ADMIN = "admin"
    CHAT = "chat"
