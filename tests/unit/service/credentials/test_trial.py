"""Testing a credential now: what is asked, what is learnt, what a person is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from cursor_api.domain.catalog import NamedModel, Route
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Cooldown, Preferences, Quarantine, QuarantineReason
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.words import WORKS
from cursor_api.pool.pool import Pool
from cursor_api.service.credentials import trial as trial_module
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.report import State
from cursor_api.service.credentials.trial import (
    RUNNING_COUNT_MAX,
    TEXT_LENGTH_MAX,
    Trials,
)
from cursor_api.service.inference.search import Collaborators
from tests.endpoints import FAKE, catalog_of, endpoints_of
from tests.fakes import ListLog, ScriptedUpstream, Step, TickingClock

MODEL = "gpt-4o"
END: Delta = Finished(FinishReason.STOP)
LIMITED = Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=60)


@dataclass
class Bench:
    """A pool of one credential before a scripted upstream."""

    steps: list[Step] = field(default_factory=lambda: [[TextDelta("O")], [TextDelta("K."), END]])

    def __post_init__(self) -> None:
        self.clock = TickingClock()
        self.pool = Pool(self.clock, lambda: 0.5)
        self.upstream = ScriptedUpstream({"a": self.steps})
        endpoints = endpoints_of(self.upstream, self.pool)
        self.pools = CredentialPools(endpoints)
        self.pools.replace([Credential("a", Secret("token-a"), "sum", FAKE)])
        self.slot = self.pool.get_slot("a")
        self.catalog = catalog_of()
        self.trials = Trials(
            Collaborators(self.catalog, endpoints, ListLog(), self.clock, lambda: 0.5), self.pools
        )


async def test_a_working_credential_is_shown_to_work() -> None:
    """With what it said, how soon, and in how many words."""
    bench = Bench()
    trial = await bench.trials.run("a")
    assert (trial.is_ok, trial.model, trial.fault, trial.advice) == (True, MODEL, None, WORKS)
    assert (trial.text, trial.word_count) == ("OK.", 1)
    assert trial.latency_ms is not None
    assert 0 < trial.latency_ms <= trial.duration_ms
    assert (trial.credential.success_count, trial.credential.recent) == (1, (True,))
    assert (bench.upstream.closed, bench.pool.leased_count) == (["a"], 0)


@pytest.mark.parametrize("state", [State.DISABLED, State.COOLING, State.QUARANTINED, State.BUSY])
async def test_it_is_asked_whatever_its_state_and_a_success_heals_it(state: State) -> None:
    """Cooldowns of every model and a quarantine end; its owner's preferences stay."""
    bench = Bench()
    slot = bench.slot
    match state:
        case State.DISABLED:
            slot.preferences = Preferences(is_enabled=False)
        case State.COOLING:
            slot.cooldowns = {m: Cooldown(9e9, 3, "rate_limited") for m in (MODEL, "o1")}
        case State.QUARANTINED:
            slot.quarantine = Quarantine(QuarantineReason.REVOKED, 0)
        case _:
            slot.preferences = Preferences(concurrency_max=1)
            bench.pool.lease_for_test("a", MODEL)
    trial = await bench.trials.run("a", MODEL)
    assert trial.is_ok
    assert (slot.cooldowns, slot.probing, slot.quarantine) == ({}, set(), None)
    is_unhealed = state in {State.DISABLED, State.BUSY}
    assert trial.credential.state is (state if is_unhealed else State.HEALTHY)


async def test_a_failure_is_explained_and_learnt() -> None:
    """As that of any request."""
    bench = Bench([LIMITED])
    trial = await bench.trials.run("a", MODEL)
    assert not trial.is_ok
    assert trial.fault is not None
    assert (trial.fault.kind, trial.fault.message) == ("rate_limited", "slow down")
    assert trial.fault.retry_after_s == 60
    assert trial.advice == "ask the credential"
    assert (trial.latency_ms, trial.word_count, trial.text) == (None, 0, "")
    assert trial.credential.state is State.COOLING
    assert bench.pool.leased_count == 0


async def test_an_endpoints_failure_leaves_the_credential_as_it_is() -> None:
    """A test through a broken network ends no quarantine and begins none."""
    bench = Bench([Fault(FaultKind.UNREACHABLE, "no route")])
    bench.slot.quarantine = Quarantine(QuarantineReason.REVOKED, 0)
    trial = await bench.trials.run("a", MODEL)
    assert not trial.is_ok
    assert trial.credential.state is State.QUARANTINED
    assert trial.credential.failure_count == 0


async def test_an_answer_without_words_is_no_success() -> None:
    """A status and an end prove nothing."""
    bench = Bench([[StatusDelta("thinking")], [END]])
    trial = await bench.trials.run("a", MODEL)
    assert trial.fault is not None
    assert trial.fault.kind == "incomplete"


