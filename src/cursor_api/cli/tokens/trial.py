"""The command that tests a token with one real request."""

from __future__ import annotations

import argparse

from cursor_api.bootstrap import Operator
from cursor_api.cli.home.settings import FILE_AND_CURSOR_GROUPS, find_settings, run_work
from cursor_api.cli.terminal.display import plain, print_json
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_result
from cursor_api.cli.terminal.telling import in_words, told_advice
from cursor_api.cli.tokens.actions import work_on
from cursor_api.installed import Settings
from cursor_api.service.credentials.report import State
from cursor_api.service.credentials.trial import Trial

_WAS_OUT = {State.QUARANTINED, State.COOLING}


def test(parsed: argparse.Namespace) -> int:
    """`token test`."""
    settings = find_settings(FILE_AND_CURSOR_GROUPS, parsed.config)
    if settings is None:
        return 1

    async def work(operator: Operator, _settings: Settings) -> int:
        before = operator.credentials.get(parsed.alias)
        await operator.model_lists.refresh()
        trial = await operator.credentials.test(parsed.alias, parsed.model)
        if parsed.json:
            print_json(trial)
        else:
            _print_trial(trial)
        if trial.is_ok and before.state in _WAS_OUT:
            await operator.roster.save()
            if not parsed.json:
                print_result(
                    say(
                        "It was out of service. If a gateway is running, test it in its console"
                        " (/tokeninfo) too, so that it is used again."
                    )
                )
        return 0 if trial.is_ok else 1

    return run_work(work_on(settings, work))


def _print_trial(trial: Trial) -> None:
    alias = plain(trial.credential.alias)
    if trial.fault is None:
        seconds = (trial.latency_ms or 0) / 1000
        print_result(
            say(
                "{name} works: {model} answered {text!r} after {seconds:.1f} s.",
                name=alias,
                model=trial.model,
                text=plain(trial.text),
                seconds=seconds,
            )
        )
        return
    wait = ""
    if trial.fault.retry_after_s:
        wait = say(" (again in {seconds:.0f} s)", seconds=trial.fault.retry_after_s)
    reason = f"{plain(in_words(trial.fault.message))}{wait}"
    print_result(say("{name} did not answer: {reason}", name=alias, reason=reason))
    print_result(told_advice(trial.fault.kind, trial.advice, plain(trial.model)))
