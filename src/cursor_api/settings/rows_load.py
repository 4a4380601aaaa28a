"""The settings of load and trouble: how often to try again, how much to take on at once."""

from __future__ import annotations

from cursor_api.options.kinds import Text, duration, size, whole
from cursor_api.options.setting import GIB, MIB, Setting

FAILOVER = (
    Setting(
        "GATEWAY_ATTEMPTS_MAX",
        "failover.attempts_max",
        whole(1, 10, 3),
        "3",
        Text(
            "How often one request is tried while the upstream fails before its first word."
            " After the first word nothing is tried again. A credential that is refused does not"
            " count: the next one is asked at once.",
            "在上游给出第一个字之前，一个请求最多尝试几次。第一个字之后不再重试。"
            "凭据被拒不计入：会立即换下一个。",
        ),
    ),
    Setting(
        "GATEWAY_RETRY_PERCENT",
        "failover.retry_percent",
        whole(0, 100, 20),
        "20",
        Text(
            "Of all requests together, how many may be tried again because the upstream failed."
            " Enough for single faults; in an outage it keeps the gateway from making it worse."
            " 0 tries nothing again.",
            "所有请求中，因上游故障而重试的比例上限。足以应对个别故障；在大面积故障时不至于雪上加霜。"
            "0 表示从不重试。",
        ),
    ),
    Setting(
        "GATEWAY_BREAKER_FAILURES",
        "failover.breaker_failures",
        whole(0, 1000, 5),
        "5",
        Text(
            "After so many failures in a row the upstream is not asked for a while, and callers"
            " are told at once when to come back. 0 asks it always.",
            "上游连续失败这么多次后，暂时不再请求它，并立即告诉调用方何时再来。0 表示始终请求。",
        ),
    ),
    Setting(
        "GATEWAY_BREAKER_OPEN_S",
        "failover.breaker_open_s",
        duration(0.1, 3600, "30s"),
        "30",
        Text(
            "How long that while is. Then one request may find out whether the upstream is well"
            " again.",
            "暂停多久。之后由一个请求试探上游是否恢复。",
        ),
    ),
)

ADMISSION = (
    Setting(
        "GATEWAY_REQUESTS_MAX",
        "admission.requests_max",
        whole(1, 100_000, 1200),
        "1200",
        Text(
            "Chat requests under way at once; more are told to come back in a second (503). A"
            " small server carries some thousand streams, and each caller waits longer with every"
            " further one.",
            "同时进行的聊天请求上限；超出的会被告知一秒后再来（503）。"
            "小型服务器能承受约一千个流，每多一个，所有调用方都等得更久。",
        ),
    ),
    Setting(
        "GATEWAY_CALLER_REQUESTS_MAX",
        "admission.caller_requests_max",
        whole(1, 100_000, 1000),
        "1000",
        Text(
            "The same for one key (429): a program gone wild leaves room for the others.",
            "单个密钥的同一上限（429）：失控的程序不会占满所有位置。",
        ),
    ),
    Setting(
        "GATEWAY_STREAMS_MAX",
        "admission.streams_max",
        whole(1, 100_000, 1000),
        "1000",
        Text(
            "How many of them may be streams (503), which hold their place for minutes: a stream"
            " keeps up to 64 KiB of memory and two file descriptors.",
            "其中流式回答的上限（503）：它们会占用位置数分钟，"
            "每个最多占 64 KiB 内存和两个文件描述符。",
        ),
    ),
    Setting(
        "GATEWAY_BODIES_BYTES_MAX",
        "admission.bodies_bytes_max",
        size(MIB, 64 * GIB, "64MiB"),
        "64MiB",
        Text(
            "Request bodies kept at once, all together (503). A body is kept until its answer"
            " begins, and takes about three times its size while it is read.",
            "同时保留的请求体总量上限（503）。请求体保留到回答开始为止，读取时约占其大小的三倍。",
        ),
    ),
    Setting(
        "GATEWAY_QUEUE_MAX",
        "admission.queue_max",
        whole(0, 100_000, 100),
        "100",
        Text(
            "Requests that may wait while every credential is at the limit that you gave it."
            " 0 lets none wait (503 at once).",
            "当所有凭据都达到你设置的并发上限时，最多有多少请求排队等待。"
            "0 表示不等待（立即 503）。",
        ),
    ),
    Setting(
        "GATEWAY_QUEUE_WAIT_S",
        "admission.queue_wait_s",
        duration(0.1, 3600, "10s"),
        "10",
        Text(
            "How long they wait at most. Agents ask in bursts and answers take seconds; who waits"
            " longer is better told.",
            "最多等待多久。代理会一阵阵地请求，回答需要数秒；等得更久不如直接告知。",
        ),
    ),
)
