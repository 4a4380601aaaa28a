"""Where an Anthropic-compatible endpoint is, how long it may take, and what a request costs."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from cursor_api.options.addresses import base_url
from cursor_api.options.by_model import SecondsByModel, durations_by_model
from cursor_api.options.kinds import flag, whole
from cursor_api.options.setting import setting
from cursor_api.transport.options import HttpOptions, check_base_url, versioned_url
from cursor_api.transport.timeouts import TimeoutsByModel

# People paste the address of the call as well.
MESSAGES_PATH: Final = "/messages"


class ThinkingTimeouts(TimeoutsByModel, frozen=True):
    """The limits of every upstream, with more time for models that think unseen."""

    first_token_s: SecondsByModel = setting(
        "",
        durations_by_model("180s"),
        "180, *opus*=600, *fable*=600, *mythos*=600",
        "From the request sent to the first text or thought; then another key is tried, if there"
        " is one. Models that think unseen take minutes: `model=duration`, with `*` in names.",
        key="first_token_timeout_s",
    )


class AnthropicOptions(Struct, frozen=True):
    """How an endpoint is reached. Raises ValueError for an address that is none."""

    base_url: str = setting(
        "",
        base_url("https://api.anthropic.com"),
        "https://api.anthropic.com",
        "Where requests go, with `/v1` or without. Plain `http://` is for a server on this"
        " machine.",
    )
    output_count: int | None = setting(
        "",
        whole(1, 1_000_000, 8192),
        None,
        "The most tokens of an answer where the caller names no limit: this API wants one in each"
        " request.",
        key="max_tokens",
        default_note="what the model can write: 128000 for Claude from 4.6 on, less for older ones,"
        " 8192 for other models",
    )
    is_cached: bool = setting(
        "",
        flag(),
        "true",
        "Mark prompts for the upstream's cache where the caller does not: tools, system and the"
        " last turns. What an agent sends again costs a tenth then, what is sent only once a"
        " quarter more.",
        key="prompt_cache",
    )
    http: HttpOptions = field(default_factory=HttpOptions)
    timeouts: ThinkingTimeouts = field(default_factory=ThinkingTimeouts)

    def __post_init__(self) -> None:
        check_base_url(self.base_url)

    @property
    def api_url(self) -> str:
        """What the paths of the API follow."""
        return versioned_url(self.base_url, MESSAGES_PATH)
