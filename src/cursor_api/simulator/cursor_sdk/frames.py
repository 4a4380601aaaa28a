"""The frames of a run, as the genuine bridge 1.1.0 writes them."""

from __future__ import annotations

from typing import Any

import msgspec

from cursor_api.wire.connect import encode_envelope

Json = dict[str, Any]

KEEPALIVE = encode_envelope(b"{}")


class RunFrames:
    """Writes the frames of one run; each has the next offset."""

    def __init__(self, agent_id: str, run_id: str, model: str) -> None:
        self.agent_id = agent_id
        self.run_id = run_id
        self._model = model
        self._offset = 0

    def status(self, status: str, message: str = "") -> bytes:
        """Where the run is in its life; a failed one has its reason here."""
        return self._message("status", status=status, **({"message": message} if message else {}))

    def thinking(self, text: str) -> bytes:
        """A piece of what is thought."""
        return self._message("thinking", text=text)

    def thought(self, duration_ms: int) -> bytes:
        """The end of thinking."""
        return self._message("thinking", text="", thinking_duration_ms=duration_ms)

    def text(self, text: str) -> bytes:
        """A piece of the answer."""
        content = [{"type": "text", "text": text}]
        return self._message("assistant", message={"role": "assistant", "content": content})

    def tool_call(self, call_id: str, name: str, args: Json, outcome: Json | None = None) -> bytes:
        """A call of a custom tool as it begins, or with what came of it."""
        wrapped = {"providerIdentifier": "custom-user-tools", "toolName": name, "args": args}
        facts: Json = {"call_id": call_id, "name": "mcp", "status": "running", "args": wrapped}
        if outcome is not None:
            is_good = outcome["status"] == "success"
            facts |= {"status": "completed" if is_good else "error", "result": outcome}
        return self._message("tool_call", **facts)

    def builtin_call(self, call_id: str) -> bytes:
        """A call of one of the backend's own tools, of which no adapter is told."""
        return self._message(
            "tool_call", call_id=call_id, name="read", status="running", args={"path": "/etc/hosts"}
        )

    def usage(self, usage: dict[str, int]) -> bytes:
        """What it took; numbers here, strings in the result."""
        return self._message("usage", usage=usage)

    def unknown(self) -> list[bytes]:
        """What a later bridge may send: to be passed over."""
        update = {"type": "text-delta", "update": {"type": "text-delta", "text": "twice"}}
        return [
            self._message("holiday", mood="good"),
            self._frame({"interactionUpdate": update}),
            self._frame({"somethingNew": {"type": "assistant", "text": "not for us"}}),
        ]

    def result(self, status: str, text: str, usage: dict[str, int] | None, error: str) -> bytes:
        """How the run ended."""
        ids = {"runId": self.run_id, "agentId": self.agent_id}
        inner: Json = {**ids, "status": f"RUN_LIFECYCLE_STATUS_{status}"}
        if text:
            inner["result"] = text
        inner |= {"model": {"id": self._model}, "durationMs": "215"}
        inner["createdAt"] = "2026-11-28T17:47:35.896Z"
        if usage is not None:
            # Proto's JSON: 64 bits are strings, and zeros are left out.
            inner["usage"] = {name: str(count) for name, count in usage.items() if count}
        if error:
            inner["errorMessage"] = error
        return self._frame({"result": {**ids, "status": inner["status"], "result": inner}})

    def done(self) -> bytes:
        """The last frame before the end."""
        return self._frame({"done": {"agentId": self.agent_id, "runId": self.run_id}})

    def _message(self, kind: str, **facts: Any) -> bytes:
        message = {"type": kind, "agent_id": self.agent_id, "run_id": self.run_id, **facts}
        return self._frame({"sdkMessage": {"type": kind, "message": message}})

    def _frame(self, item: Json) -> bytes:
        self._offset += 1
        return encode_envelope(msgspec.json.encode({**item, "offset": str(self._offset)}))
