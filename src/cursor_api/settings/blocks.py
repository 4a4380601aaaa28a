"""`[[upstream]]` and `[[model]]`: blocks of the TOML file, each with keys of its own.

Rules of this file:
- A block's key is called `upstream.NAME.key` where findings and reports name it.
- What an upstream's kind can be set to has the names, checks and defaults of its options class.
- Keys of upstreams are read from wherever the block says, and no finding holds one.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cursor_api.domain.catalog import ANY, NamedModel, Route
from cursor_api.domain.credential import Secret
from cursor_api.domain.value import repr_without
from cursor_api.options.addresses import is_in_the_clear
from cursor_api.options.kinds import Kind, choice, flag, header_secret, path
from cursor_api.options.names import (
    api_keys,
    headers,
    model_name,
    model_names,
    plain_name,
    routes,
)
from cursor_api.options.rules import Facts, Finding, check, rules_of
from cursor_api.options.said import tell
from cursor_api.options.setting import FieldPath, Setting, build_options, find_rows
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.settings.api_keys import find_api_keys, variable_name
from cursor_api.settings.block_keys import BlockKeys
from cursor_api.settings.resolve import Resolver, Row
from cursor_api.settings.sources import (
    AnySchema,
    Block,
)
from cursor_api.settings.unknown import find_nearest

# What stands for a default in the documentation.
REQUIRED: Final = "required"
ONE_WAY: Final = "one of the four is required"
ASKED_FOR: Final = "the upstream is asked"


def _row(
    name: str, kind: Kind, reason: str, default: str | None = None, note: str = ""
) -> tuple[str, Setting]:
    return name, Setting("", kind, default, reason, name=name, default_note=note)


def upstream_rows(kinds: Mapping[str, type]) -> dict[str, Setting]:
    """The keys of every upstream; those of its kind come on top."""
    rows = (
        _row("name", plain_name(), "What routes, logs and reports call it.", note=REQUIRED),
        _row("kind", choice(*kinds), "How it is spoken to.", note=REQUIRED),
        _row("api_key", header_secret(), "The key itself.", note=ONE_WAY),
        _row("api_keys", api_keys(), "Several keys, used by turns.", note=ONE_WAY),
        _row("api_key_env", variable_name(), "The variable that holds the key.", note=ONE_WAY),
        _row(
            "api_key_file",
            path(),
            "The file that holds the key, or several, one a line.",
            note=ONE_WAY,
        ),
        _row("models", model_names(), "Its models, where it shall not be asked.", note=ASKED_FOR),
        _row("headers", headers(), "Sent with every request."),
        _row(
            "allow_http",
            flag(),
            "Lets keys and prompts go over the network where anybody on the way can read them.",
            default="false",
        ),
    )
    return dict(rows)


MODEL_ROWS: Final = dict(
    (
        _row("name", model_name(), "What callers ask for.", note=REQUIRED),
        _row("routes", routes(), "Where it leads, the first choice first.", note=REQUIRED),
        _row("aliases", model_names(), "Other names for it.", default=""),
    )
)


class _Draft(Struct, frozen=True):
    """An upstream whose values stand in the resolver, its options' by these names."""

    name: str
    kind: str
    variables: Mapping[FieldPath, str]
    api_keys: tuple[Secret, ...] = ()
    models: tuple[str, ...] | None = None
    headers: tuple[tuple[str, Secret], ...] = ()

    __repr__ = repr_without("api_keys")


