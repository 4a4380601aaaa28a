"""The limits of one request are those of the code that keeps them."""

from __future__ import annotations

from cursor_api.settings.rows_limits import LIMITS
from cursor_api.web.inference.route import InferenceOptions
from cursor_api.web.server.connection import ConnectionLimits
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.limits import RequestLimits


def test_all_are_in_one_table() -> None:
    """A row in the wrong group would be read from the wrong TOML table."""
    assert {row.table for row in LIMITS} == {"limits"}


def test_the_defaults_are_those_that_the_components_reason_about() -> None:
    """Two figures for one limit would make one of the two reasons a lie."""
    stated = {row.name: row.kind.parse(row.default or "") for row in LIMITS}
    parse, json = RequestLimits(), JsonLimits()
    assert stated == {
        "body_bytes_max": InferenceOptions().body_bytes_max,
        "header_bytes_max": ConnectionLimits().header_bytes_max,
        "messages_max": parse.messages_max,
        "parts_max": parse.parts_max,
        "image_bytes_max": parse.image_bytes_max,
        "json_depth_max": json.depth_max,
        "json_containers_max": json.containers_max,
    }
