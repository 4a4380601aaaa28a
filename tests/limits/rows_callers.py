"""What callers can make large, long or many."""

from __future__ import annotations

from cursor_api.options.said import Words
from tests.limits.limit import CUT, IN_BAND, OURS_OF_LOAD, Limit

KEPT = "tests/unit/service/inference/test_kept_answers.py::test_"

REQUEST = (
    Limit(
        "body",
        Words("Request body, after decompression", "请求体（解压后）"),
        413,
        "body_too_large",
        "GATEWAY_BODY_BYTES_MAX",
        note=Words("as soon as the limit is exceeded", "一旦超出立即回答"),
    ),
    Limit(
        "head",
        Words("Request line and headers", "请求行与请求头"),
        431,
        "request_header_fields_too_large",
        "GATEWAY_HEADER_BYTES_MAX",
    ),
    Limit(
        "fields",
        Words("Number of header fields (also for trailers)", "请求头字段数（尾部字段相同）"),
        431,
        "request_header_fields_too_large",
        default=Words("200", "200"),
        reason=Words(
            "A browser sends about twenty, and a chain of proxies adds as many. In memory, a"
            " field takes thirty times its bytes.",
            "浏览器发送约二十个，一连串代理会再加同样多。每个字段在内存中占其字节数的三十倍。",
        ),
    ),
    Limit(
        "target",
        Words("URL with its query", "URL（含查询部分）"),
        400,
        "bad_request",
        default=Words("8 KiB", "8 KiB"),
        reason=Words(
            "The same as nginx. A URL is parsed before the key is checked.",
            "与 nginx 相同。URL 在检查密钥之前就会被解析。",
        ),
    ),
    Limit(
        "head_time",
        Words("Time to send request line and headers", "发送请求行与请求头的时间"),
        408,
        "request_timeout",
        "GATEWAY_HEADER_TIMEOUT_S",
        note=Words(
            "if no byte has arrived, the connection is closed without an answer",
            "一个字节都没有收到时，直接断开连接",
        ),
    ),
    Limit(
        "body_time",
        Words("Time to send the next 16 KiB of the body", "发送请求体下一个 16 KiB 的时间"),
        408,
        "request_timeout",
        "GATEWAY_BODY_TIMEOUT_S",
    ),
    Limit(
        "chunks",
        Words(
            "Chunk headers and trailers, per byte of the body",
            "每字节请求体对应的分块头与尾部",
        ),
        400,
        "bad_request",
        default=Words("16 bytes", "16 字节"),
        reason=Words(
            "Chunks of one byte need six. More would only keep the parser busy.",
            "每块一个字节时需要六个字节；更多只会让解析器空忙。",
        ),
    ),
    Limit(
        "pieces",
        Words("Number of chunks in a body", "请求体的分块数"),
        400,
        "bad_request",
        default=Words("16,384, plus one for each 64 bytes", "16,384，每 64 字节再加一块"),
        reason=Words(
            "Each chunk takes a microsecond. 10 MiB in chunks of one byte would block all other"
            " requests for ten seconds.",
            "每块耗时一微秒。10 MiB 如果每块一个字节，会使其他请求停顿十秒。",
        ),
    ),
    Limit(
        "depth",
        Words("JSON: nesting depth", "JSON：嵌套层数"),
        400,
        "json_above_max_depth",
        "GATEWAY_JSON_DEPTH_MAX",
    ),
    Limit(
        "containers",
        Words("JSON: number of objects and arrays", "JSON：对象与数组的数量"),
        400,
        "json_above_max_containers",
        "GATEWAY_JSON_CONTAINERS_MAX",
    ),
    Limit(
        "values",
        Words("JSON: number of values", "JSON：值的数量"),
        400,
        "json_above_max_values",
        "GATEWAY_JSON_VALUES_MAX",
    ),
    Limit(
        "messages",
        Words("Number of messages", "消息数"),
        400,
        "array_above_max_length",
        "GATEWAY_MESSAGES_MAX",
    ),
    Limit(
        "parts",
        Words("Number of content parts and tool calls", "内容片段与工具调用的数量"),
        400,
        "array_above_max_length",
        "GATEWAY_PARTS_MAX",
    ),
    Limit(
        "tools",
        Words("Number of tools", "工具数"),
        400,
        "array_above_max_length",
        default=Words("5,000", "5,000"),
        reason=Words(
            "Agents with many tool servers have some hundred. Each tool is read separately and"
            " takes several microseconds.",
            "连接许多工具服务器的 agent 有数百个。每个工具都要单独读取，耗时数微秒。",
        ),
        shown_by="tests/unit/dialects/openai_chat/test_request.py::test_tools_are_counted",
    ),
    Limit(
        "image",
        Words("One image", "单张图片"),
        400,
        "invalid_image_url",
        "GATEWAY_IMAGE_BYTES_MAX",
    ),
    Limit(
        "model",
        Words("Model name", "模型名称"),
        400,
        "string_above_max_length",
        default=Words("256 characters", "256 个字符"),
        reason=Words(
            "Real names have fewer than 100 characters. An unknown name is compared with all"
            " known names.",
            "真实的名称不到 100 个字符。未知的名称要与所有已知名称比较。",
        ),
    ),
    Limit(
        "key",
        Words("API key", "API 密钥"),
        401,
        "unauthorized",
        default=Words("16 KiB", "16 KiB"),
        reason=Words(
            "With `PASSTHROUGH`, it can be up to 20 session tokens of about 400 characters each.",
            "启用 `PASSTHROUGH` 时，它可以包含最多 20 个会话令牌，每个约 400 个字符。",
        ),
    ),
)