class BlockReader:
    """Takes all blocks into a resolver.

    `variables` are those that `api_key_env` may name and that defaults may follow from.

    `facts` has the values of each upstream whose kind is known, by the names of their keys.
    """

    def __init__(
        self,
        schema: AnySchema,
        resolver: Resolver,
        variables: Mapping[str, str],
    ) -> None:
        self._schema = schema
        self._own = resolver
        self._variables = variables
        self._upstream_rows = upstream_rows(schema.kinds)
        self._drafts: list[_Draft] = []
        self._names: set[str] = set()
        self._models: dict[str, NamedModel] = {}
        self.rows: list[Row] = []
        self.warnings: list[Finding] = []
        self.facts: list[Facts] = []
        for kind in schema.own_kinds:
            rows = schema.rows_of_kind(kind)
            self._names.add(kind)
            self._draft(_Draft(kind, kind, {way: row.variable for way, row in rows.items()}), rows)

    def read(self, blocks: tuple[Block, ...]) -> None:
        """All blocks, upstreams before models, which name them."""
        for block in blocks:
            if block.table == "upstream":
                self._read_upstream(block)
        for block in blocks:
            if block.table == "model":
                self._read_model(block)
        self._check_aliases()

    def upstreams(self) -> tuple[UpstreamSettings, ...]:
        """In the file's order, those without a block first; only where nothing is wrong."""
        return tuple(map(self._build, self._drafts))

    def models(self) -> tuple[NamedModel, ...]:
        """In the file's order."""
        return tuple(self._models.values())

    def _build(self, draft: _Draft) -> UpstreamSettings:
        options = self._schema.kinds[draft.kind]
        values = {way: self._own.values[name] for way, name in draft.variables.items()}
        for way, row in find_rows(options).items():
            if row.label_field:
                values[*way[:-1], row.label_field] = draft.variables[way]
        return UpstreamSettings(
            draft.name,
            draft.kind,
            build_options(options, values),
            draft.api_keys,
            draft.models,
            draft.headers,
        )

    # --- Upstreams

    def _read_upstream(self, block: Block) -> None:
        keys = BlockKeys(block, self._own, self._upstream_rows)
        keys.take_named()
        name, kind = self._take_name(keys), keys.value("kind")
        of_kind = find_rows(self._schema.kinds[kind]) if kind is not None else {}
        taken = {way: keys.take(row, is_shown=True) for way, row in of_kind.items()}
        for row in taken.values():
            self._own.derive(row, self._variables)
        if kind is None:
            keys.require(
                "kind", tell("has no kind: one of {kinds}", kinds=", ".join(self._schema.kinds))
            )
        else:
            # Whose keys they are is unknown without a kind.
            self.warnings.extend(keys.find_unknown())
        found = find_api_keys(keys, self._variables)
        self._own.values[keys.variable("api_keys")] = found
        self.rows.extend(keys.rows())
        if name is None or kind is None:
            return
        self._check_http(keys)
        variables = {way: row.variable for way, row in taken.items()}
        models, sent = keys.value("models"), keys.value("headers") or ()
        if "models" in block.entries and keys.is_right("models") and not models:
            keys.refuse("models", tell("is empty; name some, or leave it out to ask the upstream"))
        self._draft(_Draft(name, kind, variables, found, models, sent), taken)

    def _draft(self, draft: _Draft, rows: Mapping[FieldPath, Setting]) -> None:
        self._drafts.append(draft)
        self.facts.append(self._facts_of(rows))

    def _facts_of(self, rows: Mapping[FieldPath, Setting]) -> Facts:
        labels = {row.name: row.variable for row in rows.values()}
        own = self._own
        values = {name: own.values[to] for name, to in labels.items() if to in own.values}
        places = {name: own.places[to] for name, to in labels.items() if to in own.places}
        return Facts(ChainMap(values, own.values), ChainMap(places, own.places), labels)

    def check_rules(self) -> None:
        """Ask each upstream's options class for what must and what should be."""
        for draft, facts in zip(self._drafts, self.facts, strict=True):
            rules = rules_of(self._schema.kinds[draft.kind])
            self._own.problems.extend(check(rules.must, facts))
            self.warnings.extend(check(rules.should, facts))

    def _take_name(self, keys: BlockKeys) -> str | None:
        name: str | None = keys.value("name")
        if name is None:
            keys.require("name", tell("has no name; models and logs need one"))
        elif name in self._schema.own_kinds:
            keys.refuse(
                "name", tell('"{name}" is the upstream of [{name}]; choose another name', name=name)
            )
        elif name in self._names:
            keys.refuse("name", tell('"{name}" is the name of another upstream, too', name=name))
        else:
            self._names.add(name)
            return name
        return None

    def _check_http(self, keys: BlockKeys) -> None:
        if is_in_the_clear(keys.value("base_url") or "") and not keys.value("allow_http"):
            keys.refuse(
                "base_url",
                tell(
                    "has no TLS: whoever is on the way can read keys and prompts. Use"
                    " https://, or add allow_http = true within your own network"
                ),
            )

    # --- Models

    def _read_model(self, block: Block) -> None:
        keys = BlockKeys(block, self._own, MODEL_ROWS)
        keys.take_named()
        self.warnings.extend(keys.find_unknown())
        self.rows.extend(keys.rows())
        name, routes = keys.value("name"), keys.value("routes")
        if name is None:
            keys.require("name", tell("has no name; callers need one to ask for it"))
        elif name in self._models:
            keys.refuse("name", tell('"{name}" is the name of another model, too', name=name))
        if not routes:
            keys.require(
                "routes", tell('has no routes; give some, as in routes = ["upstream/model"]')
            )
            return
        self._check_upstreams(keys, routes)
        _check_patterns(keys, (*filter(None, [name]), *(keys.value("aliases") or ())), routes)
        if name is not None and name not in self._models:
            self._models[name] = NamedModel(name, routes, keys.value("aliases") or ())

    def _check_upstreams(self, keys: BlockKeys, routes: tuple[Route, ...]) -> None:
        for route in routes:
            if route.endpoint not in self._names:
                hint = find_nearest(route.endpoint, self._names)
                keys.refuse(
                    "routes",
                    tell('there is no upstream "{name}"{hint}', name=route.endpoint, hint=hint),
                )

    def _check_aliases(self) -> None:
        meanings = {
            name: tell('the name of the model "{name}"', name=name) for name in self._models
        }
        for model in self._models.values():
            variable = f"model.{model.name}.aliases"
            for alias in model.aliases:
                if alias in meanings:
                    where = self._own.places.get(variable, "")
                    message = tell(
                        '"{alias}" is {meaning} already; leave one',
                        alias=alias,
                        meaning=meanings[alias],
                    )
                    self._own.problems.append(Finding(variable, where, message))
                meanings.setdefault(alias, tell('an alias of "{name}"', name=model.name))


def _check_patterns(keys: BlockKeys, names: tuple[str, ...], routes: tuple[Route, ...]) -> None:
    """One `*` stands for any text; a route has one only where each name has one to fill it."""
    if any(name.count(ANY) > 1 for name in names):
        keys.refuse(
            "name", tell('has more than one "{any}", which stands for any text; leave one', any=ANY)
        )
    if any(route.model.count(ANY) > 1 for route in routes):
        keys.refuse("routes", tell('a route has more than one "{any}"; leave one', any=ANY))
    if any(ANY in route.model for route in routes) and any(ANY not in name for name in names):
        keys.refuse(
            "routes",
            tell('a route has "{any}" and a name of the model has none to fill it', any=ANY),
        )
