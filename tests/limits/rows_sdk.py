"""What Cursor's official way can make long or many."""

from __future__ import annotations

from cursor_api.options.said import Words
from tests.limits.limit import IN_BAND, Limit

_UNIT = "tests/unit/upstreams/cursor_sdk/"

OFFICIAL = (
    Limit(
        "sdk_first_token",
        Words("Time to the first word of an answer", "到回答第一个字的时间"),
        504,
        "upstream_timeout",
        "CURSOR_SDK_FIRST_TOKEN_TIMEOUT_S",
        shown_by=_UNIT + "test_run.py::test_silence_is_what_is_not_said",
    ),
    Limit(
        "sdk_idle",
        Words("Silence during an answer", "回答中途的静默"),
        504,
        "upstream_timeout",
        "CURSOR_SDK_IDLE_TIMEOUT_S",
        note=IN_BAND,
        shown_by=_UNIT + "test_run.py::test_silence_is_what_is_not_said",
    ),
    Limit(
        "sdk_run",
        Words("Total time of one answer", "一个回答的总时间"),
        504,
        "upstream_timeout",
        "CURSOR_SDK_RUN_TIMEOUT_S",
        note=IN_BAND,
        shown_by=_UNIT + "test_run.py::test_an_answer_that_goes_on_for_too_long_is_ended",
    ),
    Limit(
        "sdk_runs",
        Words("Running requests", "进行中的请求"),
        503,
        "overloaded",
        "CURSOR_SDK_RUNS_MAX",
        shown_by=_UNIT + "test_opening.py::test_more_than_the_allowed_number_is_refused_at_once",
    ),
    Limit(
        "sdk_tool_result",
        Words("Wait for the result of a tool call", "等待工具调用的结果"),
        setting="CURSOR_SDK_TOOL_RESULT_TIMEOUT_S",
        note=Words("a later result starts a new run", "更晚的结果会开始新的运行"),
        shown_by=_UNIT + "test_runs.py::test_a_result_that_comes_too_late_begins_anew",
    ),
    Limit(
        "sdk_parallel_calls",
        Words("Wait for another tool call of the same answer", "等待同一回答的下一个工具调用"),
        setting="CURSOR_SDK_PARALLEL_CALLS_WAIT_S",
        note=Words("a later call becomes part of the next answer", "更晚的调用归入下一个回答"),
        shown_by=_UNIT
        + "test_runs.py::test_parallel_calls_are_one_answer_unless_they_are_not_wanted",
    ),
    Limit(
        "sdk_waiting_calls",
        Words("Tool calls that wait for results", "等待结果的工具调用"),
        setting="CURSOR_SDK_WAITING_CALLS_MAX",
        note=Words("the call is refused and the model is told", "拒绝该调用，并告知模型"),
        shown_by=_UNIT + "test_tool_calls.py::test_there_is_room_for_so_many_and_so_much",
    ),
    Limit(
        "sdk_conversations",
        Words("Conversations whose agent is kept", "保留 agent 的对话"),
        setting="CURSOR_SDK_CONVERSATIONS_MAX",
        note=Words(
            "the oldest of the caller who has most ends; its next turn is sent as text",
            "结束占用最多的调用方最旧的；它的下一轮以文本发送",
        ),
        shown_by=_UNIT + "test_runs.py::test_agents_are_kept_for_a_while_and_up_to_a_number",
    ),
    Limit(
        "sdk_conversation_idle",
        Words("Pause between two turns of such a conversation", "此类对话两轮之间的间隔"),
        setting="CURSOR_SDK_CONVERSATION_IDLE_S",
        note=Words("the next turn is sent as text", "下一轮以文本发送"),
        shown_by=_UNIT + "test_runs.py::test_agents_are_kept_for_a_while_and_up_to_a_number",
    ),
    Limit(
        "sdk_ready",
        Words("Start of the bridge", "桥接程序的启动时间"),
        502,
        "upstream_unreachable",
        default=Words("20 s", "20 秒"),
        reason=Words(
            "It takes half a second on a desktop, and a few seconds on a single-board computer"
            " with a slow memory card.",
            "台式机上需要半秒；在使用慢速存储卡的单板机上需要几秒。",
        ),
        shown_by=_UNIT + "test_process.py::test_one_that_is_not_ready",
    ),
    Limit(
        "sdk_answer",
        Words("Answer of the bridge to a call", "桥接程序对一次调用的回答"),
        502,
        "upstream_protocol_error",
        default=Words("8 MiB", "8 MiB"),
        reason=Words(
            "The largest is the list of models, with a few hundred KiB.",
            "最大的是模型列表，有几百 KiB。",
        ),
        shown_by=_UNIT + "test_calls.py::test_an_endless_answer_is_broken_off",
    ),
)
