"""What the settings of one upstream come to: one value per `[[upstream]]`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from cursor_api.domain.credential import Secret


class UpstreamSettings(Struct, frozen=True):
    """One endpoint: where requests can go, and with what.

    `kind` is the name of an installed kind, `options` an object of its options class. `models`
    None: the upstream is asked for them. `headers` are sent with every request; their values may
    be secrets.
    """

    name: str
    kind: str
    options: Any
    api_keys: tuple[Secret, ...] = ()
    models: tuple[str, ...] | None = None
    headers: tuple[tuple[str, Secret], ...] = ()
