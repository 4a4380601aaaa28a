"""The demo: a gateway before a simulated upstream of each kind, on this machine alone."""

from __future__ import annotations

import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.bootstrap import Gateway, build_gateway, make_checksum, memory_stores
from cursor_api.cli.serving.serve import url_of
from cursor_api.cli.serving.welcome import Served, welcome
from cursor_api.cli.terminal.output import print_note
from cursor_api.domain.credential import Credential, Secret
from cursor_api.installed import KINDS, SCHEMA, Settings
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.ports.configuration import Configuration
from cursor_api.runtime import serve_gateway
from cursor_api.settings import Loaded, load_settings
from cursor_api.simulator.anthropic.kind import AnthropicSimulator
from cursor_api.simulator.api_server import ApiSimulator
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor_sdk.bridge import BridgeSimulator
from cursor_api.simulator.cursor_sdk.options import BridgeFaults, BridgeOptions
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.openai.kind import OpenAiSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.telemetry.redaction import Redactor

ALIASES: Final = ("demo-1", "demo-2")
# A pace at which one sees it stream.
TOKENS_PER_S: Final = 150.0


class DemoRoute(Struct, frozen=True):
    """A simulated endpoint beside Cursor's: what it is called and how it is reached."""

    name: str
    kind: str
    models: tuple[str, ...]
    about: str
    simulator: Callable[[SimulatorOptions, ApiOptions], ApiSimulator]

    @property
    def key(self) -> str:
        """The only key that its simulator accepts."""
        return f"key-of-{self.name}"


# Kinds that are there without a block of settings.
CURSOR_KIND: Final = "cursor"
SDK_KIND: Final = "cursor-sdk"
CURSOR: Final = Served(
    "gpt-4o-mini, claude-3.5-haiku, …", CURSOR_KIND, "Cursor, the old private way"
)
SDK: Final = Served(
    "composer-2.5, claude-opus-4.5, auto", SDK_KIND, "Cursor, the official way, with an API key"
)
TOKENS: Final = Path("memory:.token")
TOKEN_LIST: Final = Path("memory:.token-list")
# Of the form that the real ones have, which tells the way.
SDK_KEY: Final = f"crsr_{'d0' * 32}"
ROUTES: Final = (
    DemoRoute(
        "demo-openai",
        "openai",
        ("gpt-demo", "gpt-demo-thinking", "text-embedding-demo"),
        "an OpenAI-compatible endpoint",
        OpenAiSimulator,
    ),
    DemoRoute(
        "demo-anthropic",
        "anthropic",
        ("claude-demo", "claude-demo-large"),
        "Anthropic's API",
        AnthropicSimulator,
    ),
)


def load_demo(environ: Mapping[str, str]) -> Loaded[Settings]:
    """The settings: those of the listener and of the gateway are honoured, a key is made up."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in {"PORT", "HOST", "AUTH_TOKEN"} or name.startswith("GATEWAY_")
    }
    made_up = {} if kept.get("AUTH_TOKEN") else {"AUTH_TOKEN": f"demo-{secrets.token_hex(12)}"}
    for name in {"TLS_CERT_FILE", "TLS_KEY_FILE"} & environ.keys():
        kept[name] = str(Path(environ[name]).expanduser().absolute()) if environ[name] else ""
    # Nothing of the folder the demo is started in: it shall work anywhere.
    with tempfile.TemporaryDirectory() as empty:
        return load_settings(SCHEMA.without_blocks(), kept | made_up, Path(empty))


async def serve_demo(
    configuration: Configuration, settings: Settings, listener: socket.socket, redactor: Redactor
) -> None:
    """Serve until the server ends."""
    async with demo_gateway(settings, redactor, TOKENS_PER_S, configuration) as gateway:
        print_note(_welcome(url_of(settings, listener), settings))
        await serve_gateway(gateway, settings, listener)


@asynccontextmanager
async def demo_gateway(
    settings: Settings,
    redactor: Redactor,
    tokens_per_s: float,
    configuration: Configuration | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway and its simulators, which speak at this pace; 0 is as fast as they are taken."""
    credentials = [
        Credential(alias, Secret(f"simulated-token-of-{alias}"), make_checksum())
        for alias in ALIASES
    ]
    credentials.append(Credential("demo-sdk", Secret(SDK_KEY), endpoint=SDK_KIND))
    options = SimulatorOptions(faults=Faults(tokens_per_s=tokens_per_s))
    bridge_options = BridgeOptions(
        api_keys=frozenset({SDK_KEY}), faults=BridgeFaults(tokens_per_s=tokens_per_s)
    )
    async with AsyncExitStack() as stack:
        cursor = await stack.enter_async_context(CursorSimulator(options))
        bridge = await stack.enter_async_context(BridgeSimulator(bridge_options))
        reached: dict[str, Mapping[str, object]] = {
            CURSOR_KIND: {"base_url": cursor.url},
            SDK_KIND: {"bridge_url": bridge.url, "bridge_token": Secret(bridge.token)},
        }
        upstreams = [_at(reached[upstream.kind], upstream) for upstream in settings.upstreams]
        for route in ROUTES:
            api = ApiOptions(models=route.models, keys=frozenset({route.key}), owner=route.name)
            simulator = await stack.enter_async_context(route.simulator(options, api))
            upstreams.append(_settings_of(route, simulator.url))
        # Nothing is on disk: the page shall not name a folder that is not there.
        files = replace(settings.files, token_file=TOKENS, token_list_file=TOKEN_LIST)
        settings = replace(settings, upstreams=tuple(upstreams), files=files)
        yield await stack.enter_async_context(
            build_gateway(
                settings, memory_stores(credentials), redactor, configuration=configuration
            )
        )


def _at(where: Mapping[str, object], upstream: UpstreamSettings) -> UpstreamSettings:
    return replace(upstream, options=replace(upstream.options, **where))


def _settings_of(route: DemoRoute, url: str) -> UpstreamSettings:
    options = KINDS[route.kind].options(base_url=url)
    return UpstreamSettings(route.name, route.kind, options, api_keys=(Secret(route.key),))


def _welcome(url: str, settings: Settings) -> str:
    """What a newcomer pastes next."""
    assert settings.access.auth_token is not None  # noqa: S101 - the demo made one up
    beside = (Served(", ".join(one.models), one.name, one.about) for one in ROUTES)
    return welcome(
        f"{url}{settings.web.route_prefix}",
        settings.access.auth_token.reveal(),
        (CURSOR, SDK, *beside),
    )
