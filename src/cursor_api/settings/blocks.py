"""`[[upstream]]` and `[[model]]`: blocks of the TOML file, each with keys of its own.

Rules of this file:
- A block's key is called `upstream.NAME.key` where findings and reports name it.
- What an upstream's kind can be set to has the names, checks and defaults of its options class.
- Keys of upstreams are read from wherever the block says, and no finding holds one.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import is_loopback
from cursor_api.options.kinds import Kind, choice, flag, header_secret, path, show_plain
from cursor_api.options.names import (
    api_keys,
    headers,
    model_name,
    model_names,
    plain_name,
    targets,
)
from cursor_api.options.rules import Facts, Finding, check, rules_of
from cursor_api.options.setting import FieldPath, Setting, build_options, find_rows
from cursor_api.options.upstreams import ModelSettings, Target, UpstreamSettings
from cursor_api.settings.resolve import Resolver, Row
from cursor_api.settings.sources import (
    AnySchema,
    Block,
    Given,
    UnreadableError,
    as_text,
    read_text,
)
from cursor_api.settings.unknown import find_nearest

KEY_WAYS: Final = ("api_key", "api_keys", "api_key_env", "api_key_file")


def _variable_name() -> Kind:
    # In capitals, as variables are: a key that was pasted here by mistake is refused unseen.
    def parse(text: str) -> str:
        if re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", text):
            return text
        raise ValueError("is not the name of a variable: capitals, digits and '_'")

    return Kind(
        "name of a variable",
        ("OPENAI_API_KEY",),
        parse,
        quote=lambda _text: "the value given",
    )


def _rows(*rows: tuple[str, Kind, str | None, str]) -> dict[str, Setting]:
    return {
        name: Setting("", kind, default, reason, name=name) for name, kind, default, reason in rows
    }


def _upstream_rows(kinds: Mapping[str, type]) -> dict[str, Setting]:
    """The keys of every upstream; those of its kind come on top."""
    return _rows(
        ("name", plain_name(), None, "What routes, logs and reports call it."),
        ("kind", choice(*kinds), None, "How it is spoken to."),
        ("api_key", header_secret(), None, "The key itself."),
        ("api_keys", api_keys(), None, "Several keys, used by turns."),
        ("api_key_env", _variable_name(), None, "The variable that holds the key."),
        ("api_key_file", path(), None, "The file that holds the key, or several, one a line."),
        ("models", model_names(), None, "Its models; it is asked for them where none are named."),
        ("headers", headers(), None, "Sent with every request."),
        (
            "allow_http",
            flag(),
            "false",
            "Lets keys and prompts go over the network where anybody on the way can read them.",
        ),
    )


_MODEL_ROWS: Final = _rows(
    ("name", model_name(), None, "What callers ask for."),
    ("routes", targets(), None, "Where it leads, the first choice first."),
    ("aliases", model_names(), "", "Other names for it."),
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """An upstream whose values stand in the resolver, its options' by these names."""

    name: str
    kind: str
    variables: Mapping[FieldPath, str]
    api_keys: tuple[Secret, ...] = field(default=(), repr=False)
    models: tuple[str, ...] | None = None
    headers: tuple[tuple[str, Secret], ...] = ()


