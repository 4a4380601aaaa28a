"""What was recognised in a pasted text, before anything of it is stored."""

from __future__ import annotations

from msgspec import Struct

from cursor_api.domain.credential import GivenCredential, Secret, Spelling
from cursor_api.domain.errors import LineProblem
from cursor_api.domain.expiry import expires_soon, find_expiry
from cursor_api.service.credentials.report import Instant, find_instant


class PreviewLine(Struct, frozen=True, rename={"has_binding": "has_checksum"}):
    """What was recognised in a line. `alias` null: one is made up. `problem` null: it is right.

    `is_usual`: the secret has a form that is known; one of any other may be a token as well.

    `problem` is English; its code and value are for those who say it in another language.
    """

    line: int
    alias: str | None
    secret: str
    spelling: Spelling
    is_usual: bool
    expires_at: Instant | None
    expiry_warning: bool
    is_expired: bool
    has_binding: bool
    problem: str | None
    problem_code: str | None
    problem_value: str | None


class Preview(Struct, frozen=True):
    """What adding a text would do."""

    lines: tuple[PreviewLine, ...]
    can_add: bool


def preview_line(line: GivenCredential, problem: LineProblem | None, now: float) -> PreviewLine:
    """What a line is, and what keeps it from being added."""
    expires_at = find_expiry(line.secret)
    return PreviewLine(
        line=line.line,
        alias=line.alias,
        secret=Secret(line.secret).masked,
        spelling=line.spelling,
        is_usual=line.is_usual,
        expires_at=find_instant(expires_at),
        expiry_warning=expires_soon(expires_at, now),
        is_expired=expires_at is not None and expires_at <= now,
        has_binding=line.binding is not None,
        problem=problem.problem if problem else None,
        problem_code=problem.code if problem else None,
        problem_value=problem.value if problem else None,
    )
