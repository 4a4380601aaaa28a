"""Who tries wrong keys, by address: how keys that are new there take turns, and who need not.

Rules of this file:
- Nothing in here sees a key. A key is its salted hash.
- After some wrong keys from an address, keys that are new there are judged one at a time, and each
  wrong one holds the next up. Until its turn comes none is judged, so that a wait tells nothing.
- A key that was let in from an address is known there and waits for nobody: a guesser behind a
  shared address (a proxy, the loopback) stops nobody who is at work there.
- A key that was judged wrong is remembered, and is wrong again without a turn: what a forgotten
  client sends for days is no guess, and holds nobody up.
- A right key takes nothing back: whoever holds one key could otherwise try for another for ever.
  Only time does.
- Everything that is kept has a bound, since anybody can bring addresses and wrong keys. What
  strangers bring never pushes out what was let in.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address

from msgspec import Struct

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.kinds import whole
from cursor_api.options.setting import setting
from cursor_api.ports.process import Clock

# What a customer of a provider gets is a /64: the lower half is theirs to choose.
_HOST_BITS = 64
_DOUBLINGS_MAX = 16
# Who asks again as soon as it is answered asks once a second, and costs others nothing. A person
# who is told to come again does not mind.
LOCKED_OUT_DELAY_S = 1.0


class LockoutOptions(Struct, frozen=True):
    """How many wrong keys are free, and how long the others take."""

    # A person who mistypes stays below, and a wait of a second is no harm to one who does not.
    wrong_keys_max: int = setting(
        "GATEWAY_WRONG_KEYS_MAX",
        whole(0, 1_000_000, 10),
        "10",
        "After this many wrong keys from an address, keys that have not worked from"
        " there before are checked one at a time: the next one waits a tenth of a"
        " second after a wrong one, then twice as long each time, up to two seconds,"
        " until there have been none for ten minutes. At most 32 wait, for five"
        " seconds each; others get a 429. Keys in use from that address keep working,"
        " and repeating the same wrong key delays nobody. The number is more than a"
        " person mistypes and too few to guess a key. With `PASSTHROUGH`, chat"
        " requests have no wrong keys. 0 disables the waits.",
    )
    # Doubled with every further wrong key.
    first_delay_s: float = 0.1
    # 43,200 guesses a day. Whoever comes while somebody guesses waits for one delay and, where the
    # guesser is back before, for a second one: less than the longest wait.
    delay_s_max: float = 2.0
    # What a client with a right key has patience for.
    wait_s_max: float = 5.0
    # More programs than start at once behind one address; each is a request that is kept.
    waiting_max: int = 32
    forget_after_s: float = 600.0
    # Each some hundred bytes. Whoever has more addresses than this is not held up anyway.
    addresses_max: int = 4096
    # Of each right key; who pushes one out has that key.
    addresses_of_key_max: int = 4096
    # Left-over clients are few, and come so often that guesses do not push them out.
    wrong_kept_max: int = 16_384


class _Tally:
    """The wrong keys of an address."""

    __slots__ = ("last_at", "next_at", "turn", "waiting_count", "wrong_count")

    def __init__(self, now: float) -> None:
        self.wrong_count = 0
        self.last_at = now
        # When the next new key may be judged.
        self.next_at = now
        self.turn = asyncio.Lock()
        self.waiting_count = 0


class Lockout:
    """Counts, remembers and holds up. Addresses are as `network_of` gives them."""

    def __init__(self, options: LockoutOptions, clock: Clock) -> None:
        self.options = options
        self._clock = clock
        # Those with a wrong key, the one that had its last first.
        self._tallies: dict[str, _Tally] = {}
        # By right key the addresses that it came from, in that order. One that is pushed out is
        # let in again like a new one.
        self._known: dict[bytes, dict[str, None]] = {}
        # Keys that were judged wrong, the one that was not seen for longest first.
        self._wrong: dict[bytes, None] = {}

    def __repr__(self) -> str:
        now = self._clock.monotonic()
        slow_count = sum(now < one.next_at for one in self._tallies.values())
        waiting_count = sum(one.waiting_count for one in self._tallies.values())
        return (
            f"Lockout({len(self._tallies)} addresses with wrong keys, {slow_count} held up,"
            f" {waiting_count} waiting)"
        )

    def use_keys(self, keys: Iterable[bytes]) -> None:
        """These are the right ones from now on; where the others were in use is forgotten."""
        self._known = {key: self._known.get(key, {}) for key in keys}

    def add_key(self, key: bytes) -> None:
        """This is a right one too."""
        self._known.setdefault(key, {})

    def is_known(self, network: str, key: bytes) -> bool:
        """Whether this right key was let in from there before."""
        return network in self._known.get(key, ())

    def let_in(self, network: str, key: bytes) -> None:
        """This right key came from there, and it was its turn."""
        networks = self._known.get(key)
        if networks is None:
            return  # while it waited, the settings took it away
        if len(networks) >= self.options.addresses_of_key_max:
            del networks[next(iter(networks))]
        networks[network] = None

    def is_wrong_again(self, keys: Sequence[bytes]) -> bool:
        """Whether all of these were judged wrong before; they are remembered anew."""
        if not all(key in self._wrong for key in keys):
            return False
        for key in keys:
            del self._wrong[key]
            self._wrong[key] = None
        return True

    async def take_turn(self, network: str) -> None:
        """Return when a new key from there may be judged.

        The caller judges it at once, before it waits for anything else. Raises Fault(LOCKED_OUT)
        when too many wait, or for too long.
        """
        options = self.options
        tally = self._tallies.get(network)
        if tally is None or not options.wrong_keys_max:
            return
        if not tally.waiting_count and tally.next_at <= self._clock.monotonic():
            return
        if tally.waiting_count >= options.waiting_max:
            raise self._refuse(tally)
        tally.waiting_count += 1
        try:
            async with asyncio.timeout(options.wait_s_max), tally.turn:
                await asyncio.sleep(max(0.0, tally.next_at - self._clock.monotonic()))
        except TimeoutError:
            raise self._refuse(tally) from None
        finally:
            tally.waiting_count -= 1

    def count_wrong(self, network: str, keys: Sequence[bytes]) -> float | None:
        """One try with these came from there, and none was right.

        Gives how long the next new key now has to wait, None while that has not grown.
        """
        options = self.options
        if not options.wrong_keys_max:
            return None
        for key in keys:
            self._wrong.pop(key, None)
            self._wrong[key] = None
        while len(self._wrong) > options.wrong_kept_max:
            del self._wrong[next(iter(self._wrong))]
        now = self._clock.monotonic()
        tally = self._tallies.pop(network, None)
        if tally is None:
            tally = _Tally(now)
        elif now - tally.last_at > options.forget_after_s:
            tally.wrong_count = 0
        if len(self._tallies) >= options.addresses_max:
            del self._tallies[next(iter(self._tallies))]
        self._tallies[network] = tally
        tally.last_at = now
        before_s = self._delay_s(tally)
        tally.wrong_count += 1
        delay_s = self._delay_s(tally)
        tally.next_at = now + delay_s
        return delay_s if delay_s > before_s else None

    def _delay_s(self, tally: _Tally) -> float:
        excess_count = tally.wrong_count - self.options.wrong_keys_max
        if excess_count < 0:
            return 0.0
        doubled_s = math.ldexp(self.options.first_delay_s, min(excess_count, _DOUBLINGS_MAX))
        return min(doubled_s, self.options.delay_s_max)

    def _refuse(self, tally: _Tally) -> Fault:
        left_s = tally.next_at - self._clock.monotonic()
        return Fault(
            FaultKind.LOCKED_OUT,
            "Too many wrong API keys came from your address. Keys that are new there are looked at"
            " one at a time, and too many wait; those that were in use before go on.",
            retry_after_s=max(left_s, self.options.first_delay_s),
        )


async def delay_if_locked_out(fault: Fault) -> None:
    """Hold the answer back that tells somebody to come again; any other goes at once."""
    if fault.kind is FaultKind.LOCKED_OUT:
        await asyncio.sleep(LOCKED_OUT_DELAY_S)


@lru_cache(maxsize=4096)
def network_of(host: str) -> str:
    """What is counted together: an IPv4 address, or the /64 of an IPv6 one; "" is nobody's."""
    if ":" not in host:
        return host
    address = IPv6Address(host)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> _HOST_BITS << _HOST_BITS)}/{128 - _HOST_BITS}"