class BlockReader:
    """Takes all blocks into a resolver. `variables` are those that `api_key_env` may name.

    `facts` has the values of each upstream whose kind is known, by the names of their keys.
    """

    def __init__(
        self,
        schema: AnySchema,
        resolver: Resolver,
        environ: Mapping[str, str],
        variables: Mapping[str, str],
    ) -> None:
        self._schema = schema
        self._own = resolver
        self._environ = environ
        self._variables = variables
        self._upstream_rows = _upstream_rows(schema.kinds)
        self._drafts: list[_Draft] = []
        self._names: set[str] = set()
        self._models: dict[str, ModelSettings] = {}
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

    def models(self) -> tuple[ModelSettings, ...]:
        """In the file's order."""
        return tuple(self._models.values())

    def _build(self, draft: _Draft) -> UpstreamSettings:
        values = {way: self._own.values[name] for way, name in draft.variables.items()}
        return UpstreamSettings(
            draft.name,
            draft.kind,
            build_options(self._schema.kinds[draft.kind], values),
            draft.api_keys,
            draft.models,
            draft.headers,
        )

    # --- Upstreams

    def _read_upstream(self, block: Block) -> None:
        kind = block.entries.get("kind")
        options = self._schema.kinds.get(kind) if isinstance(kind, str) else None
        of_kind = find_rows(options) if options is not None else {}
        keys = _Keys(block, self._own, self._upstream_rows)
        keys.take_named()
        name, kind = self._take_name(keys), keys.value("kind")
        taken = {way: keys.take(row, is_shown=True) for way, row in of_kind.items()}
        for row in taken.values():
            self._own.derive(row, self._environ)
        if kind is None:
            keys.require("kind", f"has no kind: one of {', '.join(self._schema.kinds)}")
        else:
            # Whose keys they are is unknown without a kind.
            self.warnings.extend(keys.find_unknown())
        found = self._find_api_keys(keys)
        self._own.values[keys.variable("api_keys")] = found
        self.rows.extend(keys.rows)
        if name is None or kind is None:
            return
        self._check_http(keys)
        variables = {way: row.variable for way, row in taken.items()}
        models, sent = keys.value("models"), keys.value("headers") or ()
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

    def _take_name(self, keys: _Keys) -> str | None:
        name: str | None = keys.value("name")
        if name is None:
            keys.require("name", "has no name; models and logs need one")
        elif name in self._schema.own_kinds:
            keys.refuse("name", f'"{name}" is the upstream of [{name}]; choose another name')
        elif name in self._names:
            keys.refuse("name", f'"{name}" is the name of another upstream, too')
        else:
            self._names.add(name)
            return name
        return None

    def _check_http(self, keys: _Keys) -> None:
        url = keys.value("base_url") or ""
        if not url.startswith("http://") or is_loopback(urlsplit(url).hostname or ""):
            return
        if not keys.value("allow_http"):
            keys.refuse(
                "base_url",
                "has no TLS: whoever is on the way can read keys and prompts. Use https://, or add"
                " allow_http = true within your own network",
            )

    def _find_api_keys(self, keys: _Keys) -> tuple[Secret, ...]:
        ways = [way for way in KEY_WAYS if way in keys.block.entries]
        if not ways:
            keys.require(
                "api_key",
                f"has no key: give one of {', '.join(KEY_WAYS)}; for a server that asks for none,"
                ' write api_key = "none"',
            )
        elif len(ways) > 1:
            keys.refuse(ways[1], f"is a second way to give keys, beside {ways[0]}; leave one")
        elif not keys.is_right(ways[0]):
            return ()
        else:
            return self._resolve_keys(keys, ways[0])
        return ()

    def _resolve_keys(self, keys: _Keys, way: str) -> tuple[Secret, ...]:
        try:
            return self._read_keys(way, keys.value(way))
        except FileNotFoundError:
            keys.refuse(way, "there is no such file; put the key into one, alone on a line")
        except UnreadableError as error:
            keys.refuse(way, error.message)
        except ValueError as error:
            keys.refuse(way, str(error))
        return ()

    def _read_keys(self, way: str, value: Any) -> tuple[Secret, ...]:
        """Raises ValueError, and for a file what `read_text` raises."""
        if not value:
            raise ValueError("is empty; put the key there, or give it another way")
        match way:
            case "api_key_env":
                return (self._find_variable(value),)
            case "api_key_file":
                return tuple(_parse_lines(read_text(value)))
            case "api_key":
                return (value,)
            case _:
                found: tuple[Secret, ...] = value
                return found

    def _find_variable(self, name: str) -> Secret:
        text = self._variables.get(name, "").strip()
        if not text:
            raise ValueError(f"{name} is not set, or empty; set it in the environment or in .env")
        return _parse_key(text, name)

    # --- Models

    def _read_model(self, block: Block) -> None:
        keys = _Keys(block, self._own, _MODEL_ROWS)
        keys.take_named()
        self.warnings.extend(keys.find_unknown())
        self.rows.extend(keys.rows)
        name, routes = keys.value("name"), keys.value("routes")
        if name is None:
            keys.require("name", "has no name; callers need one to ask for it")
        elif name in self._models:
            keys.refuse("name", f'"{name}" is the name of another model, too')
        if not routes:
            keys.require("routes", 'has no routes; give some, as in routes = ["upstream/model"]')
            return
        self._check_upstreams(keys, routes)
        if name is not None and name not in self._models:
            self._models[name] = ModelSettings(name, routes, keys.value("aliases") or ())

    def _check_upstreams(self, keys: _Keys, routes: tuple[Target, ...]) -> None:
        for target in routes:
            if target.upstream not in self._names:
                hint = find_nearest(target.upstream, self._names)
                keys.refuse("routes", f'there is no upstream "{target.upstream}"{hint}')

    def _check_aliases(self) -> None:
        meanings = {name: f'the name of the model "{name}"' for name in self._models}
        for model in self._models.values():
            variable = f"model.{model.name}.aliases"
            for alias in model.aliases:
                if alias in meanings:
                    where = self._own.places.get(variable, "")
                    message = f'"{alias}" is {meanings[alias]} already; leave one'
                    self._own.problems.append(Finding(variable, where, message))
                meanings.setdefault(alias, f'an alias of "{model.name}"')


