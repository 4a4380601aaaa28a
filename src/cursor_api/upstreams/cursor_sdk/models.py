"""Cursor's models as its API lists them to a key, and how a caller names one with parameters.

`claude-opus-4.5:effort=high,fast` is the model `claude-opus-4.5` with `effort` set to `high` and
`fast` to `true`. Which parameters there are is said in the list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from cursor_api.domain.catalog import ANY, Model
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, invalid_request
from cursor_api.options.said import tell
from cursor_api.ports.process import Clock

# Longer than any name; a list is kept, and shown to everybody.
NAME_CHARS_MAX: Final = 200
# A model has a handful; each is shown as a model of its own.
VARIANTS_MAX: Final = 32
PARAMS_MAX: Final = 16
# The value of a parameter that is only named.
SET: Final = "true"
# Half as long as the gateway keeps the list that it makes of them.
KEPT_S: Final = 300.0
# Pools have up to thousands of keys of which many are the same account's.
KEPT_KEYS_MAX: Final = 256


class Param(Struct, frozen=True):
    """One parameter of a model, and what it is set to."""

    id: str
    value: str


class ModelSelection(NamedTuple):
    """A model and its parameters, as agents are made with them."""

    id: str
    params: tuple[Param, ...] = ()

    def message(self) -> dict[str, object]:
        """As `sdk.v1` has it."""
        params = [{"id": param.id, "value": param.value} for param in self.params]
        return {"id": self.id, "params": params} if params else {"id": self.id}

    @property
    def name(self) -> str:
        """As a caller writes it."""
        words = [one.id if one.value == SET else f"{one.id}={one.value}" for one in self.params]
        return f"{self.id}:{','.join(words)}" if words else self.id


class SdkModel(Struct, frozen=True):
    """A model in Cursor's list. `parameters` has their allowed values, none where any is.

    `variants` are the combinations that Cursor shows as models of their own; the default one is
    not among them.
    """

    id: str
    parameters: Mapping[str, tuple[str, ...]]
    variants: tuple[ModelSelection, ...] = ()


def parse_selection(name: str) -> ModelSelection:
    """A model as a caller names it; raises Fault(INVALID_REQUEST) for a suffix that is none."""
    model, colon, suffix = name.partition(":")
    if not colon:
        return ModelSelection(name)
    params: dict[str, Param] = {}
    for word in suffix.split(","):
        key, equals, value = (part.strip() for part in word.partition("="))
        if not key or (equals and not value) or key in params or len(params) == PARAMS_MAX:
            raise invalid_request(
                f"The model's parameters {suffix[:100]!r} cannot be read: write them as in"
                " model:effort=high,fast, each once.",
                code="invalid_model_parameters",
                param="model",
            )
        params[key] = Param(key, value if equals else SET)
    return ModelSelection(model, tuple(params.values()))


def check_selection(selection: ModelSelection, models: Iterable[SdkModel]) -> None:
    """Raises Fault(INVALID_REQUEST) for parameters that the listed model does not have.

    What is not listed is left to Cursor.
    """
    model = next((one for one in models if one.id == selection.id), None)
    if model is None or not selection.params:
        return
    for param in selection.params:
        allowed = model.parameters.get(param.id)
        if allowed is None:
            known = ", ".join(model.parameters) or "none"
            raise _unknown(f"has no parameter {param.id[:50]!r}; it has: {known}", selection.id)
        if allowed and param.value not in allowed:
            raise _unknown(
                f"has no value {param.value[:50]!r} for {param.id}: {', '.join(allowed)}",
                selection.id,
            )


def _unknown(what: str, model: str) -> Fault:
    return invalid_request(
        f"The model {model} {what}.", code="invalid_model_parameters", param="model"
    )


def read_models(message: Mapping[str, Any]) -> list[SdkModel]:
    """The answer of ListModels; raises Fault(PROTOCOL_ERROR) for what is none.

    An entry without a usable name is passed over. An account without models has no `items`.
    """
    items = message.get("items", [])
    if not isinstance(items, list):
        raise Fault(
            FaultKind.PROTOCOL_ERROR, tell("Cursor gave no list of models that can be read.")
        )
    models: dict[str, SdkModel] = {}
    for item in items:
        name = _name(item, "id")
        # Behind a colon there are parameters, and a star is no part of a name.
        if name and not {":", ANY} & set(name):
            models.setdefault(name, _read_model(name, item))
    return list(models.values())


def _read_model(name: str, item: Mapping[str, Any]) -> SdkModel:
    parameters = {
        key: tuple(value for one in _list(row, "values") if (value := _name(one, "value")))
        for row in _list(item, "parameters")[:PARAMS_MAX]
        if (key := _name(row, "id"))
    }
    variants: dict[ModelSelection, None] = {}
    for row in _list(item, "variants")[:VARIANTS_MAX]:
        params = tuple(
            Param(key, value)
            for one in _list(row, "params")[:PARAMS_MAX]
            if (key := _name(one, "id")) and (value := _name(one, "value"))
        )
        if params and row.get("isDefault") is not True:
            variants[ModelSelection(name, params)] = None
    return SdkModel(name, parameters, tuple(variants))


def list_names(models: Iterable[SdkModel], owner: str) -> list[Model]:
    """The models as callers see them, each followed by its variants.

    One that has parameters is there with any others as well, as a pattern.
    """
    return [
        Model(name, owner, 0)
        for model in models
        for name in (
            model.id,
            *(variant.name for variant in model.variants),
            *([f"{model.id}:{ANY}"] if model.parameters else []),
        )
    ]


class KeptModels:
    """What each key may use, asked once in a while. `ask` asks Cursor; it raises Fault."""

    def __init__(self, ask: Callable[[Secret], Awaitable[list[SdkModel]]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        # By key, the one that was asked for first in front.
        self._kept: dict[Secret, tuple[float, tuple[SdkModel, ...]]] = {}

    def __repr__(self) -> str:
        return f"KeptModels({len(self._kept)})"

    def find(self, key: Secret) -> Sequence[SdkModel] | None:
        """What is known of the key's models without asking; None where nothing is."""
        kept = self._kept.get(key)
        return kept[1] if kept and self._clock.monotonic() < kept[0] else None

    async def get(self, key: Secret) -> Sequence[SdkModel]:
        """The key's models; raises Fault."""
        found = self.find(key)
        if found is None:
            found = tuple(await self._ask(key))
            self._kept.pop(key, None)
            self._kept[key] = self._clock.monotonic() + KEPT_S, found
            if len(self._kept) > KEPT_KEYS_MAX:
                del self._kept[next(iter(self._kept))]
        return found


def _list(row: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in a row; [] for anything else."""
    rows = row.get(name)
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


def _name(row: object, name: str) -> str:
    """A text in a row that can be shown; "" for anything else."""
    text = row.get(name) if isinstance(row, dict) else None
    is_name = isinstance(text, str) and 0 < len(text) <= NAME_CHARS_MAX and text.isprintable()
    return text if is_name and isinstance(text, str) else ""
