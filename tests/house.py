"""A gateway app over scripted upstreams, for tests of its addresses."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from msgspec.structs import replace

from cursor_api.bootstrap.api_keys import KeyHouseParts, make_key_house
from cursor_api.domain.act import FILES
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta
from cursor_api.installed import DIALECTS
from cursor_api.pool.pool import Pool
from cursor_api.ports.configuration import Configuration, Unshown
from cursor_api.ports.dialect import Dialect
from cursor_api.ports.process import Clock
from cursor_api.service.access.admission import Admission, AdmissionOptions
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.roster import Roster, RosterParts
from cursor_api.service.credentials.trial import Trials
from cursor_api.service.credentials.use_cases import CredentialParts, Credentials
from cursor_api.service.inference.kept_answers import KeptAnswers, KeptAnswersOptions
from cursor_api.service.inference.relay import Relay
from cursor_api.service.inference.search import Collaborators
from cursor_api.service.readiness import Readiness
from cursor_api.service.steps import StepRunner
from cursor_api.stores.files.pool_state import MemoryPoolStateStore
from cursor_api.stores.memory_keys import MemoryKeyStore
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.telemetry.measuring import Measuring
from cursor_api.telemetry.metrics import GatewayStanding
from cursor_api.telemetry.observer import LogObserver
from cursor_api.telemetry.told_log import ToldLog
from cursor_api.upstreams.cursor.passthrough import passthrough_reader
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from cursor_api.web.access.auth import AccessOptions, Authenticator, Headers
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from cursor_api.web.app import App
from cursor_api.web.parts import WebOptions, WebParts
from cursor_api.web.server.lifecycle import Lifecycle
from cursor_api.wire.checksum import new_checksum
from tests.endpoints import FAKE, FAKE_FORM, catalog_of, endpoints_of
from tests.fakes import BothLogs, ListLog, ScriptedUpstream, Step, TickingClock

KEY = "test-key-0123456789"
CLIENT_KEY = "chat-key-0123456789"
BEARER = {"Authorization": f"Bearer {KEY}"}
END: Delta = Finished(FinishReason.STOP)
HELLO: list[Step] = [[TextDelta("Hel")], [TextDelta("lo")], [END]]


def read_own(text: str, headers: Headers) -> tuple[Credential, ...] | None:
    """What callers of a pass-through bring, for the scripted endpoint."""
    found = passthrough_reader()(text, headers)
    return found and tuple(replace(one, endpoint=FAKE) for one in found)


@dataclass
class House:
    """Everything between the server's socket and the scripted upstream."""

    script: dict[str, list[Step]] = field(default_factory=lambda: {"a": HELLO})
    options: WebOptions = field(default_factory=lambda: WebOptions(version="1.2.3"))
    is_passthrough: bool = False
    # Tests send wrong keys by the hundred; those about the lock give a number.
    wrong_keys_max: int = 0
    clock: Clock = field(default_factory=TickingClock)
    limits: AdmissionOptions = field(default_factory=AdmissionOptions)
    steps: StepRunner = field(default_factory=StepRunner)
    dialects: tuple[Dialect, ...] = DIALECTS
    configuration: Configuration = field(default_factory=Unshown)
    key_store: MemoryKeyStore = field(default_factory=MemoryKeyStore)

    def __post_init__(self) -> None:
        self.upstream = ScriptedUpstream(self.script)
        self.log = ListLog()
        self.records = MemoryRecords(self.clock)
        self.pool = Pool(self.clock, lambda: 0.5)
        credentials = [
            Credential(name, Secret(f"secret-token-of-{name}"), f"{name[0] * 8}{'0' * 64}", FAKE)
            for name in self.script
        ]
        self.endpoints = endpoints_of(self.upstream, self.pool)
        self.pools = CredentialPools(self.endpoints)
        self.pools.replace(credentials)
        self.store = MemoryCredentialStore(
            credentials, lambda: f"NEWONE00{'1' * 64}", forms=(FAKE_FORM,)
        )
        self.roster = self._make_roster()
        self.catalog = catalog_of()
        self.measuring = Measuring(self.catalog.lists, self._look)
        collaborators = self._make_collaborators()
        self.admission = Admission(self.limits, self.clock, LogObserver())
        self.relay = Relay(collaborators)
        self.lifecycle = Lifecycle(self.relay.break_off)
        self.credentials = Credentials(
            CredentialParts(
                self.roster,
                self.pools,
                Trials(collaborators, self.pools),
                self.endpoints,
                self.clock,
            )
        )
        self.readiness = Readiness(
            self.endpoints,
            self.pools,
            self.catalog,
            self.clock,
            is_passthrough=self.is_passthrough,
        )
        self.kept = KeptAnswers(KeptAnswersOptions(), self.clock)
        self.app = self._make_app()

    def _make_collaborators(self) -> Collaborators:
        self.keys = make_key_house(
            KeyHouseParts(
                self.key_store, self.records, self.catalog.resolve, self.clock, LogObserver()
            )
        )
        # There is nothing in it yet.
        self.keys.keys.is_loaded = True
        return Collaborators(
            self.catalog,
            self.endpoints,
            ToldLog(BothLogs(self.log, self.records), [self.measuring.count]),
            self.clock,
            lambda: 0.0,
            self.keys.prices.find,
            self.keys.quota,
        )

    def _look(self) -> GatewayStanding:
        return GatewayStanding(
            self.relay.active_count,
            self.readiness.waiting_count,
            self.readiness.credentials(),
            self.readiness.upstreams(),
            self.records.state(),
            self.admission.refused_counts,
            # As with several nodes, so that every metric is there.
            is_shared_up=True,
        )

    def _make_app(self) -> App:
        keys = Secret(KEY), (Secret(CLIENT_KEY),)
        access = AccessOptions(*keys, is_passthrough=self.is_passthrough)
        self.lockout = Lockout(LockoutOptions(self.wrong_keys_max), self.clock)
        self.authenticator = Authenticator(access, self.lockout, read_own, api_keys=self.keys.keys)
        self.parts = WebParts(
            dialects=self.dialects,
            relay=self.relay,
            admission=self.admission,
            catalog=self.catalog,
            request_log=self.log,
            records=self.records,
            refusals=self.measuring.refusals(self.records),
            metrics=self.measuring.page,
            authenticator=self.authenticator,
            clock=self.clock,
            roster=self.roster,
            credentials=self.credentials,
            new_binding=lambda: new_checksum(os.urandom, self.clock.now()),
            lifecycle=self.lifecycle,
            steps=self.steps,
            kept=self.kept,
            configuration=self.configuration,
            readiness=self.readiness,
            keys=access.named_keys(),
            api_keys=self.keys.keys,
            quota=self.keys.quota,
            prices=self.keys.prices,
            audit=self.keys.audit,
            siblings=lambda: self.measuring.page.siblings,
        )
        return App(self.parts, self.options)

    def _make_roster(self) -> Roster:
        return Roster(
            RosterParts(
                self.store,
                MemoryPoolStateStore(),
                self.pools,
                self.clock,
                LogObserver(),
                lambda _credentials: None,
                lambda kind, aliases: self.keys.audit.note(FILES, kind, aliases),
            )
        )