class _Keys:
    """The keys of one block, taken into the resolver one by one."""

    def __init__(self, block: Block, resolver: Resolver, rows: Mapping[str, Setting]) -> None:
        self.block = block
        self.rows: list[Row] = []
        self._own = resolver
        self._named = rows
        self._known: dict[str, Setting] = {}
        self._wrong: set[str] = set()
        name = block.entries.get("name")
        is_plain = isinstance(name, str) and show_plain(name) == name and name.strip()
        # Names of two blocks may be the same, which is a problem; their keys are still two.
        label = name if is_plain else str(block.number)
        taken = f"{block.table}.{label}.name" in resolver.values
        self.prefix = f"{block.table}.{label}{f'.{block.number}' if taken else ''}"

    def variable(self, name: str) -> str:
        """What a key is called."""
        return f"{self.prefix}.{name}"

    def value(self, name: str) -> Any:
        """What was taken, or None."""
        return self._own.values.get(self.variable(name))

    def is_right(self, name: str) -> bool:
        """Whether a key that was given could be read."""
        return name not in self._wrong and self.variable(name) in self._own.values

    def take_named(self) -> None:
        """The keys that every block of this table can have; shown where somebody gave them."""
        for name, row in self._named.items():
            self.take(row, is_shown=name in self.block.entries)

    def take(self, row: Setting, *, is_shown: bool) -> Setting:
        """Parse a key, or its default; gives the row under the name that it has in this block."""
        mine = replace(row, variable=self.variable(row.name), table=self.block.table, aliases=())
        self._known[row.name] = mine
        given = None
        if row.name in self.block.entries:
            where = self.block.places[row.name]
            text = as_text(row, self.block.entries[row.name])
            if text is None:
                self._wrong.add(row.name)
                self._own.problems.append(
                    Finding(mine.variable, where, f"has the wrong type: it is a {row.kind.label}")
                )
            else:
                given = Given(text, self.block.source, where)
        self._own.take(mine, given, row.default)
        if is_shown:
            self.rows.append(self._own.row(mine, self._heading(), row.name))
        return mine

    def _heading(self) -> str:
        return f"[[{self.block.table}]] {self.prefix.partition('.')[2]}"

    def refuse(self, name: str, message: str) -> None:
        """A problem with a key, where it stands."""
        where = self.block.places.get(name, self.block.where)
        self._own.problems.append(Finding(self.variable(name), where, message))

    def require(self, name: str, message: str) -> None:
        """A problem with a block that lacks a key, or has an empty one.

        One that could not be read has its own problem already.
        """
        if name not in self.block.entries:
            self._own.problems.append(Finding(self.prefix, self.block.where, message))
        elif self.is_right(name):
            self.refuse(name, message)

    def find_unknown(self) -> Iterator[Finding]:
        """A warning for each key that the block cannot have."""
        table = self.block.table
        for name in self.block.entries:
            if name not in self._known:
                hint = find_nearest(name, self._known)
                message = f"no such key in [[{table}]]: {show_plain(name)}{hint}"
                yield Finding("", self.block.places[name], message)


def _parse_lines(text: str) -> Iterator[Secret]:
    lines = [line.strip() for line in text.splitlines()]
    if not any(lines):
        raise ValueError("is an empty file; put the key into it, alone on a line")
    for number, line in enumerate(lines, start=1):
        if line:
            yield _parse_key(line, f"line {number}")


def _parse_key(text: str, place: str) -> Secret:
    try:
        key: Secret = header_secret().parse(text)
    except ValueError as error:
        raise ValueError(f"{place} {error}") from None
    return key
