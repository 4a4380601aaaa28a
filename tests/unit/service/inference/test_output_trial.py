"""Checking an answer in a process of its own."""

from __future__ import annotations

import asyncio
import json

import pytest

from cursor_api.domain.chat import OutputForm
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.inference import output_trial
from cursor_api.service.inference.output_trial import Verdict, judge_apart
from cursor_api.service.inference.structured_output import OutputCheck


def doubling(steps: int, *, word: str) -> bytes:
    """Each definition names the next one twice."""
    defs: dict[str, object] = {
        f"a{at}": {word: [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(steps)
    }
    defs[f"a{steps}"] = {"type": "string"}
    return json.dumps({"$defs": defs, "$ref": "#/$defs/a0"}).encode()


async def test_a_text_is_judged_by_its_schema() -> None:
    """With what is wrong, whatever the text is written in."""
    schema = '{"properties": {"ä": {"type": "string"}}}'.encode()
    assert await judge_apart(schema, '{"ä": "ü\\ud800"}') == Verdict(is_valid=True, problem="")
    verdict = await judge_apart(schema, '{"ä": 1}')
    assert verdict == Verdict(is_valid=False, problem='At ä: 1 is not of type "string"')


async def test_a_schema_that_would_take_years_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the caller's mistake, and others go on meanwhile."""
    monkeypatch.setattr(output_trial, "TRIAL_S_MAX", 0.5)
    check = OutputCheck(OutputForm(doubling(60, word="allOf")))
    asked = asyncio.ensure_future(check.find_problem('"fits"'))
    loop = asyncio.get_running_loop()
    longest_s = 0.0
    while not asked.done():
        before = loop.time()
        await asyncio.sleep(0.01)
        longest_s = max(longest_s, loop.time() - before)
    with pytest.raises(Fault) as caught:
        await asked
    assert (caught.value.kind, caught.value.code) == (
        FaultKind.INVALID_REQUEST,
        "invalid_json_schema",
    )
    assert longest_s < 5
