"""The simulated bridge: `sdk.v1` over HTTP/1.1, with the genuine one's answers."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgspec

from cursor_api.simulator.cursor_sdk.directives import obey
from cursor_api.simulator.cursor_sdk.frames import KEEPALIVE
from cursor_api.simulator.cursor_sdk.options import BridgeFaults, BridgeOptions, Refusal
from cursor_api.simulator.cursor_sdk.run import Agent, Backdrop, Run
from cursor_api.transport.connections import Connections
from cursor_api.transport.loopback import BreakOffError, Call, LoopbackServer, Reply
from cursor_api.transport.options import HttpOptions
from cursor_api.wire.connect import (
    CODE_TO_HTTP,
    ConnectFailure,
    encode_end_stream,
    encode_error_json,
    failure_json,
)

Json = dict[str, Any]
VERSION: Final = {
    "bridgeVersion": "1.0.0",
    "protocolVersion": "sdk.v1",
    "capabilities": [
        *("agent.create", "agent.resume", "agent.send", "run.observe", "run.wait", "run.cancel"),
        *("agent.management", "cursor.catalog", "artifacts.chunked", "agent.usage"),
    ],
}
SEND: Final = "SdkAgentService/Send"
JSON_TYPE: Final = "application/json"
STREAM_TYPE: Final = "application/connect+json"
# Streams that are still read when it closes are broken off.
SHUTDOWN_S: Final = 0.05
UNAUTHORIZED: Final = Refusal(401, "unauthenticated", "Unauthorized")
NO_KEY: Final = Refusal(401, "unauthenticated", "API key is required for cloud catalog calls.")
BAD_KEY: Final = Refusal(401, "unauthenticated", "Invalid User API Key")


class ReceivedCall(NamedTuple):
    """A call that the bridge was asked, in the order of arrival."""

    method: str
    body: Mapping[str, Any]


class RefusedError(Exception):
    """A call that is answered with a refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class BridgeSimulator:
    """A bridge to attach to; an async context manager."""

    def __init__(self, options: BridgeOptions | None = None) -> None:
        self.options = options or BridgeOptions()
        self.token = self.options.token
        self.faults = self.options.faults
        self.calls: deque[ReceivedCall] = deque(maxlen=self.options.requests_kept_max)
        self.agents: dict[str, Agent] = {}
        self.runs: dict[str, Run] = {}
        self.callback = self.options.tool_callback_url, self.options.tool_callback_token
        self.is_shut_down = asyncio.Event()
        self._ordinal = 0
        self._server = LoopbackServer(self._serve, self.options.request_bytes_max)
        self._connections = Connections(HttpOptions())
        self._unary: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "SdkBridgeControlService/Ping": self._ping,
            "SdkBridgeControlService/GetVersion": self._get_version,
            "SdkBridgeControlService/SetToolCallback": self._set_tool_callback,
            "SdkBridgeControlService/Shutdown": self._shutdown,
            "SdkCursorService/Me": self._me,
            "SdkCursorService/ListModels": self._list_models,
            "SdkAgentService/CreateAgent": self._create_agent,
            "SdkAgentService/CancelRun": self._cancel_run,
            "SdkAgentService/CloseAgent": self._close_agent,
            "SdkAgentService/DeleteAgent": self._delete_agent,
        }

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        await self._server.start(self.options.host, self.options.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for run in self.runs.values():
            await run.stop()
        await self._server.close(SHUTDOWN_S)
        await self._connections.__aexit__(kind, error, traceback)

    @property
    def port(self) -> int:
        """The port it listens on; raises RuntimeError outside the context."""
        return self._server.port

    @property
    def url(self) -> str:
        """`http://host:port`, without a path."""
        return f"http://{self.options.host}:{self.port}"

    @property
    def running_count(self) -> int:
        """Runs that still spend."""
        return sum(run.is_running for run in self.runs.values())

    def asked(self, method: str) -> list[Mapping[str, Any]]:
        """The bodies of all calls of this name, without its service."""
        return [call.body for call in self.calls if call.method.rpartition("/")[2] == method]

    def use_faults(self, faults: BridgeFaults) -> None:
        """What happens to runs from now on."""
        self.faults = faults

    def forget_agents(self) -> None:
        """As after a restart: nobody knows the agents that there were."""
        self.agents.clear()

    async def _serve(self, request: Call) -> Reply:
        method = request.path.removeprefix("/sdk.v1.")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _refuse(UNAUTHORIZED)
        call = self._unary.get(method)
        is_send = method == SEND
        if call is None and not is_send:
            return Reply(404)
        if request.headers.get("content-type") != (STREAM_TYPE if is_send else JSON_TYPE):
            return Reply(415)
        if call is None:
            envelope = await request.read()
            body = msgspec.json.decode(envelope[5:])
            self.calls.append(ReceivedCall(SEND, body))
            return Reply(200, self._send(body), STREAM_TYPE)
        body = msgspec.json.decode(await request.read() or b"{}")
        self.calls.append(ReceivedCall(method, body))
        try:
            answer = await call(body)
        except RefusedError as error:
            return _refuse(error.refusal)
        return Reply(200, msgspec.json.encode(answer))

    async def _send(self, body: Json) -> AsyncGenerator[bytes, None]:
        agent = self.agents.get(body.get("agentId", ""))
        problem = self._problem(agent, body)
        if problem is not None or agent is None:
            yield encode_end_stream(failure_json(problem or ConnectFailure("", "")))
            return
        agent.sends.append(body)
        run = Run(agent, body["message"], self._backdrop(body))
        agent.run = self.runs[run.id] = run
        async for frame in run.read():
            yield KEEPALIVE if frame is None else frame
        if run.status == "RESET":
            raise BreakOffError

    def _problem(self, agent: Agent | None, body: Json) -> ConnectFailure | None:
        if agent is None or agent.is_closed:
            return ConnectFailure("not_found", f"Unknown agent: {body.get('agentId')}")
        if agent.run is not None and agent.run.is_running:
            return ConnectFailure("internal", f"Agent {agent.id} already has active run")
        return None

    def _backdrop(self, body: Json) -> Backdrop:
        text = body["message"].get("text", "")
        self._ordinal += 1
        chance = random.Random(f"{self.options.seed}/{self._ordinal}")  # noqa: S311 - reproducible
        faults = obey(text, self.faults)
        return Backdrop(self._connections, *self.callback, self.options.scenario, faults, chance)

    async def _ping(self, _body: Json) -> Json:
        return {"message": "pong"}

    async def _get_version(self, _body: Json) -> Json:
        return VERSION

    async def _set_tool_callback(self, body: Json) -> Json:
        self.callback = body.get("url", ""), body.get("authToken", "")
        return {}

    async def _shutdown(self, _body: Json) -> Json:
        self.is_shut_down.set()
        return {}

    async def _me(self, body: Json) -> Json:
        self._check_key((body.get("options") or {}).get("apiKey"))
        user = {"apiKeyName": "k", "userId": "7", "userEmail": "a@b.c"}
        return {"user": {**user, "createdAt": "2026-01-01T00:00:00Z"}}

    async def _list_models(self, body: Json) -> Json:
        self._check_key((body.get("options") or {}).get("apiKey"))
        return {"items": list(self.options.models)}

    async def _create_agent(self, body: Json) -> Json:
        options = body["options"]
        key, model = options.get("apiKey"), (options.get("model") or {}).get("id")
        self._check_key(key)
        await asyncio.sleep(self.faults.create_delay_s)
        if self.faults.create is not None:
            raise RefusedError(self.faults.create)
        if model not in {one["id"] for one in self.options.models}:
            message = f"Cannot use this model: {model}. Available models: …"
            raise RefusedError(Refusal(400, "invalid_argument", message))
        agent = Agent(f"agent-{uuid.uuid4()}", options)
        self.agents[agent.id] = agent
        return {"agentId": agent.id, "model": {"id": model}}

    async def _cancel_run(self, body: Json) -> Json:
        run = self.runs.get(body.get("runId", ""))
        if run is None:
            raise RefusedError(Refusal(404, "not_found", "Unknown run"))
        await run.cancel()
        return {}

    async def _close_agent(self, body: Json) -> Json:
        agent = self.agents.get(body.get("agentId", ""))
        if agent is not None:
            agent.is_closed = True
        return {}

    async def _delete_agent(self, body: Json) -> Json:
        if self.agents.pop(body.get("agentId", ""), None) is None:
            raise RefusedError(Refusal(404, "not_found", "Unknown agent"))
        return {}

    def _check_key(self, key: str | None) -> None:
        if not key:
            raise RefusedError(NO_KEY)
        if key in self.options.refusals:
            raise RefusedError(self.options.refusals[key])
        if self.options.api_keys and key not in self.options.api_keys:
            raise RefusedError(BAD_KEY)


def _refuse(refusal: Refusal) -> Reply:
    failure = ConnectFailure(refusal.code, refusal.message)
    status = refusal.status or CODE_TO_HTTP.get(refusal.code, 500)
    return Reply(status, encode_error_json(failure))