LOAD = (
    Limit(
        "connections",
        Words("Connections from callers", "调用方的连接"),
        503,
        "overloaded",
        "GATEWAY_CONNECTIONS_MAX",
        shown_by="tests/unit/web/server/test_connection.py::"
        "test_a_connection_too_many_is_told_to_come_again",
    ),
    Limit(
        "handshakes",
        Words("TLS handshakes at the same time", "同时进行的 TLS 握手"),
        default=Words("256", "256"),
        note=Words(
            "the oldest handshake is ended; each may take `GATEWAY_HEADER_TIMEOUT_S`",
            "结束最早的握手；每次握手限时 `GATEWAY_HEADER_TIMEOUT_S`",
        ),
        reason=Words(
            "A real handshake takes two round trips. The limit is lower when fewer connections"
            " are left, but at least 16.",
            "真实的握手只需两次往返。剩余连接较少时，上限随之降低，但至少为 16。",
        ),
        shown_by="tests/unit/web/server/test_listener.py::"
        "test_of_too_many_handshakes_the_oldest_ends",
    ),
    Limit(
        "pipelined",
        Words(
            "Requests on one connection that wait for an earlier answer",
            "同一连接上等待前一个回答的请求",
        ),
        default=Words("16", "16"),
        note=Words(
            "the connection is closed after the last answer; the remaining requests have to be"
            " sent again",
            "最后一个回答之后关闭连接；其余请求需要重新发送",
        ),
        reason=Words(
            "Few clients send a second request before they have the first answer. The keys of"
            " these requests have not been checked yet.",
            "很少有客户端在收到前一个回答之前发送下一个请求。这些请求的密钥还没有检查过。",
        ),
        shown_by="tests/unit/web/server/test_protocol_queueing.py::"
        "test_of_many_requests_in_one_read_some_are_answered_and_the_connection_ends",
    ),
    Limit(
        "unserved",
        Words(
            "Memory for such requests and unfinished headers, on all connections",
            "所有连接上此类请求与未完成的请求头占用的内存",
        ),
        503,
        "overloaded",
        default=Words("32 MiB", "32 MiB"),
        note=Words("the connection that uses most is closed", "关闭占用最多的连接"),
        reason=Words(
            "Anyone who connects can use this memory, before a key is checked. Real headers"
            " arrive in one or two packets.",
            "任何人连接之后、检查密钥之前，都会占用这部分内存。真实的请求头只有一两个数据包。",
        ),
        shown_by="tests/unit/web/server/test_protocol_queueing.py::"
        "test_who_keeps_most_goes_where_all_together_keep_too_much",
    ),
    Limit(
        "requests",
        Words("Running requests", "进行中的请求"),
        503,
        "overloaded",
        "GATEWAY_REQUESTS_MAX",
        shown_by=OURS_OF_LOAD + "who_comes_when_all_places_are_taken_is_told_at_once",
    ),
    Limit(
        "caller_requests",
        Words("Running requests of one caller", "单个调用方进行中的请求"),
        429,
        "concurrency_exceeded",
        "GATEWAY_CALLER_REQUESTS_MAX",
        shown_by=OURS_OF_LOAD + "who_comes_when_all_places_are_taken_is_told_at_once",
    ),
    Limit(
        "caller_percent",
        Words(
            "Share of requests, streams and bodies for one caller, in percent",
            "单个调用方可占请求、流与请求体的百分比",
        ),
        429,
        "concurrency_exceeded",
        "GATEWAY_CALLER_PERCENT",
        shown_by=OURS_OF_LOAD + "one_key_leaves_room_for_the_others",
    ),
    Limit(
        "streams",
        Words("Open streams", "打开的流"),
        503,
        "overloaded",
        "GATEWAY_STREAMS_MAX",
        shown_by=OURS_OF_LOAD + "streams_have_a_bound_of_their_own",
    ),
    Limit(
        "bodies",
        Words("Memory for all request bodies together", "所有请求体占用的内存"),
        503,
        "overloaded",
        "GATEWAY_BODIES_BYTES_MAX",
        shown_by=OURS_OF_LOAD + "bodies_are_bounded_together_and_let_go_of_when_the_answer_begins",
    ),
    Limit(
        "queue",
        Words("Requests waiting for a credential", "等待凭据的请求"),
        503,
        "overloaded",
        "GATEWAY_QUEUE_MAX",
        shown_by=OURS_OF_LOAD + "requests_wait_for_a_credential_at_its_limit",
    ),
    Limit(
        "queue_wait",
        Words("How long such a request waits", "此类请求的等待时间"),
        503,
        "overloaded",
        "GATEWAY_QUEUE_WAIT_S",
        shown_by=OURS_OF_LOAD + "a_wait_has_an_end",
    ),
    Limit(
        "answers",
        Words("Memory for stored answers", "保留的回答占用的内存"),
        404,
        "previous_response_not_found",
        "GATEWAY_ANSWERS_BYTES_MAX",
        note=Words(
            "the oldest of the caller who takes most is removed; an answer that needs more than a"
            " quarter is not stored",
            "删除占用最多的调用方最旧的回答；一个回答若要占用四分之一以上，则不保留",
        ),
        shown_by=KEPT + "the_oldest_go_where_room_is_needed",
    ),
    Limit(
        "answers_age",
        Words("How long an answer is stored", "回答的保留时间"),
        404,
        "previous_response_not_found",
        "GATEWAY_ANSWERS_KEPT_S",
        shown_by=KEPT + "they_are_kept_for_a_while",
    ),
    Limit(
        "wrong_keys",
        Words("Wrong keys from one address", "来自同一地址的错误密钥"),
        429,
        "too_many_wrong_keys",
        "GATEWAY_WRONG_KEYS_MAX",
        shown_by="tests/acceptance/test_lockout.py::test_a_flood_is_locked_out_and_others_go_on",
    ),
    Limit(
        "new_keys",
        Words(
            "New keys that wait for their turn at that address",
            "该地址上等待判断的新密钥",
        ),
        429,
        "too_many_wrong_keys",
        default=Words("32, 5 s each", "32 个，每个 5 秒"),
        note=Words("the answer is delayed by one second", "回答会推迟一秒"),
        reason=Words(
            "Fewer programs than this start at once behind one address. A client with a correct"
            " key can wait five seconds.",
            "同一地址后面同时启动的程序少于这个数。持有正确密钥的客户端等得起五秒。",
        ),
        shown_by="tests/unit/web/access/test_lockout.py::test_so_many_wait_and_no_more",
    ),
    Limit(
        "wrong_kept",
        Words("Wrong keys that are remembered", "记住的错误密钥"),
        default=Words("16,384", "16,384"),
        note=Words("the one that was not used for longest is forgotten", "忘记最久未出现的那个"),
        reason=Words(
            "About 2 MB. A forgotten client repeats its wrong key so often that guessed keys do"
            " not displace it.",
            "约 2 MB。遗忘在某处的客户端会频繁重复它的错误密钥，因此不会被猜测的密钥挤掉。",
        ),
        shown_by="tests/unit/web/access/test_lockout.py::test_wrong_keys_do_not_add_up",
    ),
    Limit(
        "write",
        Words("How long a client may not read", "客户端多久不读取数据"),
        setting="GATEWAY_WRITE_TIMEOUT_S",
        note=CUT,
        shown_by="tests/unit/web/server/test_server.py::test_a_client_that_stops_reading_is_cut",
    ),
    Limit(
        "grace",
        Words("How long answers may run after a stop signal", "收到停止信号后回答可持续的时间"),
        503,
        "overloaded",
        "GATEWAY_SHUTDOWN_GRACE_S",
        note=IN_BAND,
        shown_by="tests/acceptance/test_lifecycle.py::"
        "test_an_answer_without_an_end_is_broken_off_and_says_so",
    ),
)
