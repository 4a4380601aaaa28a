"""A house with toy upstreams, for tests of blocks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct, field

from cursor_api.domain.catalog import NamedModel
from cursor_api.options.addresses import base_url
from cursor_api.options.kinds import flag, time_zone
from cursor_api.options.rules import Facts, Finding, Rules
from cursor_api.options.setting import setting
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.settings import Group, Loaded, Schema, load_settings
from cursor_api.transport.options import HttpOptions
from cursor_api.transport.timeouts import TimeoutsByModel

CANARY = "canary-0123456789"


def _is_too_odd(facts: Facts) -> Finding | None:
    return facts.finding("odd", "is odd") if facts.find("odd") else None


def _zone(_values: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    return environ.get("TZ", "UTC")


class ToyOptions(Struct, frozen=True):
    """A kind of upstream that has everything a kind can have."""

    base_url: str = setting("", base_url("https://toy.example"), "https://toy.example", "Where.")
    is_odd: bool = setting("", flag(), "false", "Whether it is odd.", key="odd")
    zone: str = setting("", time_zone(), None, "Its zone.", derive=_zone, unset="UTC")
    http: HttpOptions = field(default_factory=HttpOptions)
    timeouts: TimeoutsByModel = field(default_factory=TimeoutsByModel)

    RULES: ClassVar[Rules] = Rules(should=(_is_too_odd,))


class House(Struct, frozen=True):
    """Nothing but upstreams and models."""

    upstreams: tuple[UpstreamSettings, ...]
    models: tuple[NamedModel, ...]


# One upstream without a block ("own"), and a kind that blocks alone have.
SCHEMA = Schema(
    House,
    (Group("own", "Own (upstream)", ("own",), prefix="OWN_"),),
    {"own": ToyOptions, "toy": ToyOptions},
)
BLOCK = '[[upstream]]\nname = "work"\nkind = "toy"\napi_key = "k-1"\n'


def load(
    folder: Path, toml: str, environ: Mapping[str, str] | None = None, env: str = ""
) -> Loaded[House]:
    """Load this TOML text, with `env` as the text of `.env`."""
    (folder / "cursor-api.toml").write_text(toml, encoding="utf-8")
    (folder / ".env").write_text(env, encoding="utf-8")
    return load_settings(SCHEMA, environ or {}, folder)


def told(loaded: Loaded[House]) -> list[str]:
    """What is wrong."""
    return [str(problem) for problem in loaded.problems]


def doubted(loaded: Loaded[House]) -> list[str]:
    """What looks wrong."""
    return [str(warning) for warning in loaded.warnings]


WITHOUT_KEY = '[[upstream]]\nname = "work"\nkind = "toy"\n'
