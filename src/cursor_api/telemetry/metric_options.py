"""Where metrics are to be had, and how much they tell apart."""

from __future__ import annotations

from dataclasses import dataclass

from cursor_api.options.addresses import ListenAddress, listen_address
from cursor_api.options.kinds import flag
from cursor_api.options.setting import setting


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """`listen` None: behind the operator's key, on the gateway's own listener."""

    listen: ListenAddress | None = setting(
        "METRICS_LISTEN",
        listen_address(),
        None,
        "A port, or address and port, of their own where `/metrics` answers without a key. A port"
        " alone is on the loopback address. Without it they are on the gateway's own port, behind"
        " `AUTH_TOKEN`.",
        default_note="none",
        needs_restart=True,
    )
    by_caller: bool = setting(
        "METRICS_BY_CALLER",
        flag(),
        "false",
        "Whether requests and tokens are counted by key and by credential as well, under their"
        " names, at most 200 of each. Off by default: names of people are nobody else's business.",
        key="by_caller",
    )
