"""Credentials that stand in a setting, for places without a disk that lasts.

Rules of this file:
- A line is what a line of the token file is, with its checksum behind a comma where it has one.
- A checksum that is not given is derived from the token, so that the device stays the same
  through every restart.
- Where a token is in the files too, theirs counts: its checksum is stored there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.credential import Credential, CredentialForm
from cursor_api.domain.errors import StoreError
from cursor_api.options.kinds import Kind
from cursor_api.options.said import tell
from cursor_api.options.setting import setting
from cursor_api.upstreams.cursor.passthrough import device_checksum
from cursor_api.upstreams.cursor.token_files.book import Names, Reader, Texts
from cursor_api.upstreams.cursor.token_files.paste import read_paste, spell_lines
from cursor_api.upstreams.cursor.token_files.text import TextLimits

# A hundred accounts; more of them belong into a file. An environment has some 100 KiB.
LIMITS: Final = TextLimits(file_bytes_max=128 * 1024, lines_max=1_000, problems_max=3)
# The last one fits all.
_ANY_FORM: Final = CredentialForm("", lambda _secret: True, is_bound=True)


def token_lines() -> Kind:
    """Credentials, one a line, `token`, `alias::token` or `token,checksum`.

    Gives a tuple of Credential, each with a binding and still without an endpoint.
    """

    def parse(text: str) -> tuple[Credential, ...]:
        try:
            return _read(text)
        except StoreError as error:
            # What is wrong with a token is wrong with it in the list as well.
            problems = {one.line: one.problem for one in reversed(error.problems)}
            told = [f"line {line}: {problems[line]}" for line in sorted(problems)]
            raise ValueError(
                tell("cannot be used: {error}", error="; ".join(told) or error.message)
            ) from None

    return Kind(
        "secret lines",
        ("work::the-token",),
        parse,
        show=lambda found: f"set ({len(found)} credential{'' if len(found) == 1 else 's'}, hidden)",
        quote=lambda _text: "the value given",
        is_text=True,
        is_secret=True,
    )


def place(given: Sequence[Credential], forms: Sequence[CredentialForm]) -> tuple[Credential, ...]:
    """Each at the endpoint of its form, with a binding where that asks for one."""
    return tuple(_place(one, forms) for one in given)


def join(stored: Sequence[Credential], given: Sequence[Credential]) -> Sequence[Credential]:
    """All of them: those of the files as they are, then the given ones that the files lack.

    An alias that the files have gets a number behind it.
    """
    if not given:
        return stored
    known = {one.secret for one in stored}
    taken = {one.alias for one in stored}
    joined = list(stored)
    for one in given:
        if one.secret in known:
            continue
        alias, number = one.alias, 2
        while alias in taken:
            alias, number = f"{one.alias}-{number}", number + 1
        taken.add(alias)
        joined.append(replace(one, alias=alias))
    return joined


def _read(text: str) -> tuple[Credential, ...]:
    """Raises StoreError with the lines that cannot be used."""
    lines = list(read_paste(text))
    listed = [
        replace(one, text=f"{one.secret},{one.binding or device_checksum(one.secret)}")
        for one in lines
    ]
    texts = Texts(spell_lines(lines).encode(), spell_lines(listed).encode())
    return Reader(Names("tokens", "checksums"), LIMITS, (_ANY_FORM,)).read_once(texts).credentials


def _place(one: Credential, forms: Sequence[CredentialForm]) -> Credential:
    form = next(form for form in forms if form.is_form_of(one.secret.reveal()))
    binding = one.binding if form.is_bound else ""
    return replace(one, binding=binding, endpoint=form.endpoint, is_configured=True)


class GivenOptions(Struct, frozen=True):
    """The credentials that the settings give, beside those of the token files."""

    tokens: tuple[Credential, ...] = setting(
        "TOKENS",
        token_lines(),
        "",
        "Credentials for places without a lasting disk, one per line, written as in"
        " `TOKEN_FILE` or with the checksum after a comma. Without a checksum, one is derived"
        " from the token, so that it stays the same. They are used together with those of the"
        " files, and can only be changed here.",
        needs_restart=True,
    )
