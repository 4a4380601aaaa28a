"""Where an OpenAI-compatible endpoint is, and how long it may take."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from cursor_api.options.addresses import base_url
from cursor_api.options.by_model import SecondsByModel, durations_by_model
from cursor_api.options.setting import setting
from cursor_api.transport.options import HttpOptions, check_base_url, versioned_url
from cursor_api.transport.timeouts import TimeoutsByModel

# People paste the address of the call as well.
CHAT_PATH: Final = "/chat/completions"


class PatientTimeouts(TimeoutsByModel, frozen=True):
    """The limits of every upstream, with more time for the first text."""

    first_token_s: SecondsByModel = setting(
        "",
        durations_by_model("120s"),
        "120, o1*=600, o3*=600, o4*=600, gpt-5*=600",
        "From the request sent to the first text; then another key is tried, if there is one. A"
        " server of one's own may have to load the model first, and models that reason unseen take"
        " minutes: `model=duration`, with `*` in names.",
        key="first_token_timeout_s",
    )


class OpenAiOptions(Struct, frozen=True):
    """How an endpoint is reached. Raises ValueError for an address that is none."""

    base_url: str = setting(
        "",
        base_url("https://api.openai.com/v1"),
        "https://api.openai.com/v1",
        "Where requests go, with `/v1` or without. Plain `http://` is for a server on this"
        " machine.",
    )
    http: HttpOptions = field(default_factory=HttpOptions)
    timeouts: PatientTimeouts = field(default_factory=PatientTimeouts)

    def __post_init__(self) -> None:
        check_base_url(self.base_url)

    @property
    def api_url(self) -> str:
        """What the paths of the API follow."""
        return versioned_url(self.base_url, CHAT_PATH)
