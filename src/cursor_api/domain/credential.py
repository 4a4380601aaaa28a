"""What we present upstream."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Final

from cursor_api.domain.problems import Problem
from cursor_api.domain.value import Value, repr_without

MASK_EDGE = 4
# Below this length, showing both edges of a secret would show most of it.
MASK_LENGTH_MIN = 16


def mask(secret: str) -> str:
    """Its edges only, `eyJh…9xYz`; all of it hidden when it is short."""
    if len(secret) < MASK_LENGTH_MIN:
        return "…"
    return f"{secret[:MASK_EDGE]}…{secret[-MASK_EDGE:]}"


class Secret:
    """A string that does not show itself: repr, str and format give the mask."""

    __slots__ = ("_value", "masked")

    def __init__(self, value: str) -> None:
        self._value = value
        # Its edges only, `eyJh…9xYz`; all of it hidden when it is short. Every record shows it.
        self.masked: Final = mask(value)

    def reveal(self) -> str:
        """The string itself, for the one place that sends or stores it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.masked})"

    def __str__(self) -> str:
        return self.masked

    def __format__(self, _spec: str) -> str:
        return self.masked

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


class NamedSecret(Secret):
    """A secret with the name of whoever presents it; "" where it has none.

    With another name it is another one, so that a change of names is seen as one.
    """

    __slots__ = ("name",)

    def __init__(self, value: str, name: str = "") -> None:
        super().__init__(value)
        self.name = name

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and (
            not isinstance(other, NamedSecret) or self.name == other.name
        )

    def __hash__(self) -> int:
        return super().__hash__()


class Credential(Value, frozen=True, eq=False):
    """A secret and the endpoint that it belongs to; it is sent nowhere else.

    `binding` is what goes with the secret for its whole life and only its upstream understands,
    "" where its kind has none. An `endpoint` of "" is nowhere: such a credential serves nobody.
    `is_configured`: it stands in the settings, and is changed there. That is not
    compared: moved to a file it is the same one.
    """

    alias: str
    secret: Secret
    binding: str = ""
    endpoint: str = ""
    is_configured: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credential) and self._compared == other._compared

    def __hash__(self) -> int:
        return hash(self._compared)

    @property
    def _compared(self) -> tuple[str, Secret, str, str]:
        return self.alias, self.secret, self.binding, self.endpoint


class CredentialForm(Value, frozen=True):
    """What secrets of a kind look like, and so to which endpoint one belongs.

    `is_bound`: each of them has a binding, which is made once and kept beside it. `title` says what
    they are; `is_usual` whether one looks as all do that anybody has seen: others are taken, but
    worth a question. None where the form says it all.
    """

    endpoint: str
    is_form_of: Callable[[str], bool]
    is_bound: bool
    title: str = ""
    is_usual: Callable[[str], bool] | None = None


def find_unusual(secret: str, forms: Sequence[CredentialForm]) -> tuple[str, ...]:
    """Where it is nothing that anybody has seen: all that it could be, in words; else nothing."""
    form = next((one for one in forms if one.is_form_of(secret)), None)
    if form is None or form.is_usual is None or form.is_usual(secret):
        return ()
    return tuple(one.title for one in forms if one.title)


class FileTexts(Value, frozen=True):
    """The token file and the token list as their user sees them, secrets included.

    `etag` is the same for the same two texts, and goes back with a change to prove that nobody
    else made one in between.
    """

    token_text: str
    token_list_text: str
    etag: str

    __repr__ = repr_without("token_text", "token_list_text")


class CredentialChange(Value, frozen=True):
    """What to change of one credential; None leaves a part as it is.

    `alias` "" takes the name away. `secret` is the renewed one in any spelling; its binding stays
    unless `binding` gives another one.
    """

    alias: str | None = None
    secret: Secret | None = None
    binding: str | None = None


class Spelling(enum.Enum):
    """How a secret stood in what was pasted."""

    BARE = "bare"
    ALIAS = "alias"
    COOKIE = "cookie"


class GivenCredential(Value, frozen=True):
    """A line of a pasted text that says something. `line` counts from 1.

    `alias` is the name in front of the secret, or the account that it names; `is_named` tells the
    first from the second. `text` is the line as its store spells it, the binding left out.
    `is_usual`: the secret has a form that is known. `problem` is what its store has against it
    already, in words for its owner.
    """

    line: int
    text: str
    alias: str | None
    is_named: bool
    secret: str
    binding: str | None
    spelling: Spelling
    is_usual: bool
    problem: Problem | None = None

    __repr__ = repr_without("text", "secret", "binding")
