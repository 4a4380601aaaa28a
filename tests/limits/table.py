"""Every limit of the gateway, once: what docs/limits.md says and what the tests ask for.

A limit with a setting takes its default and its reason from the table of settings. `shown_by` names
the test in which somebody goes beyond it; `tests/limits/` itself is the place for those that show
at the socket of one gateway with small limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from cursor_api.settings.kinds import Text

MINE = "tests/limits/test_limits.py::test_beyond_a_limit_the_answer_is_the_stated_one"
OURS_OF_LOAD = "tests/acceptance/test_admission.py::test_"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row. Either `setting` or both of `default` and `reason`.

    `status` and `code` are the answer's, 0 and "" where there is none; `note` says what happens
    then, or besides.
    """

    key: str
    what: Text
    status: int = 0
    code: str = ""
    setting: str = ""
    default: Text | None = None
    reason: Text | None = None
    note: Text | None = None
    shown_by: str = MINE


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading."""

    title: Text
    rows: tuple[Limit, ...]


IN_BAND = Text("in the stream where it has begun", "流已开始时在流中告知")
CUT = Text("the connection is cut", "断开连接")
LAST_FAULT = Text("the last attempt's own error", "返回最后一次尝试的错误")

REQUEST = (
    Limit(
        "body",
        Text("Request body, inflated", "请求体（解压后）"),
        413,
        "body_too_large",
        "GATEWAY_BODY_BYTES_MAX",
        note=Text("as soon as it is passed", "一旦超出立即回答"),
    ),
    Limit(
        "head",
        Text("Request line and headers", "请求行与请求头"),
        431,
        "request_header_fields_too_large",
        "GATEWAY_HEADER_BYTES_MAX",
    ),
    Limit(
        "head_time",
        Text("Time for them", "发送它们的时间"),
        408,
        "request_timeout",
        "GATEWAY_HEADER_TIMEOUT_S",
        note=Text("without a word where not a byte has come", "一个字节都没有收到时直接断开"),
    ),
    Limit(
        "body_time",
        Text("Time for the next 16 KiB of a body", "请求体下一个 16 KiB 的时间"),
        408,
        "request_timeout",
        "GATEWAY_BODY_TIMEOUT_S",
    ),
    Limit(
        "chunks",
        Text("Chunk headers and trailers per byte of body", "每字节请求体的分块头与尾部"),
        400,
        "bad_request",
        default=Text("16 bytes", "16 字节"),
        reason=Text(
            "Chunks of one byte each need six; more is a way to keep the parser busy.",
            "每块只有一个字节时需要六个；更多只会让解析器空忙。",
        ),
    ),
    Limit(
        "depth",
        Text("JSON: levels", "JSON：嵌套层数"),
        400,
        "json_above_max_depth",
        "GATEWAY_JSON_DEPTH_MAX",
    ),
    Limit(
        "containers",
        Text("JSON: objects and arrays", "JSON：对象与数组"),
        400,
        "json_above_max_containers",
        "GATEWAY_JSON_CONTAINERS_MAX",
    ),
    Limit(
        "messages",
        Text("Messages", "消息"),
        400,
        "array_above_max_length",
        "GATEWAY_MESSAGES_MAX",
    ),
    Limit(
        "parts",
        Text("Content parts and tool calls", "内容片段与工具调用"),
        400,
        "array_above_max_length",
        "GATEWAY_PARTS_MAX",
    ),
    Limit(
        "image",
        Text("One image", "单张图片"),
        400,
        "invalid_image_url",
        "GATEWAY_IMAGE_BYTES_MAX",
    ),
    Limit(
        "model",
        Text("Name of a model", "模型名称"),
        400,
        "string_above_max_length",
        default=Text("256 characters", "256 个字符"),
        reason=Text(
            "Real names stay below 100; an unknown one is compared with all that there are.",
            "真实名称不到 100 个字符；未知名称要与所有名称比较。",
        ),
    ),
    Limit(
        "key",
        Text("API key", "API 密钥"),
        401,
        "unauthorized",
        default=Text("16 KiB", "16 KiB"),
        reason=Text(
            "In pass-through it is up to 20 session tokens of some 400 characters.",
            "直通模式下它最多是 20 个会话令牌，每个约 400 个字符。",
        ),
    ),
)

LOAD = (
    Limit(
        "connections",
        Text("Connections of callers", "调用方的连接"),
        503,
        "service_unavailable",
        "GATEWAY_CONNECTIONS_MAX",
        shown_by="tests/unit/web/test_connection.py::"
        "test_a_connection_too_many_is_told_to_come_again",
    ),
    Limit(
        "requests",
        Text("Requests under way", "进行中的请求"),
        503,
        "overloaded",
        "GATEWAY_REQUESTS_MAX",
        shown_by=OURS_OF_LOAD + "who_comes_when_all_places_are_taken_is_told_at_once",
    ),
    Limit(
        "caller_requests",
        Text("Those of one caller", "其中单个调用方的"),
        429,
        "concurrency_exceeded",
        "GATEWAY_CALLER_REQUESTS_MAX",
        shown_by=OURS_OF_LOAD + "who_comes_when_all_places_are_taken_is_told_at_once",
    ),
    Limit(
        "streams",
        Text("Open streams", "打开的流"),
        503,
        "overloaded",
        "GATEWAY_STREAMS_MAX",
        shown_by=OURS_OF_LOAD + "streams_have_a_bound_of_their_own",
    ),
    Limit(
        "bodies",
        Text("Bodies held at once", "同时保留的请求体"),
        503,
        "overloaded",
        "GATEWAY_BODIES_BYTES_MAX",
        shown_by=OURS_OF_LOAD + "bodies_are_bounded_together_and_let_go_of_when_the_answer_begins",
    ),
    Limit(
        "queue",
        Text("Requests waiting for a credential", "等待凭据的请求"),
        503,
        "overloaded",
        "GATEWAY_QUEUE_MAX",
        shown_by=OURS_OF_LOAD + "requests_wait_for_a_credential_at_its_limit",
    ),
    Limit(
        "queue_wait",
        Text("Their wait", "其等待时间"),
        503,
        "overloaded",
        "GATEWAY_QUEUE_WAIT_S",
        shown_by=OURS_OF_LOAD + "a_wait_has_an_end",
    ),
    Limit(
        "wrong_keys",
        Text("Wrong keys from one address", "来自同一地址的错误密钥"),
        429,
        "too_many_wrong_keys",
        "GATEWAY_WRONG_KEYS_MAX",
        shown_by="tests/acceptance/test_lockout.py::test_a_flood_is_locked_out_and_others_go_on",
    ),
    Limit(
        "write",
        Text("Patience with a client that does not read", "对不读取数据的客户端的耐心"),
        setting="GATEWAY_WRITE_TIMEOUT_S",
        note=CUT,
        shown_by="tests/unit/web/test_server.py::test_a_client_that_stops_reading_is_cut",
    ),
    Limit(
        "grace",
        Text("Answers after a stop signal", "停止信号之后的回答"),
        503,
        "overloaded",
        "GATEWAY_SHUTDOWN_GRACE_S",
        note=IN_BAND,
        shown_by="tests/acceptance/test_lifecycle.py::"
        "test_an_answer_without_an_end_is_broken_off_and_says_so",
    ),
)

UPSTREAM = (
    Limit(
        "connect",
        Text("Connecting", "建立连接"),
        504,
        "upstream_timeout",
        "CURSOR_CONNECT_TIMEOUT_S",
        shown_by="tests/unit/upstreams/test_http_faults.py::"
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
        "upstream_connections",
        Text("Connections upstream", "与上游的连接"),
        503,
        "overloaded",
        "CURSOR_CONNECTIONS_MAX",
        shown_by="tests/unit/upstreams/test_http.py::"
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
        shown_by="tests/unit/upstreams/test_http.py::test_an_error_body_is_read_up_to_its_limit",
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
        "attempts",
        Text("Attempts of one request", "一个请求的尝试次数"),
        setting="GATEWAY_ATTEMPTS_MAX",
        note=LAST_FAULT,
        shown_by="tests/unit/service/test_search.py::test_three_attempts_are_enough",
    ),
    Limit(
        "retries",
        Text("Retries of all requests", "所有请求的重试"),
        setting="GATEWAY_RETRY_PERCENT",
        note=LAST_FAULT,
        shown_by="tests/unit/service/test_search.py::"
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
        Text("`GET /update-tokeninfo`", "`GET /update-tokeninfo`"),
        429,
        "rate_limit_exceeded",
        default=Text("10 at once, 1 per second", "一次 10 个，每秒 1 个"),
        reason=Text("It needs no key and looks at the disk.", "它不需要密钥，却要查看磁盘。"),
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
        shown_by="tests/unit/service/test_trial.py::test_few_tests_run_at_a_time",
    ),
    Limit(
        "log",
        Text("Requests remembered by `GET /logs`", "`GET /logs` 记住的请求"),
        setting="GATEWAY_LOG_ENTRIES_MAX",
        note=Text("the oldest is forgotten", "忘记最旧的"),
        shown_by="tests/contract/test_request_log.py::test_it_is_bounded",
    ),
)

SECTIONS = (
    Section(Text("One request", "单个请求"), REQUEST),
    Section(Text("All requests together", "所有请求"), LOAD),
    Section(Text("The upstream", "上游"), UPSTREAM),
    Section(Text("Management and memory", "管理与内存"), MANAGEMENT),
)
LIMITS = {row.key: row for section in SECTIONS for row in section.rows}
