"""The pool as a state machine, held against a model of its promises step by step."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask, Lease
from cursor_api.pool.pool import Pool
from cursor_api.pool.selection import Policy
from cursor_api.pool.slot import LeaseOutcome
from tests.examples import examples
from tests.property.pool_model import FINAL, WAITS, Held, Known, PoolModel

START = 1_800_000_000.0
CREDENTIAL_COUNT = 4
STEP_COUNT = 40
# Most of the promises are the same under each policy; the rotation's own are the default's.
EXAMPLE_COUNTS = {Policy.ROUND_ROBIN: 250} | dict.fromkeys(
    [Policy.LEAST_BUSY, Policy.FILL_FIRST, Policy.STICKY], 60
)
MODELS = st.sampled_from(["gpt-4o", "o1"])
CALLERS = st.sampled_from(["ann", "bob", "carol"])
# Mostly those that a credential is blamed for.
KINDS = st.sampled_from([*WAITS, *WAITS, *FINAL]) | st.sampled_from(list(FaultKind))
# How many of the first are tried already.
TRIED_COUNTS = st.sampled_from([0, 0, 0, 1, 2])
RETRY_AFTERS = st.sampled_from([None, None, 0.0, 5.0, 600.0, 1e9])
WISHES = st.builds(
    Preferences,
    priority=st.sampled_from([0, 0, 0, 1, 2]),
    weight=st.sampled_from([1, 1, 2, 3]),
    concurrency_max=st.sampled_from([None, None, 1, 2]),
    is_enabled=st.sampled_from([True, True, True, False]),
)


def make_token(number: int, expires_at: float | None) -> str:
    """A session token, as far as the pool reads one."""
    if expires_at is None:
        return f"opaque-{number}"
    payload = json.dumps({"exp": expires_at, "sub": number}).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


# Two expire in the course of a run.
EXPIRIES: list[float | None] = [None, None, START + 2000, START + 60_000]
CREDENTIALS = [
    Credential(f"alias-{number}", Secret(make_token(number, expires_at)), f"device-{number}")
    for number, expires_at in enumerate(EXPIRIES)
]


class SteeredClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> float:
        """Unix seconds."""
        return self.seconds

    monotonic = now


@dataclass(eq=False)
class Pair:
    """A lease in the pool and what the model holds for it."""

    lease: Lease
    held: Held
    is_test: bool


class PoolMachine(RuleBasedStateMachine):
    """Does the same to the pool and to the model, and compares."""

    policy = Policy.ROUND_ROBIN

    def __init__(self) -> None:
        super().__init__()
        self.clock = SteeredClock()
        self.jitter = 0.0
        self.pool = self._new_pool()
        self.model = PoolModel()
        self.pairs: list[Pair] = []
        # What the sticky policy promised each caller.
        self.stuck: dict[str, Known] = {}

    def _new_pool(self) -> Pool:
        return Pool(self.clock, lambda: self.jitter, self.policy)

    @initialize(preferences=st.lists(WISHES, max_size=CREDENTIAL_COUNT))
    def begin(self, preferences: list[Preferences]) -> None:
        """With some of the credentials, and what their owner wished of them in an earlier run."""
        credentials = CREDENTIALS[: len(preferences)]
        kept = {
            one: (wish, CredentialHealth())
            for one, wish in zip(credentials, preferences, strict=True)
        }
        self.pool.put(credentials, kept)
        self.pool.serve_waiting()
        self.model.replace(
            [
                Known(one, EXPIRIES[CREDENTIALS.index(one)], wish)
                for one, wish in zip(credentials, preferences, strict=True)
            ]
        )

    @rule(order=st.permutations(range(CREDENTIAL_COUNT)), count=st.integers(0, CREDENTIAL_COUNT))
    def replace(self, order: list[int], count: int) -> None:
        """A reload: some come, some go, the order changes, leases go on."""
        self._replace([CREDENTIALS[number] for number in order[:count]])

    def _replace(self, credentials: list[Credential]) -> None:
        self.pool.put(credentials)
        self.pool.serve_waiting()
        had = {one.credential.secret: one for one in self.model.all}
        self.model.replace(
            [
                had.get(one.secret) or Known(one, EXPIRIES[CREDENTIALS.index(one)])
                for one in credentials
            ]
        )

    @rule(model=MODELS, caller=CALLERS, skip=TRIED_COUNTS)
    def lease(self, model: str, caller: str, skip: int) -> None:
        """Somebody gets one exactly if somebody can serve, and it is the right one."""
        tried = {one.credential for one in self.model.all[:skip]}
        now = self.clock.now()
        able = self.model.find_able(model, now, tried)
        try:
            lease = self.pool.lease(Ask(model=model, caller=caller), tried)
        except Fault as fault:
            assert not able, f"nobody was found and {able[0].credential.alias} can serve"
            self._check_refusal(fault, model, tried)
            return
        assert able, f"{lease.credential.alias} was leased and cannot serve"
        chosen = self.model.find(lease.credential)
        self._check_choice(chosen, able, caller)
        self.pairs.append(Pair(lease, self.model.hold(chosen, model), is_test=False))

    @rule(model=MODELS, caller=CALLERS, count=st.integers(2, 7))
    def answer_some(self, model: str, caller: str, count: int) -> None:
        """Requests that follow each other: where the rotation shows."""
        for _ in range(count):
            lease_count = len(self.pairs)
            self.lease(model, caller, 0)
            if len(self.pairs) > lease_count:
                pair = self.pairs.pop()
                pair.lease.settle(LeaseOutcome(is_success=True))
                self.model.settle(pair.held, None, self.clock.now(), 0)

    def _check_choice(self, chosen: Known, able: list[Known], caller: str) -> None:
        assert chosen in able
        match self.policy:
            case Policy.ROUND_ROBIN:
                assert chosen is self.model.take_turn(able)
            case Policy.FILL_FIRST:
                assert chosen is able[0]
            case Policy.LEAST_BUSY:
                loads = {one: len(one.leases) / one.preferences.weight for one in able}
                assert loads[chosen] == min(loads.values())
            case Policy.STICKY:
                had = self.stuck.get(caller)
                assert had not in able or chosen is had
                self.stuck[caller] = chosen

    def _check_refusal(self, fault: Fault, model: str, tried: set[Credential]) -> None:
        now = self.clock.now()
        usable = [one for one in self.model.all if one.is_usable(now) and one.has_room()]
        cooling = [one for one in usable if one.is_cooling(model, now)]
        untried = [one for one in self.model.all if one.credential not in tried]
        is_in_use = any(
            one.is_usable(now) and (not one.has_room() or one.is_probed(model)) for one in untried
        )
        if cooling and (not is_in_use or any(one in untried for one in cooling)):
            # Who has refused this request is back as well.
            assert fault.kind is FaultKind.RATE_LIMITED
            soonest = min(one.waits[model][0] for one in cooling)
            assert fault.retry_after_s == pytest.approx(soonest - now)
        else:
            expected = FaultKind.OVERLOADED if is_in_use else FaultKind.NO_CREDENTIALS
            assert fault.kind is expected

    @rule(number=st.integers(0, CREDENTIAL_COUNT - 1), model=MODELS)
    def lease_pinned(self, number: int, model: str) -> None:
        """The named one or none; the rotation of the others does not move."""
        wanted = CREDENTIALS[number]
        known = [one for one in self.model.all if one.credential == wanted]
        able = bool(known) and known[0].can_serve(model, self.clock.now())
        try:
            lease = self.pool.lease(Ask(model=model, pinned=wanted.alias))
        except Fault as fault:
            is_unknown = fault.kind is FaultKind.INVALID_REQUEST
            assert (able, is_unknown) == (False, not known)
            return
        assert able
        assert lease.credential == wanted
        self.pairs.append(Pair(lease, self.model.hold(known[0], model), is_test=False))

    @precondition(lambda self: self.model.all)
    @rule(data=st.data(), model=MODELS)
    def lease_for_test(self, data: st.DataObject, model: str) -> None:
        """A person's test goes through in any state."""
        known = data.draw(st.sampled_from(self.model.all))
        lease = self.pool.lease_for_test(known.credential.alias, model)
        self.pairs.append(Pair(lease, self.model.hold(known, model), is_test=True))

    @precondition(lambda self: self.model.all)
    @rule(data=st.data(), model=MODELS, kind=st.sampled_from(list(WAITS)))
    def cool_down_and_wait(self, data: st.DataObject, model: str, kind: FaultKind) -> None:
        """What the promises are about, in one step: the next request is a probe."""
        known = data.draw(st.sampled_from(self.model.all))
        lease = self.pool.lease_for_test(known.credential.alias, model)
        held = self.model.hold(known, model)
        fault = Fault(kind, "scripted")
        self.jitter = 0.5
        lease.settle(LeaseOutcome(is_success=False, fault=fault))
        self.model.settle(held, fault, self.clock.now(), self.jitter)
        cooldown = self.pool.get_slot(known.credential.alias).cooldowns[model]
        self.clock.seconds = max(self.clock.seconds, cooldown.until_at)

    @precondition(lambda self: self.pairs)
    @rule(data=st.data(), jitter=st.floats(0, 1, exclude_max=True))
    def succeed(self, data: st.DataObject, jitter: float) -> None:
        """An answer went out."""
        self._settle(data, LeaseOutcome(is_success=True), jitter)

    @precondition(lambda self: self.pairs)
    @rule(data=st.data(), kind=KINDS, after=RETRY_AFTERS, jitter=st.floats(0, 1, exclude_max=True))
    def fail(
        self, data: st.DataObject, kind: FaultKind, after: float | None, jitter: float
    ) -> None:
        """Any fault there is."""
        fault = Fault(kind, "scripted", retry_after_s=after)
        self._settle(data, LeaseOutcome(is_success=False, fault=fault), jitter)

    @precondition(lambda self: self.pairs)
    @rule(data=st.data())
    def leave_early(self, data: st.DataObject) -> None:
        """The caller left before anything came: nothing is learnt, and a second time neither."""
        pair = self._draw_pair(data)
        pair.lease.settle()
        pair.lease.settle(
            LeaseOutcome(is_success=False, fault=Fault(FaultKind.CREDENTIAL_REJECTED, ""))
        )
        pair.held.known.leases.remove(pair.held)

    def _draw_pair(self, data: st.DataObject) -> Pair:
        pair = data.draw(st.sampled_from(self.pairs))
        self.pairs.remove(pair)
        return pair

    def _settle(self, data: st.DataObject, outcome: LeaseOutcome, jitter: float) -> None:
        pair = self._draw_pair(data)
        self.jitter = jitter
        revision = self.pool.revision
        pair.lease.settle(outcome)
        assert self.pool.revision > revision
        self.model.settle(pair.held, outcome.fault, self.clock.now(), jitter)

    @rule(seconds=st.sampled_from([0.5, 14.9, 30.0, 600.0, 2000.0, 40_000.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.seconds += seconds

    @precondition(lambda self: any(one.waits for one in self.model.all))
    @rule()
    def wait_for_the_soonest(self) -> None:
        """To the very moment at which a wait is over."""
        ends = [until for one in self.model.all for until, _ in one.waits.values()]
        self.clock.seconds = max(self.clock.seconds, min(ends))

    @rule()
    def wait_for_an_expiry(self) -> None:
        """To the very moment at which a token is over."""
        ends = [expires_at for expires_at in EXPIRIES if expires_at is not None]
        later = [end for end in ends if end > self.clock.seconds]
        self.clock.seconds = min(later, default=self.clock.seconds)

    @precondition(lambda self: self.model.all)
    @rule(data=st.data(), preferences=WISHES)
    def set_preferences(self, data: st.DataObject, preferences: Preferences) -> None:
        """The owner changes something; a new weight counts from the next turn on."""
        known = data.draw(st.sampled_from(self.model.all))
        has_moved = known.preferences.priority != preferences.priority
        known.preferences = preferences
        self.pool.set_preferences(known.credential.alias, preferences)
        if has_moved:
            self.model.arrange()

    @precondition(lambda self: self.model.all)
    @rule(data=st.data())
    def clear(self, data: st.DataObject) -> None:
        """A person says that it is well again."""
        known = data.draw(st.sampled_from(self.model.all))
        self.pool.clear(known.credential.alias)
        known.waits.clear()
        known.is_out = False

    @rule()
    def restart(self) -> None:
        """The process ends and another begins with what was kept; nobody holds a lease."""
        kept = {slot.credential: (slot.preferences, slot.health) for slot in self.pool.slots}
        self.pool = self._new_pool()
        self.pool.put([one.credential for one in self.model.all], kept)
        self.pool.serve_waiting()
        assert kept == {
            slot.credential: (slot.preferences, slot.health) for slot in self.pool.slots
        }
        self.pairs.clear()
        self.stuck.clear()
        self.model.turns.clear()
        for known in self.model.all:
            known.leases.clear()
        self.model.arrange()

    @invariant()
    def counts_agree(self) -> None:
        """Who holds what, and what each has behind it."""
        assert self.pool.leased_count == len(self.pairs)
        assert [slot.active_count for slot in self.pool.slots] == [
            len(one.leases) for one in self.model.all
        ]
        assert [(slot.success_count, slot.failure_count) for slot in self.pool.slots] == [
            (one.success_count, one.failure_count) for one in self.model.all
        ]

    @invariant()
    def states_agree(self) -> None:
        """Waits, faults in a row, quarantines."""
        now = self.clock.now()
        for slot, known in zip(self.pool.slots, self.model.all, strict=True):
            cooldowns = {model: (it.until_at, it.step) for model, it in slot.cooldowns.items()}
            assert cooldowns.keys() == known.waits.keys()
            for model, (until, step) in known.waits.items():
                assert cooldowns[model][0] == pytest.approx(until)
                assert cooldowns[model][1] == step
                # The same instant to the last digit, or an end would fall on both sides.
                known.waits[model] = (slot.cooldowns[model].until_at, step)
            is_over = known.expires_at is not None and now >= known.expires_at
            assert (slot.find_quarantine(now) is not None) == (known.is_out or is_over)

    @invariant()
    def no_two_probes(self) -> None:
        """A wait that is over is tried by one request at a time."""
        for known in self.model.all:
            probes = [held.model for held in known.leases if held.is_probe]
            assert len(probes) == len(set(probes))


@pytest.mark.parametrize("policy", list(Policy))
def test_the_pool_does_what_its_model_says(policy: Policy) -> None:
    """Leases, outcomes, time, reloads, preferences and restarts in any order, under each policy."""

    class Machine(PoolMachine):
        pass

    Machine.policy = policy
    run_state_machine_as_test(
        Machine,
        settings=settings(examples(EXAMPLE_COUNTS[policy]), stateful_step_count=STEP_COUNT),
    )
