"""The models that session tokens reach: StreamChat has no call that lists them.

The list, its order and its one date are the earlier program's (cursor-api 0.1.1), which is what
users' clients have saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cursor_api.domain.catalog import Model

# 2024-01-30, the same for all.
CREATED: Final = 1_706_659_200

_OWNERS: Final[tuple[tuple[str, str], ...]] = (
    ("cursor-small", "cursor"),
    ("claude-3-opus", "anthropic"),
    ("cursor-fast", "cursor"),
    ("gpt-3.5-turbo", "openai"),
    ("gpt-4-turbo-2024-04-09", "openai"),
    ("gpt-4", "openai"),
    ("gpt-4o-128k", "openai"),
    ("gemini-1.5-flash-500k", "google"),
    ("claude-3-haiku-200k", "anthropic"),
    ("claude-3-5-sonnet-200k", "anthropic"),
    ("claude-3-5-sonnet-20240620", "anthropic"),
    ("claude-3-5-sonnet-20241022", "anthropic"),
    ("gpt-4o-mini", "openai"),
    ("o1-mini", "openai"),
    ("o1-preview", "openai"),
    ("o1", "openai"),
    ("claude-3.5-haiku", "anthropic"),
    ("gemini-exp-1206", "google"),
    ("gemini-2.0-flash-thinking-exp", "google"),
    ("gemini-2.0-flash-exp", "google"),
)

MODELS: Final[tuple[Model, ...]] = tuple(
    Model(id=name, owned_by=owner, created=CREATED) for name, owner in _OWNERS
)


def list_models(more: Sequence[str]) -> tuple[Model, ...]:
    """The fixed list, and the names that the operator has added to it."""
    known = {model.id for model in MODELS}
    added = (Model(name, "cursor", CREATED) for name in more if name not in known)
    return (*MODELS, *added)


# The models that the editor asked for with `long_context_mode` set.
LONG_CONTEXT_MODELS: Final = frozenset(
    {"gpt-4o-128k", "gemini-1.5-flash-500k", "claude-3-haiku-200k", "claude-3-5-sonnet-200k"}
)
