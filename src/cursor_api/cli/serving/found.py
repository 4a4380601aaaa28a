"""What a look at the machine finds, and what to do where this user may not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from msgspec import Struct

from cursor_api.domain.errors import StoreError
from cursor_api.options.rules import Facts, Finding
from cursor_api.options.said import tell


class Found(Struct, frozen=True):
    """One check's result. `may_be_ours`: a gateway that runs already would cause it as well."""

    finding: Finding
    is_problem: bool
    may_be_ours: bool = False


def as_problem(facts: Facts, variable: str, message: str) -> Found:
    """What cannot serve."""
    return Found(facts.finding(variable, message), is_problem=True)


def as_warning(facts: Facts, variable: str, message: str) -> Found:
    """What serves with a part missing."""
    return Found(facts.finding(variable, message), is_problem=False)


def give_rights(right: str) -> str:
    """What to do where this user may not `read` or `write`."""
    has_id = hasattr(os, "geteuid")
    who = tell("the user with the id {id}", id=os.geteuid()) if has_id else tell("this user")
    if right == "read":
        return tell("give {who} the right to read it", who=who)
    return tell("give {who} the right to write it", who=who)


def is_denied(error: StoreError) -> bool:
    """Whether it is this user that may not."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in {errno.EACCES, errno.EPERM}


def is_full(folder: Path) -> bool:
    """Whether nothing can be saved in a folder for want of room."""
    if not hasattr(os, "statvfs"):
        return False
    status = os.statvfs(folder)
    # A file system that tells no size (some of the network's) is not full.
    return status.f_blocks > 0 and status.f_bavail == 0
