"""How the gateway presents itself to Cursor, and what of that can be set."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from msgspec import Struct, field
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import base_url, is_in_the_clear
from cursor_api.options.kinds import (
    Kind,
    choice_of,
    flag,
    header_secret,
    prose,
    time_zone,
    version,
)
from cursor_api.options.names import model_names
from cursor_api.options.rules import Facts, Finding, Rules
from cursor_api.options.said import tell
from cursor_api.options.setting import KIB, setting
from cursor_api.options.zone import find_machine_zone
from cursor_api.transport.options import HttpOptions, check_base_url, is_header_value
from cursor_api.transport.timeouts import TimeoutsByModel
from cursor_api.upstreams.cursor.answer import AnswerLimits
from cursor_api.upstreams.cursor.forms import CHECKSUM

# Cursor's own editor, command line (not our CURSOR_CLIENT_…) and SDK set these.
FOREIGN_VARIABLES: Final = (
    r"CURSOR_(?:API_KEY|TRACE_ID|BACKEND_URL|WEBSITE_URL|AGENT.*|CLI(?!ENT).*"
    r"|SDK_(?:CLIENT_.*|LOG.*|PYTHON_.*|BRIDGE_(?:AUTH_TOKEN|HOST|PORT|.*CALLBACK.*)))"
)


def checksum() -> Kind:
    """A device's checksum, of the known form or written by hand; gives Secret."""

    def parse(text: str) -> Secret:
        if CHECKSUM.fullmatch(text):
            return Secret(text)
        raise ValueError(
            tell(
                "cannot be a checksum: letters, digits, '+', '/', '_', '=' and '-'"
                " only, at most 256 (GET /checksum makes one)"
            )
        )

    return replace(
        header_secret(),
        label="checksum, secret",
        examples=("paaotdDV" + "0123456789abcdef" * 4,),
        parse=parse,
    )


def _find_zone(_values: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    return find_machine_zone(environ) or "UTC"


def _token_is_in_the_clear(facts: Facts) -> Finding | None:
    if not is_in_the_clear(facts.find("base_url") or ""):
        return None
    return facts.finding(
        "base_url",
        tell(
            "has no TLS: whoever is on the way can read your Cursor tokens. Use"
            " https://, or http:// only within your own network"
        ),
    )


def _checksum_is_unused(facts: Facts) -> Finding | None:
    if not facts.find("checksum") or facts.find("PASSTHROUGH") is not False:
        return None
    return facts.finding(
        "checksum",
        tell(
            "has no effect without PASSTHROUGH=true; checksums of tokens in"
            " TOKEN_FILE stand in TOKEN_LIST_FILE"
        ),
    )


class ChecksumTime(enum.Enum):
    """NOW: the current time, then the stored device ids, as the editor sends it. STORED: as is."""

    NOW = "now"
    STORED = "stored"


class CursorOptions(Struct, frozen=True):
    """How the gateway presents itself to Cursor. Raises ValueError where a value cannot be sent."""

    base_url: str = setting(
        "CURSOR_BASE_URL",
        base_url("https://api2.cursor.sh"),
        "https://api2.cursor.sh",
        "Where requests go. Plain `http://` is allowed for a simulator or a proxy on your"
        " own machine; elsewhere it shows your token to the network.",
    )
    # The version gate: what the earlier program states.
    client_version: str = setting(
        "CURSOR_CLIENT_VERSION",
        version(),
        "0.42.5",
        "The editor version that is reported to Cursor. Raise it if Cursor answers"
        " that the client is outdated.",
    )
    timezone: str = setting(
        "CURSOR_TIMEZONE",
        time_zone(),
        None,
        "The time zone that is reported to Cursor; models use it for dates.",
        default_note="this machine's, else `UTC`",
        derive=_find_zone,
        unset="UTC",
        earlier="GENERAL_TIMEZONE",
    )
    is_private: bool = setting(
        "CURSOR_PRIVACY_MODE",
        flag(),
        "true",
        "Asks Cursor not to keep prompts. On by default: your callers should decide that, not"
        " the gateway.",
        key="privacy_mode",
    )
    instructions: str = setting(
        "CURSOR_INSTRUCTIONS",
        prose(64 * KIB),
        "",
        "A system prompt for requests that have none. Empty by default, so that nothing is"
        " added to a request.",
        earlier="DEFAULT_INSTRUCTIONS",
    )
    more_models: tuple[str, ...] = setting(
        "CURSOR_MORE_MODELS",
        model_names(),
        "",
        "Names of further models to list and serve, such as `gpt-4o`. They are sent unchanged;"
        " Cursor decides whether an account may use them.",
    )
    checksum_time: ChecksumTime = setting(
        "CURSOR_CHECKSUM_TIME",
        choice_of(ChecksumTime),
        "now",
        "The time part of the checksum header: `now` as the editor does it, or as `stored`"
        " in the token list. The device ids never change.",
    )
    passthrough_checksum: Secret | None = setting(
        "X_CURSOR_CHECKSUM",
        checksum(),
        None,
        "With `PASSTHROUGH`: the checksum for callers who send no `x-cursor-checksum` header."
        " Without it, one is derived from their token.",
        key="checksum",
        default_note="made up",
        # The last as Windows has it, where every name of the environment is in capitals.
        aliases=("x-cursor-checksum", "X-CURSOR-CHECKSUM"),
    )
    http: HttpOptions = field(default_factory=HttpOptions)
    timeouts: TimeoutsByModel = field(default_factory=TimeoutsByModel)
    limits: AnswerLimits = field(default_factory=AnswerLimits)

    RULES: ClassVar[Rules] = Rules(should=(_token_is_in_the_clear, _checksum_is_unused))

    def __post_init__(self) -> None:
        check_base_url(self.base_url)
        for name in ("client_version", "timezone"):
            text = getattr(self, name)
            if not text or not is_header_value(text):
                raise ValueError(f"{name} is empty or holds characters that a header may not have")
