"""The ways to models that the clients are tried over: those of the demo."""

from __future__ import annotations

from typing import Final, NamedTuple

from cursor_api.options.said import Words
from tests.clients.programs.client import Target


class Route(NamedTuple):
    """A kind of upstream: its models, and the orders that make its simulator refuse a message."""

    kind: str
    name: Words
    model: str
    thinker: str
    too_long: str
    limited: str
    # Whose rest after a refusal is ended, so that the next client is asked afresh.
    aliases: tuple[str, ...]

    def target(self, url: str, key: str) -> Target:
        """The route at a gateway."""
        return Target(self.kind, url, key, self.model, self.thinker, self.too_long, self.limited)


ROUTES: Final = (
    Route(
        "cursor-sdk",
        Words("Cursor by API key", "Cursor API 密钥"),
        "composer-2.5",
        "composer-2.5",
        "/sim error This exceeds the maximum context length",
        "/sim error Too many requests (HTTP 429)",
        ("demo-sdk",),
    ),
    Route(
        "cursor",
        Words("Cursor by session token", "Cursor 会话令牌"),
        "gpt-4o-mini",
        "gemini-2.0-flash-thinking-exp",
        "/sim error 43",
        "/sim 429",
        ("demo-1", "demo-2"),
    ),
    Route(
        "openai",
        Words("OpenAI-compatible", "OpenAI 兼容端点"),
        "gpt-demo",
        # It thinks where it is asked to, so that what asks for it has to come through.
        "gpt-demo",
        "/sim context-too-long",
        "/sim rate-limit",
        ("demo-openai",),
    ),
    Route(
        "anthropic",
        Words("Anthropic-compatible", "Anthropic 兼容端点"),
        "claude-demo",
        "claude-demo",
        "/sim context-too-long",
        "/sim rate-limit",
        ("demo-anthropic",),
    ),
)
