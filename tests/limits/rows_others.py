"""What the upstream and the operator can make large, long or many."""

from __future__ import annotations

from tests.limits.limit import IN_BAND, LAST_FAULT, Limit
from tests.texts import Text

UPSTREAM = (
    Limit(
        "connect",
        Text("Connecting", "建立连接"),
        504,
        "upstream_timeout",
        "CURSOR_CONNECT_TIMEOUT_S",
        shown_by="tests/unit/transport/test_faults.py::"
        "test_a_connection_that_cannot_be_made_in_time_says_so",
    ),
    Limit(
        "first_token",
        Text("First word of an answer", "回答的第一个字"),
        504,
        "upstream_timeout",
        "CURSOR_FIRST_TOKEN_TIMEOUT_S",
    ),
    Limit(
        "idle",
        Text("Silence inside an answer", "回答中途的静默"),
        504,
        "upstream_timeout",
        "CURSOR_IDLE_TIMEOUT_S",
        note=IN_BAND,
    ),
    Limit(
        "frame",
        Text("One frame, as announced", "单个帧（按声明）"),
        502,
        "upstream_protocol_error",
        "CURSOR_FRAME_BYTES_MAX",
        note=IN_BAND,
    ),
    Limit(
        "inflated",
        Text("One frame, inflated", "单个帧（解压后）"),
        502,
        "upstream_protocol_error",
        "CURSOR_INFLATED_BYTES_MAX",
        note=IN_BAND,
    ),
    Limit(
        "answer",
        Text("One answer", "单个回答"),
        502,
        "upstream_error",
        "CURSOR_ANSWER_BYTES_MAX",
        note=IN_BAND,
    ),
    Limit(
        "text",
        Text("One piece of text", "单段文字"),
        502,
        "upstream_protocol_error",
        default=Text("1,048,576 characters", "1,048,576 个字符"),
        note=IN_BAND,
        reason=Text(
            "Real ones have some hundred bytes; a large one would be kept several times over on its"
            " way to a client that reads slowly.",
            "真实的只有几百字节；很大的一段在送往读取缓慢的客户端途中会被保留多份。",
        ),
        shown_by="tests/unit/upstreams/cursor/test_answer.py::test_every_size_has_a_limit",
    ),
    Limit(
        "interim",
        Text("Interim answers (1xx) to one request", "对一个请求的临时响应（1xx）"),
        502,
        "upstream_protocol_error",
        default=Text("8", "8"),
        reason=Text(
            "A server has one or two to give; a flood of them is memory and everybody's time.",
            "服务器只会给出一两个；大量临时响应会占用内存和所有人的时间。",
        ),
        shown_by="tests/unit/transport/test_faults.py::"
        "test_a_flood_of_interim_answers_is_a_fault_at_once",
    ),
    Limit(
        "upstream_connections",
        Text("Connections upstream", "与上游的连接"),
        503,
        "overloaded",
        "CURSOR_CONNECTIONS_MAX",
        shown_by="tests/unit/transport/test_connections.py::"
        "test_more_than_the_allowed_number_of_answers_is_refused_at_once",
    ),
    Limit(
        "error_body",
        Text("What is read of an upstream's error", "读取上游错误的长度"),
        default=Text("64 KiB", "64 KiB"),
        reason=Text(
            "Real ones have a few hundred bytes; the status says already what it is.",
            "真实的只有几百字节；状态码已说明问题。",
        ),
        note=Text("the rest is not read", "其余不再读取"),
        shown_by="tests/unit/transport/test_answer.py::test_an_error_body_is_read_up_to_its_limit",
    ),
    Limit(
        "end_of_stream",
        Text("JSON at a stream's end", "流结尾的 JSON"),
        502,
        "upstream_protocol_error",
        default=Text("64 KiB", "64 KiB"),
        reason=Text(
            "As objects it takes twenty times its bytes, so that a frame's limit is none for it.",
            "解析为对象后占二十倍的内存，帧的上限对它不起作用。",
        ),
        shown_by="tests/unit/wire/test_connect.py::test_json_is_bounded_before_it_is_read",
    ),
    Limit(
        "endpoint_piece",
        Text(
            "One event of an OpenAI- or Anthropic-compatible endpoint, or its answer in one piece",
            "兼容 OpenAI 或 Anthropic 的端点的单个事件，或一次给出的整个回答",
        ),
        502,
        "upstream_protocol_error",
        default=Text("8 MiB", "8 MiB"),
        note=IN_BAND,
        reason=Text(
            "An event of text has some three hundred bytes; a call that writes a file may come"
            " whole.",
            "文本事件约三百字节；写文件的调用可能整个到来。",
        ),
        shown_by="tests/unit/upstreams/openai/test_answer.py::test_one_event_is_bounded",
    ),
    Limit(
        "endpoint_answer",
        Text("Its answer as a stream", "其流式回答"),
        502,
        "upstream_error",
        default=Text("128 MiB", "128 MiB"),
        note=IN_BAND,
        reason=Text(
            "Three hundred bytes for each token make forty megabytes of the longest answer.",
            "按每个 token 三百字节计，最长的回答约四十兆字节。",
        ),
        shown_by="tests/unit/upstreams/openai/test_answer.py::"
        "test_an_answer_without_an_end_is_bounded",
    ),
    Limit(
        "endpoint_silence",
        Text(
            "What it sends without saying anything, beyond one event",
            "其不含内容的数据（一个事件之外）",
        ),
        502,
        "upstream_protocol_error",
        default=Text("1 MiB", "1 MiB"),
        note=IN_BAND,
        reason=Text(
            "Comments that keep a connection alive have some twenty bytes: this is a day of them.",
            "保持连接的注释约二十字节：这相当于一天的量。",
        ),
        shown_by="tests/unit/upstreams/openai/test_answer.py::test_floods_that_say_nothing_end",
    ),
    Limit(
        "endpoint_calls",
        Text("Tools it calls in one answer", "其一个回答中的工具调用"),
        502,
        "upstream_protocol_error",
        default=Text("512", "512"),
        note=IN_BAND,
        reason=Text("Models call a dozen at once at the most.", "模型一次最多调用十来个。"),
        shown_by="tests/unit/upstreams/openai/test_calls.py::test_what_makes_no_call_is_a_fault",
    ),
    Limit(
        "endpoint_models",
        Text("Its list of models", "其模型列表"),
        default=Text("8 MiB", "8 MiB"),
        note=Text("the list of before is kept", "保留此前的列表"),
        reason=Text(
            "The largest resellers' lists have half a megabyte.", "最大的转售商的列表约半兆字节。"
        ),
        shown_by="tests/unit/upstreams/openai/test_chat.py::"
        "test_a_list_that_cannot_be_had_is_a_fault",
    ),
    Limit(
        "attempts",
        Text("Attempts of one request", "一个请求的尝试次数"),
        setting="GATEWAY_ATTEMPTS_MAX",
        note=LAST_FAULT,
        shown_by="tests/unit/service/inference/test_search.py::test_three_attempts_are_enough",
    ),
    Limit(
        "retries",
        Text("Retries of all requests", "所有请求的重试"),
        setting="GATEWAY_RETRY_PERCENT",
        note=LAST_FAULT,
        shown_by="tests/unit/service/inference/test_search.py::"
        "test_in_an_outage_attempts_stay_below_a_fifth_more_than_requests",
    ),
    Limit(
        "breaker",
        Text("Failures in a row", "连续失败"),
        503,
        "upstream_unavailable",
        "GATEWAY_BREAKER_FAILURES",
    ),
    Limit(
        "breaker_time",
        Text("How long the upstream is then left alone", "此后暂停请求上游的时长"),
        503,
        "upstream_unavailable",
        "GATEWAY_BREAKER_OPEN_S",
        shown_by="tests/unit/pool/test_breaker.py::test_after_its_time_one_probe_finds_out",
    ),
)

