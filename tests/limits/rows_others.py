"""What the upstream and the operator can make large, long or many."""

from __future__ import annotations

from cursor_api.options.said import Words
from tests.limits.limit import IN_BAND, LAST_FAULT, Limit

UPSTREAM = (
    Limit(
        "connect",
        Words("Time to connect", "建立连接"),
        504,
        "upstream_timeout",
        "CURSOR_CONNECT_TIMEOUT_S",
        shown_by="tests/unit/transport/test_faults.py::"
        "test_a_connection_that_cannot_be_made_in_time_says_so",
    ),
    Limit(
        "first_token",
        Words("Time to the first word of an answer", "到回答第一个字的时间"),
        504,
        "upstream_timeout",
        "CURSOR_FIRST_TOKEN_TIMEOUT_S",
    ),
    Limit(
        "idle",
        Words("Silence during an answer", "回答中途的静默"),
        504,
        "upstream_timeout",
        "CURSOR_IDLE_TIMEOUT_S",
        note=IN_BAND,
    ),
    Limit(
        "frame",
        Words("One frame, as received", "单个帧（按收到的大小）"),
        502,
        "upstream_protocol_error",
        "CURSOR_FRAME_BYTES_MAX",
        note=IN_BAND,
    ),
    Limit(
        "inflated",
        Words("One frame, after decompression", "单个帧（解压后）"),
        502,
        "upstream_protocol_error",
        "CURSOR_INFLATED_BYTES_MAX",
        note=IN_BAND,
    ),
    Limit(
        "answer",
        Words("One answer", "单个回答"),
        502,
        "upstream_error",
        "CURSOR_ANSWER_BYTES_MAX",
        note=IN_BAND,
    ),
    Limit(
        "text",
        Words("One piece of text in an answer", "回答中的单段文字"),
        502,
        "upstream_protocol_error",
        default=Words("1,048,576 characters", "1,048,576 个字符"),
        note=IN_BAND,
        reason=Words(
            "Real pieces have a few hundred bytes. For a client that reads slowly, a large piece"
            " would be in memory several times.",
            "真实的一段只有几百字节。遇到读取缓慢的客户端时，很大的一段会在内存中存在多份。",
        ),
        shown_by="tests/unit/upstreams/cursor/test_answer.py::test_every_size_has_a_limit",
    ),
    Limit(
        "interim",
        Words("Interim responses (1xx) to one request", "对一个请求的临时响应（1xx）"),
        502,
        "upstream_protocol_error",
        default=Words("8", "8"),
        reason=Words(
            "A server sends one or two. Many of them would cost memory and delay other requests.",
            "服务器只会发送一两个。大量的临时响应会占用内存，并拖慢其他请求。",
        ),
        shown_by="tests/unit/transport/test_faults.py::"
        "test_a_flood_of_interim_answers_is_a_fault_at_once",
    ),
    Limit(
        "upstream_connections",
        Words("Connections to the upstream", "与上游的连接"),
        503,
        "overloaded",
        "CURSOR_CONNECTIONS_MAX",
        shown_by="tests/unit/transport/test_connections.py::"
        "test_more_than_the_allowed_number_of_answers_is_refused_at_once",
    ),
    Limit(
        "error_body",
        Words("Error body from the upstream", "上游的错误响应体"),
        default=Words("64 KiB", "64 KiB"),
        reason=Words(
            "Real ones have a few hundred bytes, and the status already says what is wrong.",
            "真实的只有几百字节，而且状态码已经说明了问题。",
        ),
        note=Words("the rest is not read", "其余不再读取"),
        shown_by="tests/unit/transport/test_answer.py::test_an_error_body_is_read_up_to_its_limit",
    ),
    Limit(
        "end_of_stream",
        Words("JSON at the end of a stream", "流结尾的 JSON"),
        502,
        "upstream_protocol_error",
        default=Words("64 KiB", "64 KiB"),
        reason=Words(
            "Once parsed, it takes twenty times its bytes, so the limit of a frame would be too"
            " high.",
            "解析之后占用的内存是其字节数的二十倍，因此单个帧的上限对它来说过高。",
        ),
        shown_by="tests/unit/wire/test_connect.py::test_json_is_bounded_before_it_is_read",
    ),
    Limit(
        "endpoint_piece",
        Words(
            "OpenAI- or Anthropic-compatible endpoint: one event, or an answer that is not"
            " streamed",
            "兼容 OpenAI 或 Anthropic 的端点：单个事件，或整个非流式回答",
        ),
        502,
        "upstream_protocol_error",
        default=Words("8 MiB", "8 MiB"),
        note=IN_BAND,
        reason=Words(
            "An event with text has about three hundred bytes. A tool call that writes a file may"
            " arrive in one event.",
            "文本事件约三百字节。写文件的工具调用可能在一个事件中到达。",
        ),
        shown_by="tests/unit/upstreams/openai/test_answer.py::test_one_event_is_bounded",
    ),
    Limit(
        "endpoint_answer",
        Words("Such an endpoint: a streamed answer", "此类端点：流式回答"),
        502,
        "upstream_error",
        default=Words("128 MiB", "128 MiB"),
        note=IN_BAND,
        reason=Words(
            "At three hundred bytes per token, the longest answer has forty megabytes.",
            "按每个 token 三百字节计，最长的回答约为 40 MB。",
        ),
        shown_by="tests/unit/upstreams/openai/test_answer.py::"
        "test_an_answer_without_an_end_is_bounded",
    ),
    Limit(
        "endpoint_silence",
        Words(
            "Such an endpoint: data without content, in addition to one event",
            "此类端点：不含内容的数据（除一个事件之外）",
        ),
        502,
        "upstream_protocol_error",
        default=Words("1 MiB", "1 MiB"),
        note=IN_BAND,
        reason=Words(
            "A keep-alive comment has about twenty bytes; this is enough for a day.",
            "一条保活注释约二十字节，这相当于一天的量。",
        ),
        shown_by="tests/unit/upstreams/openai/test_answer.py::test_floods_that_say_nothing_end",
    ),
    Limit(
        "endpoint_calls",
        Words("Such an endpoint: tool calls in one answer", "此类端点：一个回答中的工具调用"),
        502,
        "upstream_protocol_error",
        default=Words("512", "512"),
        note=IN_BAND,
        reason=Words("Models make a dozen calls at once at most.", "模型一次最多调用十来个。"),
        shown_by="tests/unit/upstreams/openai/test_calls.py::test_what_makes_no_call_is_a_fault",
    ),
    Limit(
        "endpoint_models",
        Words("Such an endpoint: list of models", "此类端点：模型列表"),
        default=Words("8 MiB", "8 MiB"),
        note=Words("the previous list is kept", "继续使用之前的列表"),
        reason=Words(
            "The largest lists, those of resellers, have half a megabyte.",
            "最大的列表来自转售商，约 0.5 MB。",
        ),
        shown_by="tests/unit/upstreams/openai/test_chat.py::"
        "test_a_list_that_cannot_be_had_is_a_fault",
    ),
    Limit(
        "attempts",
        Words("Attempts for one request", "一个请求的尝试次数"),
        setting="GATEWAY_ATTEMPTS_MAX",
        note=LAST_FAULT,
        shown_by="tests/unit/service/inference/test_search.py::test_three_attempts_are_enough",
    ),
    Limit(
        "retries",
        Words("Retries of all requests together, in percent", "所有请求的重试合计（百分比）"),
        setting="GATEWAY_RETRY_PERCENT",
        note=LAST_FAULT,
        shown_by="tests/unit/service/inference/test_search.py::"
        "test_in_an_outage_attempts_stay_below_a_fifth_more_than_requests",
    ),
    Limit(
        "breaker",
        Words(
            "Failures in a row before the upstream is left alone",
            "暂停请求上游之前的连续失败次数",
        ),
        503,
        "upstream_unavailable",
        "GATEWAY_BREAKER_FAILURES",
    ),
    Limit(
        "breaker_time",
        Words("How long the upstream is left alone", "暂停请求上游的时长"),
        503,
        "upstream_unavailable",
        "GATEWAY_BREAKER_OPEN_S",
        shown_by="tests/unit/pool/test_breaker.py::test_after_its_time_one_probe_finds_out",
    ),
)

