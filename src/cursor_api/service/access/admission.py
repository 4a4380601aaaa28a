"""Who is let in now, and who has to come back: counts, compared before any work is done.

Rules of this file:
- Refusing costs next to nothing: it is decided by the caller's name alone, before a body is read.
- What is taken is given back by `Admission.leave`, however a request ends.
- What counts is what is there, not what somebody says will come.
- One caller alone cannot take what all have together. What others leave free is the operator's:
  who has to look after the gateway finds room in it.
- A limit that one caller alone has reached is that caller's (429); one that all have reached
  together is the gateway's (503). Both say when to come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

from msgspec import Struct

from cursor_api.domain.caller import Caller
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.kinds import size, whole
from cursor_api.options.setting import GIB, MIB, setting
from cursor_api.ports.process import Clock, Observer

# Places come free with every answer that ends; a second is a few of them.
RETRY_AFTER_S = 1.0
# The first refusal is reported to the operator, and then their number.
REPORT_EVERY_S = 60.0
REQUESTS_MAX = 1200


def _all_requests(values: Mapping[str, Any], _environ: Mapping[str, str]) -> int:
    return int(values.get("GATEWAY_REQUESTS_MAX", REQUESTS_MAX))


class AdmissionOptions(Struct, frozen=True):
    """Bounds of what is under way at once."""

    requests_max: int = setting(
        "GATEWAY_REQUESTS_MAX",
        whole(1, 100_000, 1200),
        str(REQUESTS_MAX),
        "Most chat requests under way at once; further ones get a 503 and may try again after a"
        " second. A small server can carry about a thousand streams, but each further one makes all"
        " of them slower.",
        is_divided=True,
    )
    caller_requests_max: int = setting(
        "GATEWAY_CALLER_REQUESTS_MAX",
        whole(1, 100_000, 1000),
        None,
        "The same limit for one key, including the operator's (429), so that one program cannot"
        " use up everything.",
        default_note="as `GATEWAY_REQUESTS_MAX`",
        derive=_all_requests,
        unset=REQUESTS_MAX,
        is_divided=True,
    )
    caller_percent: int = setting(
        "GATEWAY_CALLER_PERCENT",
        whole(1, 100, 80),
        "80",
        "The share of all requests, streams and bodies that one caller may use (429): a key of"
        " `CLIENT_TOKENS`, an API key or, with `PASSTHROUGH`, a token. `AUTH_TOKEN` may use all, so"
        " that the operator always gets through.",
    )
    streams_max: int = setting(
        "GATEWAY_STREAMS_MAX",
        whole(1, 100_000, 1000),
        "1000",
        "How many of them may be streams (503). A stream lasts for minutes and takes up to 64"
        " KiB of memory and two file descriptors.",
        is_divided=True,
    )
    bodies_bytes_max: int = setting(
        "GATEWAY_BODIES_BYTES_MAX",
        size(MIB, 64 * GIB, "64MiB"),
        "64MiB",
        "Memory for all request bodies together (503). A body is kept until its answer begins,"
        " and takes about three times its size while it is read.",
        is_divided=True,
    )


class _Share:
    """What one caller takes up. Only its admission changes it."""

    __slots__ = ("body_bytes", "is_operator", "key", "request_count", "stream_count")

    def __init__(self, key: Hashable, *, is_operator: bool) -> None:
        self.key = key
        self.is_operator = is_operator
        self.request_count = 0
        self.stream_count = 0
        self.body_bytes = 0


class Place:
    """What one request takes up. Only its admission changes it."""

    __slots__ = ("body_bytes", "is_left", "is_stream", "share")

    def __init__(self, share: _Share) -> None:
        self.share = share
        self.body_bytes = 0
        self.is_stream = False
        self.is_left = False


class Admission:
    """Counts what is under way."""

    def __init__(self, options: AdmissionOptions, clock: Clock, observer: Observer) -> None:
        self.options = options
        self._clock = clock
        self._observer = observer
        self._reported_at = -REPORT_EVERY_S
        self._unreported_count = 0
        # Refusals by the setting whose limit was reached.
        self.refused_counts: Counter[str] = Counter()
        self.request_count = 0
        self.stream_count = 0
        self.bodies_bytes = 0
        # Of those who have requests under way.
        self._shares: dict[Hashable, _Share] = {}

    def __repr__(self) -> str:
        return (
            f"Admission(requests={self.request_count}, streams={self.stream_count},"
            f" bodies={self.bodies_bytes} bytes, callers={len(self._shares)})"
        )

    def enter(self, caller: Caller) -> Place:
        """A place for one request, to be given back with `leave`.

        Raises Fault: OVERLOADED when all places are taken, CONCURRENCY_EXCEEDED when this caller
        has as many as one may have.
        """
        options = self.options
        # Callers of a pass-through share a name; what tells them apart is what they bring.
        key: Hashable = caller.credentials or caller.name
        share = self._shares.get(key)
        if share is None:
            share = _Share(key, is_operator=caller.is_admin)
        count = share.request_count
        if self.request_count >= options.requests_max:
            raise self._refuse(f"{self.request_count:,} requests", "GATEWAY_REQUESTS_MAX")
        if count >= options.caller_requests_max:
            raise self._refuse_caller(f"{count:,} requests", "GATEWAY_CALLER_REQUESTS_MAX")
        if not share.is_operator and self._is_beyond_share(count + 1, options.requests_max):
            raise self._refuse_caller(f"{count:,} requests", "GATEWAY_CALLER_PERCENT")
        self._shares[key] = share
        share.request_count += 1
        self.request_count += 1
        return Place(share)

    def add_body_bytes(self, place: Place, bytes_count: int) -> None:
        """So many more bytes of a body are kept.

        Raises Fault when it is too much: OVERLOADED of all bodies, CONCURRENCY_EXCEEDED of this
        caller's.
        """
        _require_entered(place)
        share, bytes_max = place.share, self.options.bodies_bytes_max
        if self.bodies_bytes + bytes_count > bytes_max:
            raise self._refuse(
                f"{self.bodies_bytes:,} bytes of request bodies", "GATEWAY_BODIES_BYTES_MAX"
            )
        # What has a limit for one body lets one be as large, whatever the share.
        has_others = share.body_bytes != place.body_bytes and not share.is_operator
        if has_others and self._is_beyond_share(share.body_bytes + bytes_count, bytes_max):
            raise self._refuse_caller(
                f"{share.body_bytes:,} bytes of request bodies", "GATEWAY_CALLER_PERCENT"
            )
        self.bodies_bytes += bytes_count
        share.body_bytes += bytes_count
        place.body_bytes += bytes_count

    def release_body(self, place: Place) -> None:
        """The body is kept no longer: the answer has begun."""
        self.bodies_bytes -= place.body_bytes
        place.share.body_bytes -= place.body_bytes
        place.body_bytes = 0

    def begin_stream(self, place: Place) -> None:
        """The answer will be streamed.

        Raises Fault when too many are: OVERLOADED of all, CONCURRENCY_EXCEEDED of this caller's.
        """
        _require_entered(place)
        share, streams_max = place.share, self.options.streams_max
        if self.stream_count >= streams_max:
            raise self._refuse(f"{self.stream_count:,} streams", "GATEWAY_STREAMS_MAX")
        if not share.is_operator and self._is_beyond_share(share.stream_count + 1, streams_max):
            raise self._refuse_caller(f"{share.stream_count:,} streams", "GATEWAY_CALLER_PERCENT")
        self.stream_count += 1
        share.stream_count += 1
        place.is_stream = True

    def leave(self, place: Place) -> None:
        """The request is over. A second call changes nothing."""
        if place.is_left:
            return
        place.is_left = True
        self.release_body(place)
        share = place.share
        self.stream_count -= place.is_stream
        share.stream_count -= place.is_stream
        self.request_count -= 1
        share.request_count -= 1
        if not share.request_count:
            del self._shares[share.key]

    def _is_beyond_share(self, wanted: int, whole_max: int) -> bool:
        """Whether so much is more than one caller may have; one request is always allowed."""
        return wanted > 1 and wanted * 100 > whole_max * self.options.caller_percent

    def _refuse_caller(self, what: str, setting: str) -> Fault:
        """The fault of a limit that this caller alone has reached."""
        self._report(setting)
        return Fault(
            FaultKind.CONCURRENCY_EXCEEDED,
            f"{what} of yours are under way, and no more are allowed at once ({setting}); wait"
            " until one ends.",
            retry_after_s=RETRY_AFTER_S,
        )

    def _refuse(self, what: str, setting: str) -> Fault:
        """The fault of a limit that all callers have reached together."""
        self._report(setting)
        return Fault(
            FaultKind.OVERLOADED,
            f"The gateway is busy with {what}, and takes no more at once ({setting}); come back"
            " soon.",
            retry_after_s=RETRY_AFTER_S,
        )

    def _report(self, setting: str) -> None:
        """Warn the operator, but not of each of thousands."""
        self.refused_counts[setting] += 1
        self._unreported_count += 1
        now = self._clock.monotonic()
        if now - self._reported_at >= REPORT_EVERY_S:
            self._observer.warn(
                "requests are refused: a limit is reached",
                limit=setting,
                refused_count=self._unreported_count,
            )
            self._reported_at, self._unreported_count = now, 0


def _require_entered(place: Place) -> None:
    if place.is_left:
        raise RuntimeError("the place was left already")
