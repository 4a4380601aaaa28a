"""What the gateway costs, as a multiple of the floor: `python -m bench.ratio`.

With `--before CHECKOUT` it is compared with the gateway of another checkout instead: what a change
costs, before and after it in the same minute. With `--route KIND` its way to an upstream of this
kind is compared with that over the private wire. With `--tls` the upstream speaks TLS and keeps
its connections (`kept`), or ends each with its answer (`new`).

Needs only Python (no compiler, no network). Both programs are loaded at the same time and at the
same pace, in short rounds, and only their own CPU time is counted: a busy or slow machine moves
both figures and hardly their ratio. (Loaded in turns, or as fast as they answer, the floor and the
floor itself differed by a third on a busy machine.) Prints one JSON object:
{"request": {...}, "frame": {...}}, each with the µs per unit of both, and the
ratio of the first to the second.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import functools
import http.client
import json
import secrets
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Running, end_tidily, free_port, running
from bench.pure import Errand, Upstream, ask, run
from bench.subjects import ROOT, SUBJECTS, Place, Subject, launch_gateway

# On a busy machine a start takes ten times as long.
START_PATIENCE_S = 30.0
# A round takes 1.5 s where there is nothing to wait for: it is CPU time that is compared.
ROUND_PATIENCE_S = 10.0
REQUEST_CONNECTIONS = 16
REQUEST_INTERVAL_S = 0.02
# Handshakes cost the upstream, too, which is Python and has those of both.
NEW_CONNECTION_INTERVAL_S = 0.1
NEW_CONNECTION_REQUESTS = 10
STREAMS = 100
FRAME_INTERVAL_MS = 10
CERTIFICATES = ROOT / "tests" / "vectors" / "tls"


@dataclass(frozen=True)
class Load:
    """How much is asked in a round, and how many rounds there are."""

    rounds: int = 8
    requests_per_connection: int = 30
    frames_per_stream: int = 60
    request_interval_s: float = REQUEST_INTERVAL_S
    # Of the upstream, and whether it is the same connection for each request.
    is_tls: bool = False
    is_kept: bool = True


@dataclass(frozen=True)
class Contender:
    """A program that is up."""

    name: str
    port: int
    key: str
    program: Running


class RatioError(Exception):
    """The comparison could not be made; the message says why."""


def find_subject(name: str) -> Subject:
    """One of the subjects, by its name."""
    return next(subject for subject in SUBJECTS if subject.name == name)


def gateway_of(checkout: Path) -> Subject:
    """The gateway of another checkout, under the name `before`."""
    if not (checkout / "src" / "cursor_api").is_dir():
        raise RatioError(f"{checkout} is no checkout of this project: it has no src/cursor_api")
    launch = functools.partial(launch_gateway, root=checkout.absolute())
    return dataclasses.replace(find_subject("gateway"), name="before", launch=launch)


def gateway_over(kind: str) -> Subject:
    """The gateway with its one model at an upstream of this kind."""
    launch = functools.partial(launch_gateway, kind=kind)
    return dataclasses.replace(find_subject("gateway"), name=kind, launch=launch)


def _start(
    stack: ExitStack, subjects: Iterable[Subject], upstream_port: int, authority: Path | None
) -> list[Contender]:
    """Start one process for each, all at once."""
    contenders = []
    for subject in subjects:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratio-")))
        key = f"sk-{secrets.token_hex(32)}"
        place = Place(free_port(), upstream_port, folder, key, authority)
        launch = subject.launch(place)
        program = stack.enter_context(running(launch, core=None, log_path=folder / "output.log"))
        contenders.append(Contender(subject.name, place.port, place.key, program))
    return contenders


def is_listening(port: int) -> bool:
    """Whether anybody takes connections there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def wait_until_listening(name: str, program: Running, port: int) -> None:
    """Return when it accepts connections; raises RatioError when it does not in time."""
    give_up_at = time.monotonic() + START_PATIENCE_S
    while not is_listening(port):
        if program.has_ended() or time.monotonic() > give_up_at:
            raise RatioError(f"{name} does not listen:\n{program.log_tail()}")
        time.sleep(0.02)


