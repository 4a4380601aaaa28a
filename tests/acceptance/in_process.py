"""The whole gateway inside a test: settings, composition, server and upstream client are real."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cursor_api.bootstrap import Stores, build_gateway, make_checksum, memory_stores
from cursor_api.domain.credential import Credential, Secret
from cursor_api.installed import SCHEMA, Settings
from cursor_api.ports.process import Clock
from cursor_api.settings import load_settings
from cursor_api.telemetry.redaction import Redactor
from cursor_api.web.access.lockout import LockoutOptions
from tests.openai_stream import ReadStream, read_stream
from tests.serving import Answer, ask, serve

KEY = "a-key-for-acceptance-tests"
MODEL = "gpt-4o-128k"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway on a loopback port, and how to ask it."""

    port: int

    async def chat(
        self, question: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        """One chat request with one user message; `more` are further members of its body."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": question}]} | more
        return await self.post(json.dumps(body).encode(), headers)

    async def stream(self, question: str, **more: Any) -> ReadStream:
        """The same, streamed and read strictly; the stream has begun with status 200."""
        answer = await self.chat(question, stream=True, **more)
        assert answer.status == 200, answer
        return read_stream(answer.body)

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """A body as it is to the chat address."""
        return await self.ask("POST", "/v1/chat/completions", body=body, headers=headers)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request with the key; `headers` come on top."""
        fields = {"Authorization": f"Bearer {KEY}"} | dict(headers or {})
        return await ask(self.port, method, path, headers=fields, body=body)


@asynccontextmanager
async def gateway_before(
    upstream_url: str,
    *,
    environment: Mapping[str, str] | None = None,
    tokens: Sequence[str] | Mapping[str, str] | Stores = ("a-session-token-for-tests",),
    clock: Clock | None = None,
    redactor: Redactor | None = None,
    lockout: LockoutOptions | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway whose upstream is at that address, with one credential for each token.

    `tokens` may be by alias, or lie in stores. `redactor` is told the secrets. `environment` is
    added to what it is set up from; no file of the working directory counts. `lockout` stands in
    the place of its setting.
    """
    environ = {"AUTH_TOKEN": KEY, "CURSOR_BASE_URL": upstream_url} | dict(environment or {})
    loaded = load_settings(SCHEMA, environ, Path("/nonexistent"), None)
    assert not loaded.problems, loaded.problems
    settings = replace(loaded.settings, lockout=lockout or loaded.settings.lockout)
    stores = tokens if isinstance(tokens, Stores) else _stores_of(tokens)
    async with gateway_of(settings, stores, redactor or Redactor(), clock) as gateway:
        yield gateway


@asynccontextmanager
async def gateway_of(
    settings: Settings, stores: Stores, redactor: Redactor, clock: Clock | None = None
) -> AsyncIterator[Gateway]:
    """A gateway with these settings and stores."""
    async with (
        build_gateway(settings, stores, redactor, clock) as built,
        serve(built.app) as port,
    ):
        yield Gateway(port)


def _stores_of(tokens: Sequence[str] | Mapping[str, str]) -> Stores:
    if not isinstance(tokens, Mapping):
        tokens = {f"credential-{number}": token for number, token in enumerate(tokens)}
    return memory_stores(
        [Credential(alias, Secret(token), make_checksum()) for alias, token in tokens.items()]
    )
