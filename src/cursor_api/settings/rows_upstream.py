"""The settings of the upstream side: where Cursor is, what it is told, how far it is trusted."""

from __future__ import annotations

from cursor_api.options.addresses import base_url, proxy_url
from cursor_api.options.by_model import durations_by_model
from cursor_api.options.kinds import (
    Text,
    choice,
    duration,
    flag,
    path,
    prose,
    size,
    time_zone,
    version,
    whole,
)
from cursor_api.options.setting import GIB, KIB, Setting

CURSOR = (
    Setting(
        "CURSOR_BASE_URL",
        "cursor.base_url",
        base_url(),
        "https://api2.cursor.sh",
        Text(
            "Where requests go. Plain `http://` is allowed for a simulator or a proxy on your"
            " own machine; elsewhere it shows your token to the network.",
            "请求发往的地址。允许 `http://`，用于本机上的模拟器或代理；用在别处会把令牌暴露给网络。",
        ),
    ),
    Setting(
        "CURSOR_CLIENT_VERSION",
        "cursor.client_version",
        version(),
        "0.42.5",
        Text(
            "The editor version that is stated. Raise it when the upstream answers that the"
            " client is outdated.",
            "所声明的编辑器版本。上游回答客户端版本过旧时请调高。",
        ),
    ),
    Setting(
        "CURSOR_TIMEZONE",
        "cursor.timezone",
        time_zone(),
        None,
        Text(
            "The time zone that is stated; models use it for dates.",
            "所声明的时区；模型据此推算日期。",
        ),
        default_note=Text("this machine's, else `UTC`", "本机时区，无法得知时为 `UTC`"),
    ),
    Setting(
        "CURSOR_PRIVACY_MODE",
        "cursor.privacy_mode",
        flag(),
        "true",
        Text(
            "Asks Cursor to keep no prompts. On by default: what callers send is not ours to"
            " give away.",
            "要求 Cursor 不保留提示内容。默认开启：调用方发送的内容不应由我们交出。",
        ),
        field="is_private",
    ),
    Setting(
        "CURSOR_INSTRUCTIONS",
        "cursor.instructions",
        prose(64 * KIB),
        "",
        Text(
            "A system prompt for requests that bring none. Empty by default: callers get what"
            " they asked, nothing added.",
            "请求未带系统提示时使用的系统提示。默认为空：调用方得到所问的内容，不另加任何东西。",
        ),
    ),
    Setting(
        "CURSOR_CHECKSUM_TIME",
        "cursor.checksum_time",
        choice("now", "stored"),
        "now",
        Text(
            "The time part of the checksum header: `now` as the editor does it, or as `stored`"
            " in the token list. The device ids never change.",
            "校验请求头中的时间部分：`now` 与编辑器的做法相同，`stored` 则按令牌列表中的原样。"
            "设备标识永不改变。",
        ),
    ),
    Setting(
        "CURSOR_PROXY",
        "cursor.proxy",
        proxy_url(),
        None,
        Text(
            "HTTP proxy for upstream requests, with name and password if it wants them. Other"
            " variables for proxies are not read.",
            "上游请求使用的 HTTP 代理，需要时可带用户名和密码。不读取其他代理变量。",
        ),
        default_note=Text("none", "无"),
    ),
    Setting(
        "CURSOR_CA_FILE",
        "cursor.ca_file",
        path(),
        None,
        Text(
            "More certificate authorities (PEM) to trust upstream, for a company's proxy."
            " Verification itself cannot be switched off.",
            "额外信任的证书颁发机构（PEM），用于公司代理。证书校验本身无法关闭。",
        ),
        default_note=Text("the system's only", "仅系统自带"),
    ),
    Setting(
        "CURSOR_CONNECT_TIMEOUT_S",
        "cursor.connect_timeout_s",
        duration(0.1, 300, "10s"),
        "10",
        Text(
            "DNS, TCP and TLS together; a reachable server needs a tenth of it.",
            "DNS、TCP 与 TLS 合计；可达的服务器只需其十分之一。",
        ),
    ),
    Setting(
        "CURSOR_FIRST_TOKEN_TIMEOUT_S",
        "cursor.first_token_timeout_s",
        durations_by_model(0.1, 3600, "60s"),
        "60, o1*=300",
        Text(
            "From the request sent to the first text; then another credential is tried, if there"
            " is one. Models that reason unseen are given more: `model=duration`, with `*` in"
            " names.",
            "从发出请求到收到第一段文字；超时后若有其他凭据则换用。不显示思考过程的模型可设得更长："
            "写作 `model=duration`，名称中可用 `*`。",
        ),
    ),
    Setting(
        "CURSOR_IDLE_TIMEOUT_S",
        "cursor.idle_timeout_s",
        durations_by_model(0.1, 3600, "120s"),
        "120",
        Text(
            "Silence inside an answer, for all models or by model as above. Thinking models pause"
            " for a minute; a connection that died without a word stays silent for ever.",
            "回答中途的静默时长，可如上按模型设置。思考型模型会停顿一分钟；无声断开的连接则永远静默。",
        ),
    ),
    Setting(
        "CURSOR_CONNECTIONS_MAX",
        "cursor.connections_max",
        whole(1, 100_000, 4096),
        "4096",
        Text(
            "Open connections upstream, one per running answer. Each needs a file descriptor,"
            " and its caller a second one: `ulimit -n` has to allow both.",
            "与上游的连接数上限，每个进行中的回答占用一个。每个连接需要一个文件描述符，"
            "其调用方再占一个：`ulimit -n` 须足够。",
        ),
    ),
    Setting(
        "CURSOR_FRAME_BYTES_MAX",
        "cursor.frame_bytes_max",
        size(KIB, GIB, "8MiB"),
        "8MiB",
        Text(
            "Largest frame as it arrives. Text frames have under 100 bytes; the largest seen,"
            " an echo of the prompt, had 16 KB, and grows with the prompt.",
            "单个帧的上限（按到达时计）。文本帧不足 100 字节；见过的最大帧是提示回显，16 KB，"
            "随提示增大。",
        ),
    ),
    Setting(
        "CURSOR_INFLATED_BYTES_MAX",
        "cursor.inflated_bytes_max",
        size(KIB, GIB, "12MiB"),
        "12MiB",
        Text(
            "Largest frame after decompression: room for the echo of the largest request, and"
            " the end of a gzip bomb.",
            "单个帧解压后的上限：容得下最大请求的回显，也到此挡住 gzip 炸弹。",
        ),
    ),
    Setting(
        "CURSOR_ANSWER_BYTES_MAX",
        "cursor.answer_bytes_max",
        size(KIB, GIB, "64MiB"),
        "64MiB",
        Text(
            "All frames of one answer together, the echo of its prompt included. No model"
            " writes this much; an answer without an end stops here.",
            "一个回答所有帧的总和，包括提示回显。没有模型会写这么多；没完没了的回答到此为止。",
        ),
    ),
)
