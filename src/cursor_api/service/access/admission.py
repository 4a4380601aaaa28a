"""Who is let in now, and who is told to come back: counts, compared before any work is done.

Rules of this file:
- Refusing costs next to nothing: it is decided by the caller's name alone, before a body is read.
- What is taken is given back by `Place.leave`, however a request ends.
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
# The operator is told of the first refusal, and then of their number.
TELL_AGAIN_S = 60.0


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


class Admission:
    """Counts what is under way."""

    def __init__(self, options: AdmissionOptions, clock: Clock, observer: Observer) -> None:
        self.options = options
        self._clock = clock
        self._observer = observer
        self._told_at = -TELL_AGAIN_S
        self._untold_count = 0
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
        """A place for one request.

        Raises Fault: OVERLOADED when all places are taken, CONCURRENCY_EXCEEDED when this caller
        has as many as one may have.
        """
        options = self.options
        # Callers of a pass-through share a name; what tells them apart is what they bring.
        key: Hashable = caller.credentials or caller.name
        count = self.count_by_caller.get(key, 0)
        if count >= options.caller_requests_max:
            self._tell("GATEWAY_CALLER_REQUESTS_MAX")
            raise Fault(
                FaultKind.CONCURRENCY_EXCEEDED,
                f"{count:,} requests of yours are under way, and no more are allowed at once"
                " (GATEWAY_CALLER_REQUESTS_MAX); wait until one ends.",
                retry_after_s=RETRY_AFTER_S,
            )
        if self.request_count >= options.requests_max:
            raise self.refuse(f"{self.request_count:,} requests", "GATEWAY_REQUESTS_MAX")
        self.count_by_caller[key] = count + 1
        self.request_count += 1
        return Place(self, key)

    def refuse(self, what: str, setting: str) -> Fault:
        """Only for Place: the fault of a limit that all callers have reached together."""
        self._tell(setting)
        return Fault(
            FaultKind.OVERLOADED,
            f"The gateway is busy with {what}, and takes no more at once ({setting}); come back"
            " soon.",
            retry_after_s=RETRY_AFTER_S,
        )

    def _tell(self, setting: str) -> None:
        """Tell the operator, but not of each of thousands."""
        self._untold_count += 1
        now = self._clock.monotonic()
        if now - self._told_at >= TELL_AGAIN_S:
            self._observer.warn(
                "requests are refused: a limit is reached",
                limit=setting,
                refused_count=self._untold_count,
            )
            self._told_at, self._untold_count = now, 0

    def forget(self, key: Hashable) -> None:
        """Only for Place: a request of this caller is over."""
        self.request_count -= 1
        count = self.count_by_caller[key] - 1
        if count:
            self.count_by_caller[key] = count
        else:
            del self.count_by_caller[key]


class Place:
    """What one request takes up."""

    __slots__ = ("_admission", "_held_bytes", "_is_stream", "_key")

    def __init__(self, admission: Admission, key: Hashable) -> None:
        self._admission: Admission | None = admission
        self._key = key
        self._held_bytes = 0
        self._is_stream = False

    def hold(self, bytes_count: int) -> None:
        """So many more bytes of a body are kept; raises Fault(OVERLOADED) when it is too much."""
        admission = self._get_admission()
        if admission.bodies_bytes + bytes_count > admission.options.bodies_bytes_max:
            raise admission.refuse(
                f"{admission.bodies_bytes:,} bytes of request bodies", "GATEWAY_BODIES_BYTES_MAX"
            )
        admission.bodies_bytes += bytes_count
        self._held_bytes += bytes_count

    def let_go(self) -> None:
        """The body is kept no longer: the answer has begun."""
        if self._held_bytes:
            self._get_admission().bodies_bytes -= self._held_bytes
            self._held_bytes = 0

    def stream(self) -> None:
        """The answer will be streamed; raises Fault(OVERLOADED) when too many are."""
        admission = self._get_admission()
        if admission.stream_count >= admission.options.streams_max:
            raise admission.refuse(f"{admission.stream_count:,} streams", "GATEWAY_STREAMS_MAX")
        admission.stream_count += 1
        self._is_stream = True

    def leave(self) -> None:
        """The request is over. A second call changes nothing."""
        admission = self._admission
        if admission is None:
            return
        self.let_go()
        admission.stream_count -= self._is_stream
        admission.forget(self._key)
        self._admission = None

    def _get_admission(self) -> Admission:
        if self._admission is None:
            raise RuntimeError("the place was left already")
        return self._admission
