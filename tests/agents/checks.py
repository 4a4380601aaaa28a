"""What each agent is seen to do. A check gives what it saw, or raises Failed with why it is wrong.

No check looks for an agent's own wording: only for the gateway's, for exit codes and for files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.json_api import ApiRequest
from tests.agents.agents import Agent
from tests.agents.house import TALE, TALE_END, House
from tests.agents.process import Outcome

# The slowest has to start a server of its own, on a machine that others use, too.
RUN_S_MAX: Final = 60.0
# Until a person has been told that nothing will come of it; the slowest start takes half of it.
TOLD_S_MAX: Final = 40.0
SAYING: Final = "The harbour seal sleeps at noon."
COUNTERSIGN: Final = "My number is 417."
UNKNOWN_MODEL: Final = "no-such-model"
_ABOUT_KEY: Final = re.compile(r"key|401|unauthori[sz]ed|authenticat", re.IGNORECASE)


class Failed(Exception):  # noqa: N818 - a verdict
    """The agent did not do what it should."""


@dataclass(frozen=True, slots=True)
class Check:
    """A column of the table."""

    title: Words
    see: Callable[[House, Agent], Words]


def _need(is_so: bool, complaint: str, outcome: Outcome) -> None:  # noqa: FBT001 - what is needed
    if not is_so:
        status = "ended by force" if outcome.status is None else f"exit {outcome.status}"
        tail = outcome.said.strip()[-700:]
        raise Failed(f"{complaint} ({status}, {outcome.seconds:.1f} s): {tail}")


def _need_end(outcome: Outcome) -> None:
    _need(outcome.status == 0, "it failed", outcome)
    _need(not outcome.left, f"it left {', '.join(outcome.left)} behind", outcome)


def _need_word(outcome: Outcome, is_told: bool) -> None:  # noqa: FBT001 - see above
    _need(outcome.status not in {0, None}, "no failure was told", outcome)
    _need(is_told, "the reason was not told", outcome)
    _need(outcome.seconds <= TOLD_S_MAX, "it took too long", outcome)
    _need(not outcome.left, f"it left {', '.join(outcome.left)} behind", outcome)


ANSWERED: Final = Words("answered", "有回答")
TOLD: Final = Words("told why, exit code not 0", "说明原因，退出码非 0")


def see_run(house: House, agent: Agent) -> Words:
    """`cursor-api run` starts it, and it answers."""
    outcome = house.ask_by_run(agent, "Say hello.", house.new_home(), RUN_S_MAX)
    _need_end(outcome)
    _need("hello" in outcome.answer.lower(), "it said no hello", outcome)
    return ANSWERED


def see_hello(house: House, agent: Agent) -> Words:
    """With the documented settings it answers."""
    outcome = house.ask(agent, "Say hello.", house.new_home(), RUN_S_MAX)
    _need_end(outcome)
    _need("hello" in outcome.answer.lower(), "it said no hello", outcome)
    return ANSWERED


def see_file(house: House, agent: Agent) -> Words:
    """What stands in a file comes back in the answer."""
    home = house.new_home()
    path = home / "work" / "note.txt"
    path.write_text(f"{SAYING}\n", encoding="utf-8")
    outcome = house.ask(agent, agent.read.format(path=path), home, RUN_S_MAX)
    _need_end(outcome)
    _need(SAYING in outcome.answer, "the file is not in the answer", outcome)
    return Words("its content in the answer", "内容出现在回答中")


def see_command(house: House, agent: Agent) -> Words:
    """A command of its shell makes a file."""
    home = house.new_home()
    made = home / "work" / "made.txt"
    outcome = house.ask(agent, "Run `echo seal > made.txt` please.", home, RUN_S_MAX)
    _need_end(outcome)
    _need(made.is_file() and made.read_text() == "seal\n", "there is no such file", outcome)
    return Words("the file is there", "文件已生成")


def see_second_turn(house: House, agent: Agent) -> Words:
    """A second process goes on with the conversation, and the same key serves it."""
    home = house.new_home()
    first = house.ask(agent, f"Say hello. {COUNTERSIGN} I am {agent.name}.", home, RUN_S_MAX)
    _need_end(first)
    before = _keys(house.requests(COUNTERSIGN, f"I am {agent.name}."))
    asked = f"Say goodbye to {agent.name}."
    later = replace(agent, ask=agent.go_on)
    second = house.ask(later, asked, home, RUN_S_MAX)
    _need_end(second)
    after = _keys(house.requests(COUNTERSIGN, asked))
    _need(bool(after), "the second turn came without the first", second)
    has_stayed = all(len(keys) == 1 and keys == before.get(kind) for kind, keys in after.items())
    _need(has_stayed, f"keys: {before}, then {after}", second)
    return Words("same conversation, same credential", "同一对话，同一凭据")


def _keys(requests: Sequence[ApiRequest]) -> dict[int, set[str]]:
    """Those of each conversation: an agent's own helper has one beside it, with fewer tools."""
    keys: dict[int, set[str]] = {}
    for request in requests:
        keys.setdefault(len(request.body["tools"]), set()).add(request.credential)
    return keys


