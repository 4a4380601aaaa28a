"""How long the event loop is held while bodies of ten megabytes come, of every dear shape.

The gateway runs in this process, on the loop that is measured; the bodies come from another process
and go to simulators in others. Every two milliseconds the loop is asked for a moment of its
time, and it is noted how late it gave it. A moment that was due while an earlier one was late
counts as well: the figure is a share of time, not of occasions. On a busy machine the loop also
waits for the processor; what it was held by the gateway's own work is told beside it.

python -m tests.soak.lag              every shape, three seconds each
python -m tests.soak.lag send PORT    what the other process does
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cursor_api.bootstrap import make_checksum, memory_stores
from cursor_api.domain.credential import Credential, Secret
from cursor_api.installed import SCHEMA
from cursor_api.runtime import GC_THRESHOLDS
from cursor_api.settings import load_settings
from cursor_api.telemetry.redaction import Redactor
from tests.acceptance.in_process import KEY, Gateway, gateway_of
from tests.soak.figures import QUICK, Figure, Size, command, say
from tests.soak.shapes import SHAPES
from tests.soak.shapes_routes import MODELS, ROUTED, SDK_MODEL
from tests.soak.stand import ROOT, run_fast, simulator

LAG_MS_MAX = 50.0
QUANTILE = 0.999
TICK_S = 0.002
# At once, of one shape.
CONNECTIONS = 4
HEADERS = f"Host: x\r\nAuthorization: Bearer {KEY}\r\n".encode()
ALL_SHAPES = {**SHAPES, **ROUTED}
# How long an answer may take before the sender gives it up.
PATIENCE_S = 30.0
WORST_COUNT = 5
# Every twelfth shape is enough to see that the stage works.
FEW_STEP, QUICK_STEP = 12, 4
# Of those with a simulator that is asked by address.
KINDS = ("cursor", "openai", "anthropic")
# What the bridge calls the model that it is asked for.
BRIDGE_MODEL = "auto"
IDLE = "nothing at all"
ALL_AT_ONCE = "all of them at once"


@dataclass(frozen=True, slots=True)
class Lag:
    """In milliseconds: how late the loop was, and for how long it worked without a break."""

    quantile: float
    highest: float
    longest_work: float


class Ticker:
    """Asks for a moment of the loop's time again and again, and notes how late it came."""

    def __init__(self) -> None:
        self._lags_s: list[float] = []
        self._longest_work_s = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        due_at = time.monotonic() + TICK_S
        while True:
            worked_s = time.thread_time()
            await asyncio.sleep(due_at - time.monotonic())
            now = time.monotonic()
            self._longest_work_s = max(self._longest_work_s, time.thread_time() - worked_s)
            while due_at <= now:
                self._lags_s.append(now - due_at)
                due_at += TICK_S

    def take(self) -> Lag:
        """What was seen since the last call."""
        lags, self._lags_s = sorted(self._lags_s) or [0.0], []
        work_s, self._longest_work_s = self._longest_work_s, 0.0
        return Lag(lags[int(len(lags) * QUANTILE)] * 1000, lags[-1] * 1000, work_s * 1000)