async def _cost_us(contender: Contender, errand: Errand) -> float:
    """CPU µs of the contender per frame of the errand; every answer must be whole."""
    before = contender.program.cpu_s()
    tally = await ask(errand)
    cost_s = contender.program.cpu_s() - before
    frames = tally.answers_count * errand.frames
    if tally.refusals or not frames or tally.frames_count != frames:
        raise RatioError(
            f"{contender.name}: {tally.frames_count} of {frames} frames came; "
            f"{tally.refusals[:1]}\n{contender.program.log_tail()}"
        )
    return cost_s / frames * 1e6


def requests_of(contender: Contender, load: Load) -> Errand:
    """Requests of one frame."""
    return Errand(
        contender.port,
        contender.key,
        1,
        REQUEST_CONNECTIONS,
        asks=load.requests_per_connection,
        interval_s=load.request_interval_s,
    )


def streams_of(contender: Contender, load: Load) -> Errand:
    """Streams of many frames, all at once."""
    return Errand(contender.port, contender.key, load.frames_per_stream, STREAMS, is_stream=True)


def _find_tls() -> tuple[ssl.SSLContext, Path]:
    """What the upstream shows, and who vouches for it."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATES / "good.pem")
    return tls, CERTIFICATES / "authority.pem"


async def compare(subjects: tuple[Subject, Subject], load: Load) -> dict[str, dict[str, float]]:
    """Load the two at once, round after round; the medians and their ratio."""
    tls, authority = _find_tls() if load.is_tls else (None, None)
    async with Upstream(FRAME_INTERVAL_MS, tls, is_kept=load.is_kept) as upstream:
        with ExitStack() as stack:
            contenders = _start(stack, subjects, upstream.port, authority)
            for each in contenders:
                await asyncio.to_thread(wait_until_listening, each.name, each.program, each.port)
            taken: dict[str, list[list[float]]] = {"request": [], "frame": []}
            # The first round warms up: connections, caches, memory.
            for number in range(load.rounds + 1):
                for unit, errand_of in (("request", requests_of), ("frame", streams_of)):
                    costs = await asyncio.gather(
                        *(_cost_us(each, errand_of(each, load)) for each in contenders)
                    )
                    if number:
                        taken[unit].append(costs)
    first, second = (subject.name for subject in subjects)
    if first == second:
        second += "_again"
    return {
        unit: {
            f"{first}_us": round(statistics.median(one for one, _ in pairs), 1),
            f"{second}_us": round(statistics.median(other for _, other in pairs), 1),
            "ratio": round(statistics.median(one / other for one, other in pairs), 3),
        }
        for unit, pairs in taken.items()
    }


def main() -> None:
    """Compare, print, and exit with 1 when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m bench.ratio", description=__doc__)
    parser.add_argument("--rounds", type=int, default=Load.rounds)
    parser.add_argument(
        "--self", action="store_true", help="the floor against itself: shows the noise"
    )
    parser.add_argument(
        "--before",
        type=Path,
        metavar="CHECKOUT",
        help="compare with the gateway of another checkout, in place of the floor",
    )
    parser.add_argument(
        "--route", choices=("openai", "anthropic"), help="compare this route with the private wire"
    )
    parser.add_argument(
        "--tls",
        choices=("kept", "new"),
        help="over TLS, on kept connections or on one for each request",
    )
    options = parser.parse_args()
    load = Load(rounds=options.rounds, is_tls=options.tls is not None)
    if options.tls == "new":
        load = dataclasses.replace(
            load,
            is_kept=False,
            requests_per_connection=NEW_CONNECTION_REQUESTS,
            request_interval_s=NEW_CONNECTION_INTERVAL_S,
        )
    patience_s = ROUND_PATIENCE_S * (load.rounds + 1) + START_PATIENCE_S
    end_tidily()
    try:
        other = gateway_of(options.before) if options.before else find_subject("floor")
        one = find_subject("floor" if options.self else "gateway")
        if options.route:
            one, other = gateway_over(options.route), find_subject("gateway")
        result = run(asyncio.wait_for(compare((one, other), load), patience_s))
    except TimeoutError:
        sys.exit(f"not done within {patience_s:g} s: this machine is too busy to tell")
    except RatioError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