def see_unknown_model(house: House, agent: Agent) -> Words:
    """A model that is not served is named."""
    place = house.place(agent, model=UNKNOWN_MODEL)
    outcome = house.ask_at(agent, place, "Say hello.", house.new_home(), RUN_S_MAX)
    _need_word(outcome, UNKNOWN_MODEL in outcome.said)
    return TOLD


def see_wrong_key(house: House, agent: Agent) -> Words:
    """A key that the gateway does not know is spoken of."""
    place = house.place(agent, key="a-key-that-nobody-has-given-out")
    outcome = house.ask_at(agent, place, "Say hello.", house.new_home(), RUN_S_MAX)
    _need_word(outcome, _ABOUT_KEY.search(outcome.said) is not None)
    return TOLD


def see_cut(house: House, agent: Agent) -> Words:
    """An answer that breaks off is asked for again or told of; never taken for a whole one."""
    with house.trouble.on(Faults(reset_mid_stream=1.0, fault_after_count=12)):
        outcome = house.ask(agent, TALE, house.new_home(), RUN_S_MAX)
    _need(house.trouble.met_count > 0, "nothing was cut", outcome)
    _need(outcome.status is not None, "it did not end", outcome)
    is_whole = TALE_END in outcome.answer
    _need(is_whole or outcome.status != 0, "a part was taken for the whole", outcome)
    return Words("asked again, whole answer", "重新请求，回答完整") if is_whole else TOLD


def see_busy(house: House, agent: Agent) -> Words:
    """A limit that lasts a second is waited for."""
    busy = Faults(http_error=1.0, http_status=429, retry_after_s=1)
    with house.trouble.on(busy, lasts_s=0.8):
        outcome = house.ask(agent, TALE, house.new_home(), RUN_S_MAX)
    _need(house.trouble.met_count > 0, "no limit was met", outcome)
    _need_end(outcome)
    _need(TALE_END in outcome.answer, "the answer is not whole", outcome)
    return Words("waited, answered", "等待后回答")


CHECKS: Final = (
    Check(Words("`cursor-api run`", "`cursor-api run`"), see_run),
    Check(Words("settings above", "上述设置"), see_hello),
    Check(Words("reads a file", "读取文件"), see_file),
    Check(Words("runs a command", "运行命令"), see_command),
    Check(Words("second turn", "第二轮"), see_second_turn),
    Check(Words("unknown model", "未知模型"), see_unknown_model),
    Check(Words("wrong key", "密钥错误"), see_wrong_key),
    Check(Words("stream cut", "流中断"), see_cut),
    Check(Words("429 for a second", "429 持续一秒"), see_busy),
)
