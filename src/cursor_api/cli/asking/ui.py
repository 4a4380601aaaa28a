"""The command that opens the console in a browser."""

from __future__ import annotations

import argparse
import os
import re
import sys
import webbrowser
from typing import Final

from cursor_api.cli.gateway.call import Call, CallError, GatewayAddress, fetch_json
from cursor_api.cli.gateway.place import find_gateway
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result

PAGE: Final = "/tokeninfo"
CODE: Final = Call("POST", "/api/ui-code")
# It becomes a part of what a browser is started with.
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
# Without one of these a browser would be one of text, in this terminal.
_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def open_ui(parsed: argparse.Namespace) -> int:
    """`ui`."""
    try:
        url = _make_url(find_gateway(parsed, is_operator=True))
    except (CallError, ValueError) as error:
        print_error(say("error: {error}.", error=error))
        return 1
    if not parsed.only_prints and _has_screen() and webbrowser.open(url):
        print_result(say("The console is open in your browser."))
        return 0
    if not parsed.only_prints:
        print_error(say("No browser can be opened here. Open this address within a minute:"))
    print_result(url)
    return 0


def _make_url(gateway: GatewayAddress) -> str:
    """With a code that signs in once. Raises CallError."""
    made = fetch_json(gateway, CODE)
    code = made.get("code") if isinstance(made, dict) else None
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise CallError(say("what answers there is not this gateway: it sends no code"))
    return f"{gateway.root_url}{PAGE}#code={code}"


def _has_screen() -> bool:
    return sys.platform in {"win32", "darwin"} or any(map(os.environ.get, _SCREENS))
