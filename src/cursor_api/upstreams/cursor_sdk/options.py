"""How the official way is reached: a bridge of the gateway's own, or one that others run."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from msgspec import Struct, field

from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import base_url, is_in_the_clear
from cursor_api.options.kinds import duration, flag, header_secret, path, whole
from cursor_api.options.proxies import SharedProxies, find_shared_proxies, proxy_url
from cursor_api.options.rules import Facts, Finding, Rules
from cursor_api.options.said import tell
from cursor_api.options.setting import setting
from cursor_api.transport.timeouts import TimeoutsByModel
from cursor_api.upstreams.cursor_sdk.run_options import RunOptions

# What the bridge asks; a proxy is chosen by it.
CURSOR_URL: Final = "https://api2.cursor.sh"


def _token_is_there(facts: Facts) -> Finding | None:
    if not facts.find("bridge_url") or facts.find("bridge_token"):
        return None
    return facts.finding(
        "bridge_url",
        tell(
            "needs bridge_token (CURSOR_SDK_BRIDGE_TOKEN) beside it: the text in"
            " the file that the bridge's ready line calls authTokenFile"
        ),
    )


def _key_is_in_the_clear(facts: Facts) -> Finding | None:
    if not is_in_the_clear(facts.find("bridge_url") or ""):
        return None
    return facts.finding(
        "bridge_url",
        tell(
            "has no TLS: whoever is on the way can read your API keys and prompts."
            " Attach to a bridge on this machine, or by https://"
        ),
    )


def _program_is_unused(facts: Facts) -> Finding | None:
    if not facts.find("bridge_url") or not facts.find("bridge_bin"):
        return None
    return facts.finding(
        "bridge_bin", tell("has no effect beside bridge_url (CURSOR_SDK_BRIDGE_URL); leave one")
    )


class SdkOptions(Struct, frozen=True):
    """Where the bridge is, what it may do, and how long. Raises ValueError for what cannot be."""

    bridge_bin: Path | None = setting(
        "CURSOR_SDK_BRIDGE_BIN",
        path(),
        None,
        "Another program of the bridge, such as that of a standalone archive.",
        default_note="that of the installed package `cursor-sdk`",
        is_of_machine=True,
    )
    bridge_url: str | None = setting(
        "CURSOR_SDK_BRIDGE_URL",
        base_url("http://127.0.0.1:39195"),
        None,
        "Connects to a bridge that is already running, and starts none.",
        default_note="none: the gateway starts one",
    )
    bridge_token: Secret | None = setting(
        "CURSOR_SDK_BRIDGE_TOKEN",
        header_secret(),
        None,
        "The token that the bridge at `CURSOR_SDK_BRIDGE_URL` requires.",
        default_note="none",
    )
    is_started_early: bool = setting(
        "CURSOR_SDK_BRIDGE_EARLY",
        flag(),
        "false",
        "Always starts the bridge together with the gateway. By default it starts when it is"
        " first needed: with an API key in the files when models are listed, otherwise never.",
        key="bridge_early",
    )
    is_caged: bool = setting(
        "CURSOR_SDK_BRIDGE_CAGE",
        flag(),
        "true",
        "On Linux, keeps the bridge from all files but its own and from running other programs."
        " Nothing else prevents Cursor's servers from reading files through the bridge; switch"
        " it off only if the bridge does not start with it.",
        key="bridge_cage",
        is_of_machine=True,
    )
    folder: Path | None = setting(
        "CURSOR_SDK_BRIDGE_FOLDER",
        path(),
        None,
        "Where the bridge's own folder is created. It holds conversations unencrypted, and is"
        " removed when the bridge stops.",
        key="bridge_folder",
        is_of_machine=True,
        default_note="`cursor-api-UID` in the machine's folder for temporary files",
    )
    proxy: Secret | SharedProxies | None = setting(
        "CURSOR_SDK_PROXY",
        proxy_url(),
        None,
        "HTTP proxy between the bridge and Cursor; `none` for none. By default the one that the"
        " environment names for all programs.",
        default_note="`HTTPS_PROXY`, else `ALL_PROXY`, but for what `NO_PROXY` names",
        derive=find_shared_proxies,
    )
    ca_file: Path | None = setting(
        "CURSOR_SDK_CA_FILE",
        path(),
        None,
        "More certificate authorities (PEM) for the bridge to trust, for a company's proxy.",
        default_note="those that Node brings along",
    )
    runs_max: int = setting(
        "CURSOR_SDK_RUNS_MAX",
        whole(1, 10_000, 256),
        "256",
        "Requests under way at once. The bridge takes some 5 MB of memory for each.",
        is_divided=True,
    )
    run_max_s: float = setting(
        "CURSOR_SDK_RUN_TIMEOUT_S",
        duration(1, 86_400, "3600s"),
        "3600",
        "Total time of one answer, tool calls included. The bridge retries by itself"
        " if Cursor fails, so an answer may take long without being silent.",
        key="run_timeout_s",
    )
    timeouts: TimeoutsByModel = field(default_factory=TimeoutsByModel)
    runs: RunOptions = field(default_factory=RunOptions)
    # Where the bridge asks in place of Cursor's servers; for tests.
    backend_url: str = ""

    RULES: ClassVar[Rules] = Rules(
        must=(_token_is_there,), should=(_key_is_in_the_clear, _program_is_unused)
    )

    def find_proxy(self) -> Secret | None:
        """The proxy between the bridge and Cursor."""
        if isinstance(self.proxy, SharedProxies):
            shared = self.proxy.find(CURSOR_URL)
            return shared.url if shared else None
        return self.proxy
