"""Who is let in now, and who has to come back: counts, compared before any work is done.

Rules of this file:
- Refusing costs next to nothing: it is decided by the caller's name alone, before a body is read.
- What is taken is given back by `Admission.leave`, however a request ends.
- A limit that one caller alone has reached is that caller's (429); one that all have reached
  together is the gateway's (503). Both say when to come back.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from cursor_api.domain.caller import Caller
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.kinds import size, whole
from cursor_api.options.setting import GIB, MIB, setting
from cursor_api.ports import Clock, Observer

# Places come free with every answer that ends; a second is a few of them.
RETRY_AFTER_S = 1.0
# The first refusal is reported to the operator, and then their number.
REPORT_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class AdmissionOptions:
    """Bounds of what is under way at once."""

    requests_max: int = setting(
        "GATEWAY_REQUESTS_MAX",
        whole(1, 100_000, 1200),
        "1200",
        "Chat requests under way at once; more are told to come back in a second (503). A"
        " small server carries some thousand streams, and each caller waits longer with every"
        " further one.",
    )
    caller_requests_max: int = setting(
        "GATEWAY_CALLER_REQUESTS_MAX",
        whole(1, 100_000, 1000),
        "1000",
        "The same for one key (429): a program gone wild leaves room for the others.",
    )
    streams_max: int = setting(
        "GATEWAY_STREAMS_MAX",
        whole(1, 100_000, 1000),
        "1000",
        "How many of them may be streams (503), which hold their place for minutes: a stream"
        " keeps up to 64 KiB of memory and two file descriptors.",
    )
    bodies_bytes_max: int = setting(
        "GATEWAY_BODIES_BYTES_MAX",
        size(MIB, 64 * GIB, "64MiB"),
        "64MiB",
        "Request bodies kept at once, all together (503). A body is kept until its answer"
        " begins, and takes about three times its size while it is read.",
    )


class Place:
    """What one request takes up. Only its admission changes it."""

    __slots__ = ("body_bytes", "caller_key", "is_left", "is_stream")

    def __init__(self, caller_key: Hashable) -> None:
        self.caller_key = caller_key
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
        self.request_count = 0
        self.stream_count = 0
        self.bodies_bytes = 0
        self.count_by_caller: dict[Hashable, int] = {}

    def __repr__(self) -> str:
        return (
            f"Admission(requests={self.request_count}, streams={self.stream_count},"
            f" bodies={self.bodies_bytes} bytes)"
        )

    def enter(self, caller: Caller) -> Place:
        """A place for one request, to be given back with `leave`.

        Raises Fault: OVERLOADED when all places are taken, CONCURRENCY_EXCEEDED when this caller
        has as many as one may have.
        """
        options = self.options
        # Callers of a pass-through share a name; what tells them apart is what they bring.
        key: Hashable = caller.credentials or caller.name
        count = self.count_by_caller.get(key, 0)
        if count >= options.caller_requests_max:
            self._report("GATEWAY_CALLER_REQUESTS_MAX")
            raise Fault(
                FaultKind.CONCURRENCY_EXCEEDED,
                f"{count:,} requests of yours are under way, and no more are allowed at once"
                " (GATEWAY_CALLER_REQUESTS_MAX); wait until one ends.",
                retry_after_s=RETRY_AFTER_S,
            )
        if self.request_count >= options.requests_max:
            raise self._refuse(f"{self.request_count:,} requests", "GATEWAY_REQUESTS_MAX")
        self.count_by_caller[key] = count + 1
        self.request_count += 1
        return Place(key)

    def add_body_bytes(self, place: Place, bytes_count: int) -> None:
        """So many more bytes of a body are kept; raises Fault(OVERLOADED) when it is too much."""
        _require_entered(place)
        if self.bodies_bytes + bytes_count > self.options.bodies_bytes_max:
            raise self._refuse(
                f"{self.bodies_bytes:,} bytes of request bodies", "GATEWAY_BODIES_BYTES_MAX"
            )
        self.bodies_bytes += bytes_count
        place.body_bytes += bytes_count

    def release_body(self, place: Place) -> None:
        """The body is kept no longer: the answer has begun."""
        self.bodies_bytes -= place.body_bytes
        place.body_bytes = 0

    def begin_stream(self, place: Place) -> None:
        """The answer will be streamed; raises Fault(OVERLOADED) when too many are."""
        _require_entered(place)
        if self.stream_count >= self.options.streams_max:
            raise self._refuse(f"{self.stream_count:,} streams", "GATEWAY_STREAMS_MAX")
        self.stream_count += 1
        place.is_stream = True

    def leave(self, place: Place) -> None:
        """The request is over. A second call changes nothing."""
        if place.is_left:
            return
        place.is_left = True
        self.release_body(place)
        self.stream_count -= place.is_stream
        self.request_count -= 1
        count = self.count_by_caller[place.caller_key] - 1
        if count:
            self.count_by_caller[place.caller_key] = count
        else:
            del self.count_by_caller[place.caller_key]

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
