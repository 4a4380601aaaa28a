"""What Cursor's official route can make long or many."""

from __future__ import annotations

from tests.limits.limit import IN_BAND, Limit
from tests.texts import Text

_UNIT = "tests/unit/upstreams/cursor_sdk/"

OFFICIAL = (
    Limit(
        "sdk_first_token",
        Text("First word of an answer", "回答的第一个字"),
        504,
        "upstream_timeout",
        "CURSOR_SDK_FIRST_TOKEN_TIMEOUT_S",
        shown_by=_UNIT + "test_run.py::test_silence_is_what_is_not_said",
    ),
    Limit(
        "sdk_idle",
        Text("Silence inside an answer", "回答中途的静默"),
        504,
        "upstream_timeout",
        "CURSOR_SDK_IDLE_TIMEOUT_S",
        note=IN_BAND,
        shown_by=_UNIT + "test_run.py::test_silence_is_what_is_not_said",
    ),
    Limit(
        "sdk_run",
        Text("One answer altogether", "一个回答总共"),
        504,
        "upstream_timeout",
        "CURSOR_SDK_RUN_TIMEOUT_S",
        note=IN_BAND,
        shown_by=_UNIT + "test_run.py::test_an_answer_that_goes_on_for_too_long_is_ended",
    ),
    Limit(
        "sdk_runs",
        Text("Requests under way", "进行中的请求"),
        503,
        "overloaded",
        "CURSOR_SDK_RUNS_MAX",
        shown_by=_UNIT + "test_opening.py::test_more_than_the_allowed_number_is_refused_at_once",
    ),
    Limit(
        "sdk_tool_result",
        Text("Waiting for a tool's result", "等待工具结果"),
        setting="CURSOR_SDK_TOOL_RESULT_TIMEOUT_S",
        note=Text("a later result begins a new run", "更晚的结果会开始新的运行"),
        shown_by=_UNIT + "test_runs.py::test_a_result_that_comes_too_late_begins_anew",
    ),
    Limit(
        "sdk_parallel_calls",
        Text("Waiting for another tool call", "等待下一个工具调用"),
        setting="CURSOR_SDK_PARALLEL_CALLS_WAIT_S",
        note=Text("a later call is in the next answer", "更晚的调用在下一个回答中"),
        shown_by=_UNIT
        + "test_runs.py::test_parallel_calls_are_one_answer_unless_they_are_not_wanted",
    ),
    Limit(
        "sdk_waiting_calls",
        Text("Tool calls that wait", "等待中的工具调用"),
        setting="CURSOR_SDK_WAITING_CALLS_MAX",
        note=Text("the model is told so", "告知模型"),
        shown_by=_UNIT + "test_tool_calls.py::test_there_is_room_for_so_many_and_so_much",
    ),
    Limit(
        "sdk_conversations",
        Text("Conversations that are kept", "保留的对话"),
        setting="CURSOR_SDK_CONVERSATIONS_MAX",
        note=Text("the oldest is sent as text next time", "最旧的下次以文本发送"),
        shown_by=_UNIT + "test_runs.py::test_agents_are_kept_for_a_while_and_up_to_a_number",
    ),
    Limit(
        "sdk_conversation_idle",
        Text("Between two turns of one", "对话两轮之间"),
        setting="CURSOR_SDK_CONVERSATION_IDLE_S",
        note=Text("it is sent as text next time", "下次以文本发送"),
        shown_by=_UNIT + "test_runs.py::test_agents_are_kept_for_a_while_and_up_to_a_number",
    ),
    Limit(
        "sdk_ready",
        Text("The bridge's start", "桥接程序的启动"),
        502,
        "upstream_unreachable",
        default=Text("20 s", "20 秒"),
        reason=Text(
            "Half a second on a desktop, some seconds on a small board with a slow card.",
            "台式机上半秒，小型单板机配慢速存储卡时数秒。",
        ),
        shown_by=_UNIT + "test_process.py::test_one_that_is_not_ready",
    ),
    Limit(
        "sdk_answer",
        Text("The bridge's answer to a call", "桥接程序对一次调用的回答"),
        502,
        "upstream_protocol_error",
        default=Text("8 MiB", "8 MiB"),
        reason=Text(
            "The largest is the list of models, of some hundred KiB.",
            "最大的是模型列表，数百 KiB。",
        ),
        shown_by=_UNIT + "test_calls.py::test_an_endless_answer_is_broken_off",
    ),
)
