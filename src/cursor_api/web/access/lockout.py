"""Who has tried too many wrong keys, by address, and who goes on all the same.

Rules of this file:
- Nothing in here sees a key. A caller is a name; in pass-through, a salted hash of the token.
- A right key takes nothing back: whoever holds one key could otherwise try for another for ever.
  Only time does.
- During a lock no key is judged, so that a guess tells nothing, not even when it is right. What was
  let in from the same address before the lock goes on: its answer is no news, and a guesser behind
  a shared address (a proxy, the loopback) stops nobody who is at work there.
- Everything that is kept has a bound, since anybody can bring addresses.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.kinds import whole
from cursor_api.options.setting import setting
from cursor_api.ports import Clock

# What a customer of a provider gets is a /64: the lower half is theirs to choose.
_HOST_BITS = 64
_DOUBLINGS_MAX = 16
# Who asks again as soon as it is answered asks once a second, and costs others nothing. A person
# who waits for a lock's end does not mind.
LOCKED_OUT_DELAY_S = 1.0


@dataclass(frozen=True, slots=True)
class LockoutOptions:
    """How many wrong keys, and how long a lock."""

    # A person who mistypes stays below, and a lock of a second is no harm to one who does not.
    wrong_keys_max: int = setting(
        "GATEWAY_WRONG_KEYS_MAX",
        whole(0, 1_000_000, 10),
        "10",
        "After so many wrong keys an address is locked out: for a second, then for twice as"
        " long each time, up to a minute; ten quiet minutes end it. Keys in use from there"
        " before go on. More than a person mistypes, too few to guess. With `PASSTHROUGH`, no"
        " token is a wrong key for a chat. 0 never locks.",
    )
    # Doubled with every wrong key behind the last lock.
    first_lock_s: float = 1.0
    # 1,440 guesses a day; and no one who comes new with a right key waits longer.
    lock_s_max: float = 60.0
    # Longer than the longest lock, or waiting for its end would begin anew.
    forget_after_s: float = 600.0
    # Each some hundred bytes. Whoever has more addresses than this is not held by a lock anyway.
    addresses_max: int = 4096
    callers_max: int = 16_384


class _Tally:
    """The wrong keys of an address."""

    __slots__ = ("last_at", "locked_until", "wrong_count")

    def __init__(self, now: float) -> None:
        self.wrong_count = 0
        self.last_at = now
        self.locked_until = now


class Lockout:
    """Counts and locks. Addresses are as `network_of` gives them."""

    def __init__(self, options: LockoutOptions, clock: Clock) -> None:
        self.options = options
        self._clock = clock
        # Those with a wrong key, the one that had its last first.
        self._tallies: dict[str, _Tally] = {}
        # In the order in which they came; one that is pushed out is let in again like a new one.
        self._let_in: dict[tuple[str, str | bytes], None] = {}

    def __repr__(self) -> str:
        now = self._clock.monotonic()
        locked_count = sum(now < tally.locked_until for tally in self._tallies.values())
        return f"Lockout({len(self._tallies)} addresses with wrong keys, {locked_count} locked)"

    def let_in(self, network: str, who: str | bytes) -> None:
        """A right key came from there; raises Fault(LOCKED_OUT) when it first comes in a lock."""
        caller = (network, who)
        if caller in self._let_in or not self.options.wrong_keys_max:
            return
        self._check(network)
        if len(self._let_in) >= self.options.callers_max:
            del self._let_in[next(iter(self._let_in))]
        self._let_in[caller] = None

    def count_wrong(self, network: str) -> float | None:
        """A wrong key came from there; gives how long it is now locked, None when it is not.

        Raises Fault(LOCKED_OUT), and counts nothing, while it is locked already.
        """
        options = self.options
        if not options.wrong_keys_max:
            return None
        self._check(network)
        now = self._clock.monotonic()
        tally = self._tallies.pop(network, None)
        if tally is None or now - tally.last_at > options.forget_after_s:
            tally = _Tally(now)
        if len(self._tallies) >= options.addresses_max:
            del self._tallies[next(iter(self._tallies))]
        self._tallies[network] = tally
        tally.last_at = now
        tally.wrong_count += 1
        excess_count = tally.wrong_count - options.wrong_keys_max
        if excess_count < 0:
            return None
        doubled_s = math.ldexp(options.first_lock_s, min(excess_count, _DOUBLINGS_MAX))
        lock_s = min(doubled_s, options.lock_s_max)
        tally.locked_until = now + lock_s
        return lock_s

    def _check(self, network: str) -> None:
        tally = self._tallies.get(network)
        if tally is None:
            return
        left_s = tally.locked_until - self._clock.monotonic()
        if left_s > 0:
            raise Fault(
                FaultKind.LOCKED_OUT,
                "Too many wrong API keys came from your address. For a moment no key from it is"
                " looked at, but those that were in use before.",
                retry_after_s=left_s,
            )


async def delay_if_locked_out(fault: Fault) -> None:
    """Let whoever is locked out wait for the answer that says so; any other goes at once."""
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
