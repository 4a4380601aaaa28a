"""The secrets among the settings, each in the forms in which it travels."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from cursor_api.domain.credential import Secret


def find_secrets(value: object) -> Iterator[Secret]:
    """All in a value, whatever options objects and tuples it is made of; none is empty."""
    if isinstance(value, Secret):
        yield from _forms(value)
    elif isinstance(value, tuple):
        for one in value:
            yield from find_secrets(one)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from find_secrets(getattr(value, name))


def _forms(secret: Secret) -> Iterator[Secret]:
    """The text, and the password in it, as written and as meant, where it is an address."""
    text = secret.reveal()
    if not text:
        return
    yield secret
    try:
        password = urlsplit(text).password
    except ValueError:
        return
    if password:
        yield Secret(password)
        yield Secret(unquote(password))
