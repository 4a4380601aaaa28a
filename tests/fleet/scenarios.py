"""What can happen to many nodes, and what is looked at. Each gives rows: a name and a value."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from cursor_api.pool.lease import Ask
from tests.fleet.fleet import MODEL, Fleet, Plan

REVOKED_COUNT: Final = 100
AWAY_S: Final = 10.0
LIMITED_S: Final = 20.0
OUT_S: Final = 45.0
# Requests are counted over so long a time where many may come at once.
BUNCH_S: Final = 0.1
# Every credential is everybody's: as many requests a second as one of them ever sees.
FEW_CREDENTIALS: Final = 10


class Row(NamedTuple):
    """One figure of a scenario. `is_right` is False where it may never be so."""

    what: str
    value: str
    is_right: bool = True


class Scenario(NamedTuple):
    """What happens, and what to look at it with."""

    title: str
    play: Callable[[Fleet], list[Row]]


def at_rest(fleet: Fleet) -> list[Row]:
    """Nothing happens but requests."""
    told, busy_s, seconds = fleet.server.told_count, fleet.server.busy_s, 20.0
    fleet.run_for(seconds)
    told_per_s = (fleet.server.told_count - told) / seconds
    busy = (fleet.server.busy_s - busy_s) / seconds
    return [
        Row("facts told a second", f"{told_per_s:,.0f}"),
        Row("Redis is busy with them", f"{busy:.1%}"),
    ]


def revoked(fleet: Fleet) -> list[Row]:
    """Credentials are revoked one after the other, and each is met by one node first."""
    aliases = _pick(fleet, REVOKED_COUNT)
    fleet.server.journal.clear()
    for alias in aliases:
        fleet.upstream.revoked.add(alias)
        fleet.chance.choice(fleet.nodes).ask(Ask(MODEL, pinned=alias))
        fleet.run_for(0.05)
    fleet.run_for(2.0)
    moments = [list(one.values()) for name, one in fleet.server.journal.items() if "|" in name]
    heard = [at - told_at for told_at, *later in moments for at in later]
    vain = sum(fleet.upstream.refused[alias] - 1 for alias in aliases)
    rows = [
        Row("the others know after, median", _ms(statistics.median(heard))),
        Row("the last of them", _ms(max(heard))),
        Row(f"asked in vain besides the first time, all {len(aliases)} of them", str(vain)),
        _all_know(fleet, aliases),
    ]
    _mend(fleet, aliases)
    return rows


def revoked_while_away(fleet: Fleet) -> list[Row]:
    """The same all at once while Redis cannot be reached: each node finds out by itself."""
    aliases = _pick(fleet, REVOKED_COUNT)
    fleet.server.go_away()
    fleet.upstream.revoked.update(aliases)
    fleet.run_for(AWAY_S)
    counts = [fleet.upstream.refused[alias] for alias in aliases]
    met = [alias for alias in aliases if fleet.upstream.refused[alias]]
    fleet.server.come_back(is_empty=False)
    known_s = _until(fleet, lambda: _is_known(fleet, met))
    rows = [
        Row(f"asked in vain meanwhile, each of {len(aliases)}, mean", f"{_mean(counts):.1f}"),
        Row("most", str(max(counts))),
        Row("Redis is back: all nodes know after", f"{known_s:.1f} s"),
        _all_know(fleet, met),
    ]
    _mend(fleet, aliases)
    return rows


def restarted(fleet: Fleet) -> list[Row]:
    """Redis has forgotten everything, and every node knows of the same cooldowns."""
    aliases = _pick(fleet, REVOKED_COUNT)
    _limit(fleet, aliases, 600.0)
    for alias in aliases:
        fleet.chance.choice(fleet.nodes).ask(Ask(MODEL, pinned=alias))
    fleet.run_for(2.0)
    fleet.server.go_away()
    fleet.run_for(1.0)
    told, busy_s = fleet.server.told_count, fleet.server.busy_s
    heard = fleet.nodes[0].channel.heard_count
    fleet.server.come_back(is_empty=True)
    fleet.run_for(10.0)
    told_count = fleet.server.told_count - told
    names = sum("|" in fact.name for fact in fleet.server.read())
    rows = [
        Row(f"{len(aliases)} cooldowns are told again; facts told", f"{told_count:,}"),
        Row("Redis is busy with that for", f"{fleet.server.busy_s - busy_s:.2f} s"),
        Row("a node hears facts", f"{fleet.nodes[0].channel.heard_count - heard:,}"),
        Row("facts that Redis has again", str(names), is_right=names >= len(aliases)),
        _all_know(fleet, aliases),
    ]
    _mend(fleet, aliases)
    return rows


def recovering(fleet: Fleet) -> list[Row]:
    """The few credentials that there are were limited, and are all over it at the same time."""
    return _recover(fleet, is_away=False)


def recovering_while_away(fleet: Fleet) -> list[Row]:
    """The same while Redis cannot be reached."""
    return _recover(fleet, is_away=True)


def _recover(fleet: Fleet, *, is_away: bool) -> list[Row]:
    aliases = _pick(fleet, FEW_CREDENTIALS)
    fleet.upstream.probed.clear()
    fleet.upstream.first_asked_at.clear()
    if is_away:
        fleet.server.go_away()
    _limit(fleet, aliases, LIMITED_S)
    fleet.run_for(LIMITED_S - 1)
    refused = [fleet.upstream.refused[alias] for alias in aliases]
    fleet.run_for(5.0)
    probes = [fleet.upstream.probed[alias] for alias in aliases]
    if is_away:
        fleet.server.come_back(is_empty=False)
    _mend(fleet, aliases)
    return [
        Row("asked in vain while it rests, mean", f"{_mean(refused):.1f}"),
        Row("asked at once when it is over, mean", f"{_mean(probes):.1f}"),
        Row("most", str(max(probes)), is_right=min(probes) >= 1),
    ]


def outage(fleet: Fleet) -> list[Row]:
    """The upstream fails everybody for a while."""
    usual = _bunch_most(fleet.upstream.asked_at)
    fleet.upstream.asked_at.clear()
    fleet.ends.clear()
    began = fleet.world.now()
    fleet.upstream.is_out = True
    fleet.run_for(OUT_S)
    asked = list(fleet.upstream.asked_at)
    requests = len(fleet.ends)
    fleet.upstream.is_out = False
    fleet.upstream.asked_at.clear()
    back, first_s = fleet.world.now(), 1.0
    fleet.run_for(40.0)
    failed_at = [at for at, end in fleet.ends if end != "answered" and at > back]
    later = [at for at in asked if at > began + first_s]
    most = _bunch_most(fleet.upstream.asked_at)
    return [
        Row("requests meanwhile", f"{requests:,}"),
        Row("asked upstream in the first second", f"{len(asked) - len(later):,}"),
        Row("after that", f"{len(later):,}"),
        Row(f"most of them in {BUNCH_S * 1000:.0f} ms", f"{_bunch_most(later):,}"),
        Row("it is back: everybody is answered after", f"{max(failed_at) - back:.1f} s"),
        Row(f"most requests in {BUNCH_S * 1000:.0f} ms then, usual is 1", f"{most / usual:.2f}"),
    ]


MANY: Final = (
    Scenario("Nothing happens", at_rest),
    Scenario("Credentials are revoked, one after the other", revoked),
    Scenario(f"The same at once, Redis away for {AWAY_S:.0f} s", revoked_while_away),
    Scenario("Redis restarts and has forgotten everything", restarted),
    Scenario(f"The upstream is out for {OUT_S:.0f} s", outage),
)
FEW: Final = (
    Scenario(f"{FEW_CREDENTIALS} credentials for all, limited until one moment", recovering),
    Scenario("The same, Redis away", recovering_while_away),
)


def play_all(plan: Plan) -> Iterable[tuple[Scenario, list[Row]]]:
    """One after the other: most in one life of all nodes, then those with few credentials."""
    few = replace(plan, credential_count=FEW_CREDENTIALS)
    for scenarios, of in ((MANY, plan), (FEW, few)):
        fleet = Fleet(of)
        for scenario in scenarios:
            yield scenario, scenario.play(fleet)


def _pick(fleet: Fleet, count: int) -> list[str]:
    names = [one.alias for one in fleet.credentials]
    return fleet.chance.sample(names, min(count, max(len(names) // 5, FEW_CREDENTIALS)))


def _limit(fleet: Fleet, aliases: Sequence[str], seconds: float) -> None:
    until = fleet.world.now() + seconds
    fleet.upstream.limited_until.update(dict.fromkeys(aliases, until))


def _mend(fleet: Fleet, aliases: Sequence[str]) -> None:
    """An operator sees to it, at one node."""
    fleet.upstream.revoked.clear()
    fleet.upstream.limited_until.clear()
    fleet.upstream.refused.clear()
    for alias in aliases:
        fleet.nodes[0].pools.clear(alias)
    fleet.run_for(5.0)


def _is_known(fleet: Fleet, aliases: Sequence[str]) -> bool:
    return all(fleet.knowing_count(alias) == len(fleet.nodes) for alias in aliases)


def _all_know(fleet: Fleet, aliases: Sequence[str]) -> Row:
    """Asked of the pools themselves."""
    is_known = _is_known(fleet, aliases)
    return Row("all nodes know in the end", "yes" if is_known else "**no**", is_right=is_known)


def _until(fleet: Fleet, is_so: Callable[[], bool], step_s: float = 0.1) -> float:
    """How long it takes, at most a minute."""
    began = fleet.world.now()
    while not is_so() and fleet.world.now() < began + 60:
        fleet.run_for(step_s)
    return fleet.world.now() - began


def _bunch_most(moments: Iterable[float]) -> int:
    """Most in one of the times of `BUNCH_S`."""
    return max(Counter(int(at / BUNCH_S) for at in moments).values(), default=0)


def _mean(counts: Sequence[int]) -> float:
    return statistics.fmean(counts) if counts else 0.0


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"
