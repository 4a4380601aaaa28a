"""A gateway app over scripted upstreams, for tests of its addresses."""

from __future__ import annotations

from dataclasses import dataclass, field

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta
from cursor_api.pool.pool import Pool
from cursor_api.service.catalog import Catalog
from cursor_api.service.chat import Collaborators, Relay
from cursor_api.web.app import App, WebOptions, WebParts
from cursor_api.web.auth import AccessOptions, Authenticator
from tests.fakes import ListLog, ScriptedUpstream, Step, TickingClock

KEY = "test-key-0123456789"
CLIENT_KEY = "chat-key-0123456789"
BEARER = {"Authorization": f"Bearer {KEY}"}
END: Delta = Finished(FinishReason.STOP)
HELLO: list[Step] = [[TextDelta("Hel")], [TextDelta("lo")], [END]]


@dataclass
class House:
    """Everything between the server's socket and the scripted upstream."""

    script: dict[str, list[Step]] = field(default_factory=lambda: {"a": HELLO})
    options: WebOptions = field(default_factory=lambda: WebOptions(version="1.2.3"))
    is_passthrough: bool = False

    def __post_init__(self) -> None:
        self.upstream = ScriptedUpstream(self.script)
        self.log = ListLog()
        self.clock = TickingClock()
        self.pool = Pool(self.clock, lambda: 0.5)
        self.pool.replace(
            [
                Credential(name, Secret(f"secret-token-of-{name}"), f"{name * 8}{'0' * 64}")
                for name in self.script
            ]
        )
        self.catalog = Catalog({"fake": self.upstream})
        self.relay = Relay(
            Collaborators(self.catalog, self.pool, {"fake": self.upstream}, self.log, self.clock)
        )
        access = AccessOptions(
            Secret(KEY), (Secret(CLIENT_KEY),), is_passthrough=self.is_passthrough
        )
        self.app = App(
            WebParts(self.relay, self.catalog, self.log, Authenticator(access), self.clock),
            self.options,
        )