MANAGEMENT = (
    Limit(
        "management_body",
        Text("Body at `/api/credentials`, inflated", "`/api/credentials` 的请求体（解压后）"),
        413,
        "body_too_large",
        default=Text("1 MiB", "1 MiB"),
        reason=Text(
            "A thousand tokens pasted at once, with much room.", "一次粘贴一千个令牌仍绰绰有余。"
        ),
    ),
    Limit(
        "management_depth",
        Text("JSON there: levels", "其 JSON：嵌套层数"),
        400,
        "json_above_max_depth",
        default=Text("8", "8"),
        reason=Text(
            "What is taken is one object of plain values.", "只接受一个由普通值组成的对象。"
        ),
    ),
    Limit(
        "management_containers",
        Text("JSON there: objects and arrays", "其 JSON：对象与数组"),
        400,
        "json_above_max_containers",
        default=Text("1,000", "1,000"),
        reason=Text("The same.", "同上。"),
    ),
    Limit(
        "tokens_at_once",
        Text("Tokens added at once", "一次添加的令牌"),
        400,
        "invalid_tokens",
        default=Text("1,000", "1,000"),
        reason=Text(
            "Each line is answered by name; more belong into the file.",
            "每一行都会单独答复；更多请写入文件。",
        ),
    ),
    Limit(
        "token_file",
        Text("A token file", "令牌文件"),
        413,
        "body_too_large",
        default=Text("16 MiB", "16 MiB"),
        reason=Text(
            "Forty thousand session tokens; the whole is read and written in one piece.",
            "可容四万个会话令牌；整个文件一次读写。",
        ),
        shown_by="tests/acceptance/test_management_api.py::"
        "test_a_full_set_of_files_is_taken_and_more_is_not",
    ),
    Limit(
        "reloads",
        Text("`GET /update-tokeninfo` without a key", "不带密钥的 `GET /update-tokeninfo`"),
        429,
        "rate_limit_exceeded",
        default=Text("10 at once, 1 per second", "一次 10 个，每秒 1 个"),
        reason=Text(
            "It needs no key and looks at the disk; with the operator's there is no limit.",
            "它不需要密钥，却要查看磁盘；带操作者密钥时没有限制。",
        ),
    ),
    Limit(
        "trials",
        Text("Credentials tested at a time", "同时测试的凭据"),
        503,
        "overloaded",
        default=Text("4", "4"),
        reason=Text(
            "Each is a real request; all of a large pool at once would look like an attack.",
            "每次都是真实请求；整个大池同时测试看起来像攻击。",
        ),
        shown_by="tests/unit/service/credentials/test_trial.py::test_few_tests_run_at_a_time",
    ),
    Limit(
        "log",
        Text("Requests remembered by `GET /logs`", "`GET /logs` 记住的请求"),
        setting="GATEWAY_LOG_ENTRIES_MAX",
        note=Text("the oldest is forgotten", "忘记最旧的"),
        shown_by="tests/unit/stores/records/test_log.py::test_the_next_process_begins_with_it",
    ),
    Limit(
        "kept_log",
        Text("Requests kept in `REQUEST_LOG_FILE`", "`REQUEST_LOG_FILE` 保留的请求"),
        setting="GATEWAY_LOG_KEPT_MAX",
        note=Text("the oldest is forgotten", "忘记最旧的"),
        shown_by="tests/unit/stores/sqlite/test_records.py::test_more_than_so_many_go",
    ),
    Limit(
        "kept_days",
        Text("Days that a request is kept", "请求保留的天数"),
        setting="RECORDS_KEEP_DAYS",
        note=Text("it is deleted", "删除"),
        shown_by="tests/unit/stores/sqlite/test_records.py::test_what_is_too_old_goes",
    ),
    Limit(
        "kept_bytes",
        Text("Room for the kept requests", "保留的请求所占空间"),
        setting="RECORDS_KEEP_BYTES",
        note=Text("the oldest is forgotten, the file shrinks", "忘记最旧的，文件变小"),
        shown_by=(
            "tests/unit/stores/sqlite/test_records.py"
            "::test_a_file_that_is_too_large_becomes_smaller"
        ),
    ),
    Limit(
        "kept_text_days",
        Text("Days that prompts and answers are kept, if at all", "提示词与回答（若保留）的天数"),
        setting="RECORD_CONTENT_KEEP_DAYS",
        note=Text("they are deleted", "删除"),
        shown_by="tests/unit/stores/sqlite/test_contents.py::test_texts_that_are_too_old_go",
    ),
    Limit(
        "kept_text",
        Text(
            "A text that is kept, where `RECORD_CONTENT` is on",
            "`RECORD_CONTENT` 开启时保留的一段文字",
        ),
        default=Text(
            "16,384 characters; 32,768 for a prompt, and for an answer",
            "16,384 个字符；提示词与回答各 32,768",
        ),
        note=Text("the rest is left out, which is said", "其余省略，并注明"),
        reason=Text(
            "To look for secrets in so much takes a few milliseconds of a thread.",
            "在这么多文字中查找密钥，要占用线程几毫秒。",
        ),
        shown_by=(
            "tests/unit/service/inference/test_transcripts.py"
            "::test_the_last_parts_of_a_long_prompt_are_kept"
        ),
    ),
    Limit(
        "unsaved_log",
        Text("Requests that wait for a disk that takes nothing", "等待写入磁盘的请求"),
        default=Text("40,000", "40,000"),
        note=Text("the oldest is forgotten, and counted", "忘记最旧的并计数"),
        reason=Text(
            "Some 40 MB: a minute's outage at 500 requests a second loses nothing.",
            "约 40 MB：每秒 500 个请求时，一分钟的中断不会丢失任何记录。",
        ),
        shown_by="tests/unit/stores/records/test_log.py::test_what_waits_is_bounded",
    ),
    Limit(
        "spool",
        Text(
            "Requests that wait in a file while the database (`DATABASE_URL`) is away",
            "数据库（`DATABASE_URL`）无法访问时在文件中等待的请求",
        ),
        default=Text("1,000,000", "1,000,000"),
        note=Text("further ones are dropped, and counted", "更多的被丢弃并计数"),
        reason=Text(
            "Some 350 MiB: half an hour's outage at 500 requests a second loses nothing.",
            "约 350 MiB：每秒 500 个请求时，半小时的中断不会丢失任何记录。",
        ),
        shown_by="tests/unit/stores/records/test_spooled.py::test_the_file_is_bounded",
    ),
)
