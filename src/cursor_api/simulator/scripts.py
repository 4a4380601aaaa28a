"""What a request is to meet: faults and a text, by its credential's script and its own words."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from cursor_api.simulator.directives import DirectiveError, DirectiveLanguage, split_message
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Orders:
    """What the credential and the message ask the simulator to do.

    `question` is the message without its directive. `problem` names what the credential asks for
    and nobody knows.
    """

    faults: Faults
    scenario: Scenario
    question: str
    problem: str | None = None


class Scripts:
    """Which faults each credential meets.

    Faults come from the credential's script or else the simulator's own; the credential's text
    (`sim-…`) changes those, and the message's first line (`/sim …`) changes those again.
    """

    def __init__(self, options: SimulatorOptions, language: DirectiveLanguage) -> None:
        self._options = options
        self._language = language
        self._rows = {token: _row(faults) for token, faults in options.scripts.items()}
        self.faults = options.faults

    def __len__(self) -> int:
        return len(self._rows)

    def script(self, token: str, *faults: Faults) -> None:
        """From now on, one of `faults` for each request of this credential; the last one stays."""
        self._rows[token] = deque(faults)

    def orders_for(self, token: str, question: str) -> Orders:
        """For the next request of a credential; uses up one row of its script."""
        row = self._rows.get(token)
        faults = self.faults
        if row:
            faults = row.popleft() if len(row) > 1 else row[0]
        scenario = self._options.scenario
        if self._options.choose is not None:
            faults, scenario = self._options.choose(token, question)
        problem = None
        try:
            faults = self._language.token_faults(token, faults)
        except DirectiveError as error:
            problem = str(error)
        directive, rest = split_message(question)
        if directive is None:
            return Orders(faults, scenario, question, problem)
        faults, scenario = self._obey(directive, faults, scenario)
        return Orders(faults, scenario, rest, problem)

    def _obey(self, directive: str, faults: Faults, scenario: Scenario) -> tuple[Faults, Scenario]:
        """What a message's directive makes of them; a wrong one is explained in the answer."""
        manual = f"```text\n{self._language.manual}\n```\n"
        if directive in {"", "help"}:
            return faults, replace(scenario, text=manual)
        try:
            return self._language.apply(directive, faults), scenario
        except DirectiveError as error:
            return faults, replace(scenario, text=f"Sorry: {error}.\n\n{manual}")


def _row(faults: Faults | tuple[Faults, ...]) -> deque[Faults]:
    return deque((faults,) if isinstance(faults, Faults) else faults)
