from __future__ import annotations

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.recording import record_stream, sample_ask
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import Scenario
from cursor_api.wire.connect import EnvelopeDecoder
from tests.unit.simulator.asking import NOW_S, ask_request, hear_one


def test_a_recording_is_a_whole_stream() -> None:
    """It decodes to its end with nothing left."""
    decoder = EnvelopeDecoder(1 << 20, 1 << 20)
    frames = decoder.feed(record_stream(sample_ask("hi"), scenario=Scenario(text="Hello")))
    decoder.close()
    assert frames[-1].is_end_stream
    assert frames[1].payload == b""


async def test_a_recording_is_what_a_simulator_sends() -> None:
    """Byte for byte, for each request in its turn."""
    faults = Faults(seed=7, missing_end=0.5, error_mid_stream=0.5)
    asks = [sample_ask(text) for text in ("hi", "a long one", "code", "emoji")]
    options = SimulatorOptions(faults=faults, now_s=lambda: NOW_S)
    async with CursorSimulator(options) as simulator:
        for ordinal, ask in enumerate(asks):
            heard = await hear_one(simulator.port, ask_request(ask))
            assert heard.body == record_stream(ask, faults, ordinal=ordinal)
