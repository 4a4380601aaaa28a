"""Gateways of several checkouts, loaded in turn: `python -m bench.bursts CHECKOUT... --rounds 15`.

All of them are up at once. In each round each gets one burst, in an order by chance, as fast as it
answers; what counts is its CPU time for each request or frame. It is compared with that of the last
checkout in the same round, so that a machine which slows down moves both. A checkout's gateway runs
by its own `.venv`, where it has one: the same commit by two interpreters is two checkouts.

Needs a C compiler, and for `--tls` HAProxy, which speaks TLS in front of the C upstream: it keeps
its connections (`kept`), or ends each with its answer (`new`).
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from bench import native
from bench.measure import chat_body
from bench.processes import Launch, Running, free_port, run_tidily, running, say
from bench.ratio import CERTIFICATES, RatioError, gateway_of, wait_until_listening
from bench.subjects import CHAT_PATH, ROOT, Place, bearer

# Each gateway has two before the first round: connections, caches, memory.
WARMING_BURSTS = 2
PATIENCE_S = 20.0
HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend tls
  bind 127.0.0.1:{port} ssl crt {certificate}
  {ending}
  default_backend upstream
backend upstream
  server upstream 127.0.0.1:{upstream_port}
"""
ENDINGS = {"kept": "", "new": "option httpclose"}


@dataclass(frozen=True)
class Unit:
    """What a burst asks for, and how its answers are counted."""

    frames: int
    interval_ms: int
    connections: int
    seconds: float
    is_stream: bool = True
    requests_max: int = 0


UNITS = {
    "request": Unit(1, 0, 16, 0.6, is_stream=False),
    "stream": Unit(1, 0, 16, 0.6),
    "frame": Unit(30, 20, 120, 5.0, requests_max=120),
}


@dataclass(frozen=True)
class Gateway:
    """One that is up."""

    checkout: Path
    place: Place
    program: Running


def burst_us(gateway: Gateway, unit: Unit) -> float:
    """CPU µs of one burst for each request, or for each frame of a longer stream."""
    body_file = gateway.place.folder / "body.json"
    body_file.write_bytes(chat_body(unit.frames, unit.interval_ms, is_stream=unit.is_stream))
    plan = native.LoadPlan(
        gateway.place.port,
        CHAT_PATH,
        bearer(gateway.place),
        body_file,
        unit.connections,
        unit.seconds,
        unit.requests_max,
        patience_s=PATIENCE_S,
    )
    before_s = gateway.program.cpu_s()
    result, error = native.load(plan, None)
    spent_s = gateway.program.cpu_s() - before_s
    count = result["frames"] if unit.frames > 1 else result["done"]
    if result["failed"] or not count:
        raise RatioError(f"{gateway.checkout}: {error}\n{gateway.program.log_tail()}")
    return spent_s / count * 1e6


@contextlib.contextmanager
def upstream_of(tls: str | None, folder: Path) -> Iterator[int]:
    """The C upstream, behind HAProxy where it shall speak TLS; gives the port."""
    with ExitStack() as stack:
        port = upstream_port = stack.enter_context(native.upstream(folder, None))
        if tls is not None:
            haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
            if haproxy is None:
                raise RatioError(
                    "--tls needs HAProxy. On Debian or Ubuntu: apt-get install haproxy"
                )
            port, config = free_port(), folder / "haproxy.cfg"
            config.write_text(
                HAPROXY.format(
                    port=port,
                    upstream_port=upstream_port,
                    certificate=CERTIFICATES / "good.pem",
                    ending=ENDINGS[tls],
                )
            )
            launch = Launch([haproxy, "-db", "-f", str(config)])
            program = stack.enter_context(
                running(launch, core=None, log_path=folder / "haproxy.log")
            )
            wait_until_listening("HAProxy", program, port)
        yield port


def start(
    stack: ExitStack, checkouts: Sequence[Path], port: int, folder: Path, tls: str | None
) -> list[Gateway]:
    """All of them, up."""
    gateways = []
    for number, checkout in enumerate(checkouts):
        own = folder / str(number)
        own.mkdir()
        authority = CERTIFICATES / "authority.pem" if tls else None
        place = Place(free_port(), port, own, f"sk-{token_hex(32)}", authority)
        launch = gateway_of(checkout).launch(place)
        program = stack.enter_context(running(launch, core=None, log_path=own / "log"))
        gateways.append(Gateway(checkout, place, program))
    for gateway in gateways:
        wait_until_listening(str(gateway.checkout), gateway.program, gateway.place.port)
    return gateways


def compare(gateways: Sequence[Gateway], unit: Unit, rounds: int) -> list[list[float]]:
    """The µs of each gateway in each round."""
    for gateway in gateways:
        for _ in range(WARMING_BURSTS):
            burst_us(gateway, unit)
    taken: list[list[float]] = [[] for _ in gateways]
    for _ in range(rounds):
        for number in random.sample(range(len(gateways)), len(gateways)):
            taken[number].append(burst_us(gateways[number], unit))
    return taken


def describe(name: str, gateways: Sequence[Gateway], taken: Sequence[Sequence[float]]) -> None:
    """A line for each gateway."""
    for gateway, own in zip(gateways, taken, strict=True):
        ratios = [one / last for one, last in zip(own, taken[-1], strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4)
        print(
            f"{name:8} ×{statistics.median(ratios):.3f} (quartiles {low:.3f}-{high:.3f})"
            f"  {statistics.median(own):7.1f} µs (least {min(own):.1f})  {gateway.checkout}",
            flush=True,
        )


def main(arguments: Sequence[str]) -> int:
    """Compare and print; 1 when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m bench.bursts", description=__doc__)
    parser.add_argument("checkouts", type=Path, nargs="*", metavar="CHECKOUT", default=[ROOT])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--unit", choices=UNITS, action="append", help="by default a request")
    parser.add_argument("--tls", choices=ENDINGS, help="the upstream speaks TLS")
    options = parser.parse_args(arguments)
    try:
        native.build()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bursts-")))
            port = stack.enter_context(upstream_of(options.tls, folder))
            gateways = start(stack, options.checkouts, port, folder, options.tls)
            for name in options.unit or ["request"]:
                say(f"{name}: {options.rounds} rounds of {len(gateways)} gateways")
                describe(name, gateways, compare(gateways, UNITS[name], options.rounds))
    except (RatioError, native.ToolsMissingError, native.LoadFailedError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    run_tidily(main)
