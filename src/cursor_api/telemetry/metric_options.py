"""Where metrics are to be had, and how much they tell apart."""

from __future__ import annotations

from msgspec import Struct

from cursor_api.options.addresses import ListenAddress, listen_address
from cursor_api.options.kinds import flag
from cursor_api.options.setting import setting


class MetricsOptions(Struct, frozen=True):
    """`listen` None: behind the operator's key, on the gateway's own listener."""

    listen: ListenAddress | None = setting(
        "METRICS_LISTEN",
        listen_address(),
        None,
        "A separate port, or address and port, where `/metrics` answers without a"
        " key. A port alone is on the loopback address. Without this setting, metrics"
        " are on the gateway's own port, behind `AUTH_TOKEN`.",
        default_note="none",
        needs_restart=True,
    )
    by_caller: bool = setting(
        "METRICS_BY_CALLER",
        flag(),
        "false",
        "Whether metrics also count requests and tokens by key and by credential,"
        " under their names, at most 200 of each. Off by default, because names of"
        " people are private.",
        key="by_caller",
    )
