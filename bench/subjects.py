"""What is measured: how each program is started, and how it is spoken to."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from bench.processes import Launch

ROOT = Path(__file__).parent.parent
MODEL = "gpt-4o-mini"
CHAT_PATH = "/v1/chat/completions"


@dataclass(frozen=True)
class Place:
    """Where a program shall listen, whom it shall call, and a folder for its files."""

    port: int
    upstream_port: int
    folder: Path
    key: str
    # Vouches for the upstream's certificate; None where it speaks plain HTTP.
    authority: Path | None = None

    @property
    def upstream_url(self) -> str:
        """Without a path."""
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.upstream_port}"


@dataclass(frozen=True)
class Subject:
    """One program under measurement."""

    name: str
    title: str
    # What was enabled and what was not, for the report.
    note: str
    # Installs what is missing; raises PeerMissingError.
    launch: Callable[[Place], Launch]
    headers: Callable[[Place], list[str]]
    # Streams it is asked to carry at the full rate; 0: it is not asked, `note` says why.
    full_rate_streams: int = 500
    idle_streams: int = 1000
    start_patience_s: float = 20.0


def bearer(place: Place) -> list[str]:
    """The caller's key."""
    return [f"Authorization: Bearer {place.key}"]


def made_up_token() -> str:
    """A session token in the form of a real one; nobody signed it."""
    parts = (
        {"alg": "HS256", "typ": "JWT"},
        {"sub": "auth0|user_bench", "time": "1700000000", "exp": 4000000000, "type": "session"},
    )
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    ]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


def launch_gateway(place: Place, root: Path = ROOT, kind: str = "") -> Launch:
    """`cursor-api serve` of a checkout, with one credential and default settings.

    By the checkout's own Python and packages where it has some. `kind`: the model is that of an
    upstream of this kind, in place of the private wire's.
    """
    if kind:
        (place.folder / "cursor-api.toml").write_text(
            f'[[upstream]]\nname = "bench"\nkind = "{kind}"\nbase_url = "{place.upstream_url}"\n'
            f'api_key = "bench"\nmodels = ["bench"]\n'
            f'[[model]]\nname = "{MODEL}"\nroutes = ["bench/bench"]\n'
        )
    token_file = place.folder / ".token"
    token_file.touch(mode=0o600)
    token_file.write_text(f"bench::{made_up_token()}\n")
    own = root / ".venv" / "bin" / "python"
    trusted = {"CURSOR_CA_FILE": str(place.authority)} if place.authority else {}
    return Launch(
        [str(own) if own.is_file() else sys.executable, "-m", "cursor_api", "serve"],
        {
            **trusted,
            # This checkout, whatever else is installed.
            "PYTHONPATH": str(root / "src"),
            "PORT": str(place.port),
            "HOST": "127.0.0.1",
            "AUTH_TOKEN": place.key,
            "CURSOR_BASE_URL": place.upstream_url,
            "TOKEN_FILE": str(token_file),
            "TOKEN_LIST_FILE": str(place.folder / ".token-list"),
        },
        place.folder,
    )


def launch_floor(place: Place) -> Launch:
    """bench/floor.py."""
    command = [sys.executable, "-m", "bench.floor", str(place.port), place.upstream_url]
    return Launch(command, {"PYTHONPATH": str(ROOT)}, place.folder)


def launch_litellm(place: Place) -> Launch:
    """Its proxy with one model and no database."""
    config = {
        "model_list": [
            {
                "model_name": MODEL,
                "litellm_params": {
                    "model": f"openai/{MODEL}",
                    "api_base": f"{place.upstream_url}/v1",
                    "api_key": "bench",
                },
            }
        ]
    }
    config_file = place.folder / "litellm.yaml"
    config_file.write_text(json.dumps(config))  # JSON is YAML
    command = [str(peers.litellm()), "--config", str(config_file), "--host", "127.0.0.1"]
    return Launch(
        [*command, "--port", str(place.port), "--num_workers", "1", "--telemetry", "False"],
        # Otherwise it fetches a price list from the network when it starts.
        {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": place.key},
        place.folder,
    )


def launch_portkey(place: Place) -> Launch:
    """Its gateway without the console."""
    command = [peers.node().node, str(peers.portkey()), "--headless", f"--port={place.port}"]
    return Launch(command, {"NODE_ENV": "production"}, place.folder)


def portkey_headers(place: Place) -> list[str]:
    """Portkey is told its upstream by the caller."""
    return [
        "Authorization: Bearer bench",
        "x-portkey-provider: openai",
        f"x-portkey-custom-host: {place.upstream_url}/v1",
    ]


SUBJECTS = (
    Subject(
        name="gateway",
        title="this gateway",
        note="`cursor-api serve`, one credential in a token file, default settings: the caller's "
        "key is checked, models are resolved, the credential pool rotates, usage is estimated, "
        "the request log records every request. Speaks StreamChat upstream.",
        launch=launch_gateway,
        headers=bearer,
    ),
    Subject(
        name="floor",
        title="floor",
        note="`bench/floor.py`: the usual libraries (uvicorn's raw ASGI, uvloop, httptools, "
        "aiohttp, msgspec) and the same translation to StreamChat and back, nothing else: no key, "
        "no limits, no time-outs, no errors, no log.",
        launch=launch_floor,
        headers=bearer,
    ),
    Subject(
        name="portkey",
        title=f"Portkey {peers.PORTKEY_VERSION}",
        note="`@portkey-ai/gateway --headless`, the upstream named by header. It has no check of "
        "callers' keys and no request log of its own. Speaks OpenAI's API upstream, so it passes "
        "events on where the two above translate. Run with @hono/node-server "
        f"{peers.PORTKEY_SERVER_VERSION}: with newer ones its streamed answers are errors.",
        launch=launch_portkey,
        headers=portkey_headers,
    ),
    Subject(
        name="litellm",
        title=f"LiteLLM {peers.LITELLM_VERSION}",
        note="`litellm --num_workers 1`, one model, a master key (it does not start without one), "
        "no database, its access log as it comes. Speaks OpenAI's API upstream. Not asked for "
        "10,000 frames/s, which is many times what it carries on one core; 200 idle streams "
        "instead of 1,000, scaled.",
        launch=launch_litellm,
        headers=bearer,
        full_rate_streams=0,
        idle_streams=200,
        start_patience_s=90.0,
    ),
)
