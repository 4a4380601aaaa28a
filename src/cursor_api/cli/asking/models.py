"""The command that lists what the running gateway serves."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, Final

from cursor_api.cli.gateway.call import CallError, fetch_json
from cursor_api.cli.gateway.place import MODELS, NO_MODELS, find_gateway
from cursor_api.cli.terminal.display import plain, print_json, print_table
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error

COLUMNS: Final = ("MODEL", "TOOLS", "IMAGES", "CONTEXT", "ROUTES")


def show_models(parsed: argparse.Namespace) -> int:
    """`models`."""
    try:
        listed = fetch_json(find_gateway(parsed), MODELS)["data"]
        rows = [_row(one) for one in listed]
    except (CallError, ValueError) as error:
        print_error(say("error: {error}.", error=error))
        return 1
    except (TypeError, KeyError, AttributeError):
        words = say("what answers there is not this gateway: it sends no list of models")
        print_error(say("error: {error}.", error=words))
        return 1
    if parsed.json:
        print_json(listed)
    elif not rows:
        print_error(say("error: {error}.", error=say(NO_MODELS)))
        return 1
    else:
        print_table(list(map(say, COLUMNS)), rows)
    return 0


def _row(model: Mapping[str, Any]) -> tuple[str, ...]:
    """Another gateway's list may say nothing but the name."""
    facts = model.get("cursor_api", {})
    context = facts.get("context")
    return (
        plain(str(model["id"])),
        _yes_or_no(facts.get("tools")),
        _yes_or_no(facts.get("images")),
        f"{context:,}" if isinstance(context, int) else "-",
        plain(", ".join(map(str, facts.get("routes", ())))) or "-",
    )


def _yes_or_no(fact: object) -> str:
    if not isinstance(fact, bool):
        return "-"
    return say("yes") if fact else say("no")