MANAGEMENT = (
    Limit(
        "management_body",
        Words(
            "Body at `/api/credentials`, after decompression",
            "`/api/credentials` 的请求体（解压后）",
        ),
        413,
        "body_too_large",
        default=Words("1 MiB", "1 MiB"),
        reason=Words(
            "More than enough for a thousand tokens pasted at once.",
            "一次粘贴一千个令牌也绰绰有余。",
        ),
    ),
    Limit(
        "management_depth",
        Words(
            "JSON at `/api/credentials`: nesting depth",
            "`/api/credentials` 的 JSON：嵌套层数",
        ),
        400,
        "json_above_max_depth",
        default=Words("8", "8"),
        reason=Words(
            "A valid body is one object with plain values.",
            "有效的请求体是一个由普通值组成的对象。",
        ),
    ),
    Limit(
        "management_containers",
        Words(
            "JSON at `/api/credentials`: number of objects and arrays",
            "`/api/credentials` 的 JSON：对象与数组的数量",
        ),
        400,
        "json_above_max_containers",
        default=Words("1,000", "1,000"),
        reason=Words("The same.", "同上。"),
    ),
    Limit(
        "tokens_at_once",
        Words("Tokens added at once", "一次添加的令牌"),
        400,
        "invalid_tokens",
        default=Words("1,000", "1,000"),
        reason=Words(
            "Each line gets its own answer. Put more of them into the file.",
            "每一行都有单独的结果。更多的令牌请写入文件。",
        ),
    ),
    Limit(
        "token_file",
        Words("A token file", "令牌文件"),
        413,
        "body_too_large",
        default=Words("16 MiB", "16 MiB"),
        reason=Words(
            "Enough for forty thousand session tokens. The file is read and written as a whole.",
            "可容纳四万个会话令牌。文件作为整体读写。",
        ),
        shown_by="tests/acceptance/test_management_api.py::"
        "test_a_full_set_of_files_is_taken_and_more_is_not",
    ),
    Limit(
        "reloads",
        Words("`GET /update-tokeninfo` without a key", "不带密钥的 `GET /update-tokeninfo`"),
        429,
        "rate_limit_exceeded",
        default=Words("10 at once, 1 per second", "一次 10 个，每秒 1 个"),
        reason=Words(
            "It needs no key, but reads from the disk. With the operator's key there is no limit.",
            "它不需要密钥，却要读取磁盘。使用运营者的密钥时没有限制。",
        ),
    ),
    Limit(
        "trials",
        Words("Credentials tested at the same time", "同时测试的凭据"),
        503,
        "overloaded",
        default=Words("4", "4"),
        reason=Words(
            "Each test is a real request. Testing a large pool all at once would look like an"
            " attack.",
            "每次测试都是真实的请求。同时测试整个大池看起来会像攻击。",
        ),
        shown_by="tests/unit/service/credentials/test_trial.py::test_few_tests_run_at_a_time",
    ),
    Limit(
        "log",
        Words("Requests shown by `GET /logs`", "`GET /logs` 显示的请求"),
        setting="GATEWAY_LOG_ENTRIES_MAX",
        note=Words("the oldest is removed", "删除最旧的"),
        shown_by="tests/unit/stores/records/test_log.py::test_the_next_process_begins_with_it",
    ),
    Limit(
        "kept_log",
        Words("Requests kept in `REQUEST_LOG_FILE`", "`REQUEST_LOG_FILE` 保留的请求"),
        setting="GATEWAY_LOG_KEPT_MAX",
        note=Words("the oldest is removed", "删除最旧的"),
        shown_by="tests/unit/stores/sqlite/test_records.py::test_more_than_so_many_go",
    ),
    Limit(
        "kept_days",
        Words("Days that a request record is kept", "请求记录保留的天数"),
        setting="RECORDS_KEEP_DAYS",
        note=Words("it is deleted", "删除"),
        shown_by="tests/unit/stores/sqlite/test_records.py::test_what_is_too_old_goes",
    ),
    Limit(
        "kept_bytes",
        Words("Disk space for request records", "请求记录占用的磁盘空间"),
        setting="RECORDS_KEEP_BYTES",
        note=Words("the oldest are removed and the file shrinks", "删除最旧的，文件随之变小"),
        shown_by=(
            "tests/unit/stores/sqlite/test_records.py"
            "::test_a_file_that_is_too_large_becomes_smaller"
        ),
    ),
    Limit(
        "kept_text_days",
        Words(
            "Days that prompts and answers are kept, if `RECORD_CONTENT` is on",
            "提示词与回答保留的天数（`RECORD_CONTENT` 开启时）",
        ),
        setting="RECORD_CONTENT_KEEP_DAYS",
        note=Words("they are deleted", "删除"),
        shown_by="tests/unit/stores/sqlite/test_contents.py::test_texts_that_are_too_old_go",
    ),
    Limit(
        "kept_text",
        Words(
            "A recorded text, if `RECORD_CONTENT` is on",
            "一段被记录的文字（`RECORD_CONTENT` 开启时）",
        ),
        default=Words(
            "16,384 characters; 32,768 for a whole prompt or a whole answer",
            "16,384 个字符；整个提示词或整个回答各 32,768",
        ),
        note=Words("the rest is left out, and the record says so", "其余省略，并在记录中注明"),
        reason=Words(
            "Searching that much text for secrets takes a few milliseconds.",
            "在这么多文字中查找机密需要几毫秒。",
        ),
        shown_by=(
            "tests/unit/service/inference/test_transcripts.py"
            "::test_the_last_parts_of_a_long_prompt_are_kept"
        ),
    ),
    Limit(
        "unsaved_log",
        Words(
            "Request records that wait while the disk cannot be written",
            "磁盘无法写入时等待的请求记录",
        ),
        default=Words("40,000", "40,000"),
        note=Words("the oldest is dropped and counted", "丢弃最旧的并计数"),
        reason=Words(
            "About 40 MB. At 500 requests per second, nothing is lost for a minute.",
            "约 40 MB。每秒 500 个请求时，一分钟的中断不会丢失任何记录。",
        ),
        shown_by="tests/unit/stores/records/test_log.py::test_what_waits_is_bounded",
    ),
    Limit(
        "spool",
        Words(
            "Request records that wait in a file while the database (`DATABASE_URL`) is down",
            "数据库（`DATABASE_URL`）不可用时在文件中等待的请求记录",
        ),
        default=Words("1,000,000", "1,000,000"),
        note=Words("further ones are dropped and counted", "其余的被丢弃并计数"),
        reason=Words(
            "About 350 MiB. At 500 requests per second, nothing is lost for half an hour.",
            "约 350 MiB。每秒 500 个请求时，半小时的中断不会丢失任何记录。",
        ),
        shown_by="tests/unit/stores/records/test_spooled.py::test_the_file_is_bounded",
    ),
)
