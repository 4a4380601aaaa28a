"""Variables of the earlier program's later versions: which are read, and which nothing comes of.

Rules of this file:
- What means the same here stands with the setting (`earlier`): it is read, and the present name is
  told, which wins over it.
- What means nothing here is named once, in one line, so that nobody waits for it to do something.
- In the environment, which all programs share, a name that others use as well is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cursor_api.options.said import tell

# Names that other programs have, too.
_COMMON: Final = frozenset(
    {
        *("ADMIN_AUTH_TOKEN", "CONFIG_FILE", "DATA_DIR", "DEBUG", "DEBUG_LOG_FILE", "NTP_SERVERS"),
        *("PROXIES", "REQUEST_BODY_LIMIT_MB", "REVERSE_PROXY_HOST"),
    }
)
UNUSED: Final = _COMMON | {
    *("ALLOWED_PROVIDERS", "BYPASS_MODEL_VALIDATION", "CONTEXT_FILL_MODE", "CURSOR_API2_HOST"),
    "DISABLE_HTTP2",
    *("DURATION_FORMAT", "DURATION_LANGUAGE", "DYNAMIC_KEY", "DYNAMIC_KEY_SECRET"),
    *("ENABLE_LONG_CONTEXT", "ENABLE_SLOW_POOL", "ENABLE_STREAM_CHECK", "FETCH_RAW_MODELS"),
    *("FRONTEND_PATH", "GENERAL_GCPP_HOST", "HTTP2_ADAPTIVE_WINDOW", "HTTP2_KEEP_ALIVE_INTERVAL"),
    *("HTTP2_KEEP_ALIVE_TIMEOUT", "HTTP2_KEEP_ALIVE_WHILE_IDLE", "INCLUDE_STOP_REASON_STREAM"),
    *("INCLUDE_WEB_REFERENCES", "KEY_PREFIX", "LOGS_FILE_PATH", "LOG_BUFFER_SECONDS"),
    *("LOG_DROP_ON_OVERLOAD", "LOG_PEAK_RPS", "MAX_EMPTY_STREAM_COUNT", "MODEL_ID_SOURCE"),
    *("NTP_SAMPLE_COUNT", "NTP_SAMPLE_INTERVAL_MS", "NTP_SYNC_INTERVAL_SECS", "PAGES_FILE_PATH"),
    *("PASS_ANY_CLAUDE", "PRI_REVERSE_PROXY_HOST", "PUB_REVERSE_PROXY_HOST", "REAL_USAGE"),
    *(
        "REQUEST_LOGS_LIMIT",
        "SAFE_HASH",
        "SERVICE_TIMEOUT",
        "TCP_KEEPALIVE",
        "TCP_KEEPALIVE_INTERVAL",
    ),
    *("TCP_KEEPALIVE_RETRIES", "THINKING_TAG", "TOKEN_DELIMITER", "TOKEN_LONG_VALIDITY"),
    *("TOKEN_SHORT_VALIDITY", "TOOL_CALL_TIMEOUT", "USAGE_CHECK", "USE_COMMA_DELIMITER"),
    *("USE_OFFICIAL_CLAUDE_PROMPTS", "VISION_ABILITY"),
}
UNUSED_HERE: Final = tell(
    "the earlier program's later versions had them, and nothing here heeds them; docs/upgrade.md"
    " says what there is in their place"
)


def read_as(name: str) -> str:
    """What is told of a variable that is called otherwise here."""
    return tell("is read as {name}; write that in its place", name=name)


def find_unused(names: Iterable[str], *, is_shared: bool) -> list[str]:
    """Those that nothing comes of, in order; `is_shared`: where other programs have theirs, too."""
    passed = _COMMON if is_shared else frozenset()
    return [name for name in names if name in UNUSED and name not in passed]
