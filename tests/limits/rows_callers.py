"""What callers can make large, long or many."""

from __future__ import annotations

from tests.limits.limit import CUT, IN_BAND, OURS_OF_LOAD, Limit
from tests.texts import Text

KEPT = "tests/unit/service/inference/test_kept_answers.py::test_"

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
        "fields",
        Text("Header fields, and those of a trailer", "请求头字段数（尾部字段同）"),
        431,
        "request_header_fields_too_large",
        default=Text("200", "200"),
        reason=Text(
            "A browser sends some twenty, a chain of proxies adds as many; each is an object of"
            " thirty times its bytes.",
            "浏览器发送约二十个，代理链再添同样多；每个字段作为对象占其字节的三十倍。",
        ),
    ),
    Limit(
        "target",
        Text("Address with its query", "地址（含查询部分）"),
        400,
        "bad_request",
        default=Text("8 KiB", "8 KiB"),
        reason=Text(
            "What nginx takes; a longer one would be taken apart before any key is looked at.",
            "与 nginx 相同；更长的地址会在检查密钥之前被解析。",
        ),
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
        "pieces",
        Text("Chunks of a body", "请求体的分块数"),
        400,
        "bad_request",
        default=Text("16,384, and one more for each 64 bytes", "16,384，每 64 字节可再多一块"),
        reason=Text(
            "Each costs a microsecond: 10 MiB in chunks of one byte would stop everybody else"
            " for ten seconds.",
            "每块耗时一微秒：10 MiB 若每块一字节会让所有人停顿十秒。",
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
        "overloaded",
        "GATEWAY_CONNECTIONS_MAX",
        shown_by="tests/unit/web/server/test_connection.py::"
        "test_a_connection_too_many_is_told_to_come_again",
    ),
    Limit(
        "handshakes",
        Text("TLS handshakes at once", "同时进行的 TLS 握手"),
        default=Text("256", "256"),
        note=Text(
            "the oldest ends; each has GATEWAY_HEADER_TIMEOUT_S",
            "最早的一个被结束；每个限时 GATEWAY_HEADER_TIMEOUT_S",
        ),
        reason=Text(
            "A real one lasts two round trips. Fewer where fewer connections are left, but 16.",
            "真实的握手只需两次往返。剩余连接较少时相应减少，但至少 16 个。",
        ),
        shown_by="tests/unit/web/server/test_listener.py::"
        "test_of_too_many_handshakes_the_oldest_ends",
    ),
    Limit(
        "pipelined",
        Text(
            "Requests that wait on one connection for an earlier one's answer",
            "同一连接上等待前一个回答的请求",
        ),
        default=Text("16", "16"),
        note=Text(
            "the connection ends with the last answer; the rest has to be sent again",
            "最后一个回答之后连接结束；其余请求需重新发送",
        ),
        reason=Text(
            "Hardly a client sends a second one before it has the first one's answer, and nobody"
            " has shown a key for them.",
            "几乎没有客户端在收到前一个回答之前发送下一个，且它们尚未出示密钥。",
        ),
        shown_by="tests/unit/web/server/test_protocol_queueing.py::"
        "test_of_many_requests_in_one_read_some_are_answered_and_the_connection_ends",
    ),
    Limit(
        "unserved",
        Text(
            "Those and unfinished heads, of all connections", "所有连接上的此类请求与未完成的请求头"
        ),
        503,
        "overloaded",
        default=Text("32 MiB", "32 MiB"),
        note=Text("the connection that keeps most ends", "占用最多的连接被结束"),
        reason=Text(
            "They are kept for whoever connects, before any key is shown; real heads come in one or"
            " two packets.",
            "它们在出示任何密钥之前就被保留；真实的请求头只有一两个数据包。",
        ),
        shown_by="tests/unit/web/server/test_protocol_queueing.py::"
        "test_who_keeps_most_goes_where_all_together_keep_too_much",
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
        "caller_percent",
        Text(
            "Percent of requests, streams and bodies for one caller but the operator",
            "单个调用方（操作者除外）可占请求、流与请求体的百分比",
        ),
        429,
        "concurrency_exceeded",
        "GATEWAY_CALLER_PERCENT",
        shown_by=OURS_OF_LOAD + "one_key_leaves_room_for_the_others",
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
        "answers",
        Text("Answers that are kept", "保留的回答"),
        404,
        "previous_response_not_found",
        "GATEWAY_ANSWERS_BYTES_MAX",
        note=Text(
            "The oldest go first; one that would take a quarter is not kept.",
            "最旧的先删除；会占去四分之一的回答不予保留。",
        ),
        shown_by=KEPT + "the_oldest_go_where_room_is_needed",
    ),
    Limit(
        "answers_age",
        Text("Their age", "其保留时间"),
        404,
        "previous_response_not_found",
        "GATEWAY_ANSWERS_KEPT_S",
        shown_by=KEPT + "they_are_kept_for_a_while",
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
        "new_keys",
        Text("Keys that are new there and wait for their turn", "该地址上等待判断的新密钥"),
        429,
        "too_many_wrong_keys",
        default=Text("32, 5 s each", "32 个，每个 5 秒"),
        note=Text("the answer is held back for a second", "回答会推迟一秒"),
        reason=Text(
            "More programs than start at once behind one address; a client with a right key has"
            " patience for five seconds.",
            "比同一地址后面同时启动的程序更多；持有正确密钥的客户端等得起五秒。",
        ),
        shown_by="tests/unit/web/access/test_lockout.py::test_so_many_wait_and_no_more",
    ),
    Limit(
        "wrong_kept",
        Text("Wrong keys remembered", "记住的错误密钥"),
        default=Text("16,384", "16,384"),
        note=Text("the one not seen for longest is forgotten", "忘记最久未出现的那个"),
        reason=Text(
            "Some 2 MB. What a left-over client sends comes again so often that guesses do not"
            " push it out.",
            "约 2 MB。遗留客户端的密钥出现得足够频繁，不会被猜测挤掉。",
        ),
        shown_by="tests/unit/web/access/test_lockout.py::test_wrong_keys_do_not_add_up",
    ),
    Limit(
        "write",
        Text("Patience with a client that does not read", "对不读取数据的客户端的耐心"),
        setting="GATEWAY_WRITE_TIMEOUT_S",
        note=CUT,
        shown_by="tests/unit/web/server/test_server.py::test_a_client_that_stops_reading_is_cut",
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