async def measure(urls: Mapping[str, str], seconds: float, names: Sequence[str]) -> dict[str, Lag]:
    """The lag by shape, and that of all of them together; `urls` are the simulators', by kind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    found = {}
    async with gateway_before_all(urls) as gateway:
        ticker = Ticker()
        ticking = asyncio.create_task(ticker.run())
        sender = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.soak.lag", "send", str(gateway.port)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await asyncio.sleep(seconds)
            found[IDLE] = ticker.take()
            for name in (*names, ALL_AT_ONCE):
                wanted = names if name == ALL_AT_ONCE else (name,)
                answers = await _have_sent(sender, wanted, seconds, ticker)
                found[name] = lag = ticker.take()
                say(
                    f"{name:36} p99.9 {lag.quantile:6.1f} ms, highest {lag.highest:6.1f} ms,"
                    f" longest work {lag.longest_work:5.1f} ms; {answers}"
                )
        finally:
            ticking.cancel()
            sender.kill()
            await sender.wait()
    return found


@asynccontextmanager
async def gateway_before_all(urls: Mapping[str, str]) -> AsyncIterator[Gateway]:
    """One with an upstream of each kind, each of which has a model of its kind's name.

    The bridge is the simulator's too, a program that the gateway starts as it would start Cursor's.
    """
    blocks = [
        f'[[upstream]]\nname = "{kind}"\nkind = "{kind}"\nbase_url = "{urls[kind]}"\n'
        f'api_key = "a-key"\nmodels = ["{kind}"]\n'
        for kind in MODELS
        if kind != SDK_MODEL
    ]
    blocks.append(f'[[model]]\nname = "{SDK_MODEL}"\nroutes = ["{SDK_MODEL}/{BRIDGE_MODEL}"]\n')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cursor-api.toml"
        path.write_text("".join(blocks), encoding="utf-8")
        environ = {
            "AUTH_TOKEN": KEY,
            "CURSOR_BASE_URL": urls["cursor"],
            "CURSOR_SDK_BRIDGE_BIN": str(_bridge_program(Path(folder))),
            # It lets no bridge read Python's own files.
            "CURSOR_SDK_BRIDGE_CAGE": "false",
        }
        loaded = load_settings(SCHEMA, environ, Path(folder), path)
        assert not loaded.problems, loaded.problems
        stores = memory_stores(
            [
                Credential("me", Secret("a-session-token"), make_checksum()),
                Credential("mine", Secret("crsr_" + "0" * 32), "", SDK_MODEL),
            ]
        )
        async with gateway_of(loaded.settings, stores, Redactor()) as gateway:
            yield gateway


def _bridge_program(folder: Path) -> Path:
    program = folder / "bridge"
    module = "cursor_api.simulator.cursor_sdk.program"
    program.write_text(f"#!{sys.executable}\nfrom {module} import main\nmain()\n", encoding="utf-8")
    program.chmod(0o700)
    return program


async def _have_sent(sender: Process, names: Sequence[str], seconds: float, ticker: Ticker) -> str:
    """Have the other process send such bodies for so long; gives the answers that it got."""
    assert sender.stdin is not None
    assert sender.stdout is not None
    sender.stdin.write("\t".join([str(seconds), *names, "\n"]).encode())
    # It makes the bodies first.
    await sender.stdout.readline()
    ticker.take()
    return (await sender.stdout.readline()).decode().strip()


def send(port: int) -> None:
    """Do as is said on the standard input."""
    for line in sys.stdin:
        seconds, *names = line.strip().split("\t")
        requests = [ALL_SHAPES[one].request(HEADERS) for one in names]
        _tell("ready")
        _tell(json.dumps(asyncio.run(_send(port, float(seconds), requests))))


def _tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


async def _send(port: int, seconds: float, requests: Sequence[bytes]) -> Counter[str]:
    """Send them over some connections again and again; gives what became of them."""
    outcomes: Counter[str] = Counter()
    end_at = time.monotonic() + seconds

    async def keep_sending(number: int) -> None:
        at = number
        while time.monotonic() < end_at:
            outcomes[await _send_one(port, requests[at % len(requests)])] += 1
            at += CONNECTIONS

    await asyncio.gather(*(keep_sending(number) for number in range(CONNECTIONS)))
    return outcomes


async def _send_one(port: int, request: bytes) -> str:
    """The status of the answer and the error's code, or what became of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            writer.write(request)
            # A refusal may come before all is sent, and the connection end with it.
            with suppress(ConnectionError):
                answer = await reader.readuntil(b"\r\n\r\n")
                answer += await reader.read(4096)
    except TimeoutError:
        return "no answer"
    except asyncio.IncompleteReadError:
        return "closed"
    finally:
        writer.transport.abort()
    status = answer[9:12].decode()
    code = re.search(rb'"code":"(\w+)"', answer)
    return f"{status} {code[1].decode()}" if code else status or "closed"


def run(size: Size) -> list[Figure]:
    """Every shape, and all of them at once; the figures are the worst ones."""
    names = tuple(ALL_SHAPES)
    if size.share < 1:
        names = names[:: FEW_STEP if size.share < QUICK.share else QUICK_STEP]
    with ExitStack() as stack:
        urls = {kind: stack.enter_context(simulator(kind)) for kind in KINDS}
        found = run_fast(measure(urls, size.seconds(3.0, 0.25), names))
    together = found.pop(ALL_AT_ONCE)
    idle = found.pop(IDLE)
    worst = sorted(found, key=lambda name: found[name].quantile, reverse=True)[:WORST_COUNT]
    busiest = max(found, key=lambda name: found[name].longest_work)
    return [
        Figure("lag p99.9 of the idle loop", idle.quantile, "ms", is_timing=True),
        *(
            Figure(f"lag p99.9, {name}", lag.quantile, "ms", at_most=LAG_MS_MAX, is_timing=True)
            for name, lag in [*((name, found[name]) for name in worst), (ALL_AT_ONCE, together)]
        ),
        Figure(
            f"longest work without a break, {busiest}",
            found[busiest].longest_work,
            "ms",
            at_most=LAG_MS_MAX,
            is_timing=True,
        ),
        Figure("shapes measured", len(found)),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        send(int(sys.argv[2]))
    else:
        sys.exit(command(run, __doc__))