async def test_thoughts_count_for_the_time_but_not_as_words() -> None:
    """A thinking model begins with them."""
    bench = Bench([[ReasoningDelta("hmm")], [TextDelta("OK"), END]])
    trial = await bench.trials.run("a", MODEL)
    # The pool looks at both clocks for the lease, and then the first words come.
    assert (trial.text, trial.latency_ms) == ("OK", 3000.0)


async def test_a_talkative_answer_is_cut() -> None:
    """One word was asked for; the upstream is closed before it has said all."""
    bench = Bench([[TextDelta("word " * 100)], LIMITED])
    trial = await bench.trials.run("a", MODEL)
    assert trial.is_ok
    assert len(trial.text) == TEXT_LENGTH_MAX
    assert bench.upstream.closed == ["a"]


async def test_a_silent_upstream_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person waits for the outcome."""
    monkeypatch.setattr(trial_module, "TIMEOUT_S", 0.02)
    bench = Bench([asyncio.Event()])
    trial = await bench.trials.run("a", MODEL)
    assert trial.fault is not None
    assert trial.fault.kind == "upstream_timeout"
    assert (bench.upstream.closed, bench.pool.leased_count) == (["a"], 0)


async def test_who_leaves_during_a_test_leaves_nothing_behind() -> None:
    """No lease and no verdict."""
    bench = Bench([asyncio.Event()])
    running = asyncio.create_task(bench.trials.run("a", MODEL))
    await asyncio.sleep(0.01)
    assert bench.pool.leased_count == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.pool.leased_count == 0
    assert list(bench.slot.recent) == []
    assert repr(bench.trials) == "Trials(running=0)"


async def test_a_credential_renamed_during_its_test_is_healed_under_its_new_name() -> None:
    """The state belongs to the credential, not to the name."""
    gate = asyncio.Event()
    bench = Bench([gate, [TextDelta("OK"), END]])
    bench.slot.quarantine = Quarantine(QuarantineReason.REVOKED, 0)
    running = asyncio.create_task(bench.trials.run("a", MODEL))
    await asyncio.sleep(0.01)
    bench.pools.replace([Credential("b", Secret("token-a"), "sum", FAKE)])
    gate.set()
    assert (await running).credential.alias == "b"
    assert bench.pool.get_slot("b").quarantine is None


async def test_an_endpoint_of_which_no_model_is_known_is_not_asked() -> None:
    """It would be asked for a model without a name; a route to it is enough to know one."""
    bench = Bench()
    bench.catalog.put(FAKE, [])
    with pytest.raises(Fault) as caught:
        await bench.trials.run("a")
    assert caught.value.kind is FaultKind.MODEL_NOT_FOUND
    assert bench.upstream.asked == []
    bench.catalog.use(
        [NamedModel("fast", (Route(FAKE, "any"), Route("two", "b")))], {FAKE: frozenset()}
    )
    assert (await bench.trials.run("a")).model == "any"


async def test_few_tests_run_at_a_time() -> None:
    """Each holds a connection and spends an account's quota."""
    gate = asyncio.Event()
    bench = Bench([gate, [TextDelta("OK"), END]])
    running = [asyncio.create_task(bench.trials.run("a", MODEL)) for _ in range(RUNNING_COUNT_MAX)]
    await asyncio.sleep(0.01)
    with pytest.raises(Fault) as caught:
        await bench.trials.run("a", MODEL)
    assert caught.value.kind is FaultKind.OVERLOADED
    gate.set()
    assert all(trial.is_ok for trial in await asyncio.gather(*running))
    assert (await bench.trials.run("a", MODEL)).is_ok


@pytest.mark.parametrize(
    ("alias", "model", "kind"),
    [
        ("nobody", MODEL, FaultKind.NOT_FOUND),
        ("a", "gpt-99", FaultKind.MODEL_NOT_FOUND),
    ],
)
async def test_what_does_not_exist_is_not_asked(alias: str, model: str, kind: FaultKind) -> None:
    """A wrong name is the caller's mistake, told as such."""
    bench = Bench()
    with pytest.raises(Fault) as caught:
        await bench.trials.run(alias, model)
    assert caught.value.kind is kind
    assert bench.upstream.asked == []


@pytest.mark.parametrize(
    "steps",
    [
        [[ReasoningDelta("Hm."), END]],
        [[RefusalDelta("No."), END]],
        [[ToolCallBegun(0, "1", "look_up"), END]],
        [[Finished(FinishReason.STOP, is_stated=True)]],
    ],
)
async def test_what_is_an_answer_for_a_caller_is_one_here(steps: list[Step]) -> None:
    """Without text, too: a credential that serves is not told to be broken."""
    bench = Bench(steps)
    trial = await bench.trials.run("a")
    assert (trial.is_ok, trial.text) == (True, "")


async def test_an_upstream_of_unknown_models_is_asked_for_none() -> None:
    """A person may name one; nothing is asked for by an empty name."""
    bench = Bench()
    bench.catalog.put(FAKE, ())
    with pytest.raises(Fault, match="No model of the upstream") as caught:
        await bench.trials.run("a")
    assert caught.value.kind is FaultKind.MODEL_NOT_FOUND
    assert bench.upstream.asked == []
