"""The settings of our own side: the listener, who may call, files, limits and logs."""

from __future__ import annotations

from cursor_api.options.addresses import listen_host, origins, route_prefix
from cursor_api.options.kinds import (
    Text,
    checksum,
    choice,
    client_keys,
    duration,
    flag,
    header_secret,
    path,
    whole,
)
from cursor_api.options.setting import Setting

LISTENER = (
    Setting(
        "HOST",
        "listener.host",
        listen_host(),
        "127.0.0.1",
        Text(
            "Address to listen on. Loopback by default: whoever can reach the gateway spends"
            " your account. In a container it has to be `0.0.0.0`.",
            "监听地址。默认只监听本机：能访问网关的人就能使用你的账号。在容器中须设为 `0.0.0.0`。",
        ),
    ),
    Setting(
        "PORT",
        "listener.port",
        whole(0, 65535, 3000),
        "3000",
        Text("Port to listen on; 0 takes any free one.", "监听端口；0 表示任选一个空闲端口。"),
    ),
    Setting(
        "ROUTE_PREFIX",
        "listener.route_prefix",
        route_prefix(),
        "",
        Text(
            "Path in front of the routes, for a gateway behind a reverse proxy or at an address"
            " that is hard to guess. A leading slash is added, a trailing one removed.",
            "路由前的路径前缀，用于反向代理之后，或让地址不易被猜到。会自动补上开头的斜杠，去掉结尾的斜杠。",
        ),
    ),
    Setting(
        "GATEWAY_CORS_ORIGINS",
        "listener.cors_origins",
        origins(),
        "",
        Text(
            "Origins of web pages that may call the gateway from a browser, with a key of theirs:"
            " chat and models, never credentials or logs. None by default: no other page can then"
            " use a key that a browser holds.",
            "允许凭自己的密钥从浏览器调用网关的网页来源：可用聊天与模型，凭据与日志除外。"
            "默认没有：其他网页因此无法使用浏览器中的密钥。",
        ),
    ),
    Setting(
        "GATEWAY_CONNECTIONS_MAX",
        "listener.connections_max",
        whole(1, 1_000_000, 4096),
        "4096",
        Text(
            "Most connections that callers may have open, those between two requests included;"
            " the next one gets a 503. At most half of what the system lets the process have"
            " (`ulimit -n`): the other half is for the connections upstream.",
            "调用方最多可同时打开多少连接，包括两次请求之间的空闲连接；再多的会收到 503。"
            "最多为系统允许该进程打开数（`ulimit -n`）的一半：另一半留给上游连接。",
        ),
    ),
    Setting(
        "GATEWAY_KEEP_ALIVE_S",
        "listener.keep_alive_s",
        duration(1, 600, "15s"),
        "15",
        Text(
            "Silence after which a stream gets a comment line, so that proxies and clients do"
            " not give it up; most of them wait 30 to 60 seconds.",
            "流静默多久后发送一行注释，以免代理或客户端断开；它们大多等待 30 到 60 秒。",
        ),
    ),
    Setting(
        "GATEWAY_WRITE_TIMEOUT_S",
        "listener.write_timeout_s",
        duration(1, 3600, "30s"),
        "30",
        Text(
            "How long a client may refuse to read before it is cut off; until then its answer"
            " holds an upstream connection.",
            "客户端多久不读取数据就断开；在此之前它的回答一直占用一个上游连接。",
        ),
    ),
    Setting(
        "GATEWAY_HEADER_TIMEOUT_S",
        "listener.header_timeout_s",
        duration(1, 3600, "15s"),
        "15",
        Text(
            "How long a client may take to send a request's line and headers, and how long a new"
            " connection may stay silent. Real clients send them in one packet.",
            "客户端发送请求行与请求头最多可用多久，也是新连接可保持沉默的时长。真实客户端一个数据包就能发完。",
        ),
    ),
    Setting(
        "GATEWAY_BODY_TIMEOUT_S",
        "listener.body_timeout_s",
        duration(1, 3600, "30s"),
        "30",
        Text(
            "How long a client may take for the next 16 KiB of a request's body, or for its end."
            " A large body on a slow line is fine as long as it goes on.",
            "客户端发送请求体的下一个 16 KiB（或其结尾）最多可用多久。"
            "慢速网络上的大请求体只要持续传输就没有问题。",
        ),
    ),
    Setting(
        "GATEWAY_SHUTDOWN_GRACE_S",
        "listener.shutdown_grace_s",
        duration(0, 3600, "30s"),
        "30",
        Text(
            "How long running answers may go on after SIGTERM. Container platforms kill after"
            " 10 (Docker) or 30 seconds (Kubernetes) unless told otherwise.",
            "收到 SIGTERM 后，正在进行的回答还可持续多久。若不另行设置，"
            "容器平台会在 10 秒（Docker）或 30 秒（Kubernetes）后强制结束。",
        ),
    ),
)

ACCESS = (
    Setting(
        "AUTH_TOKEN",
        "access.auth_token",
        header_secret(),
        None,
        Text(
            "The key that callers present as `Authorization: Bearer …`. Make one with"
            " `openssl rand -hex 24`. At least 16 characters unless the listener is loopback"
            " only; may be missing only with `PASSTHROUGH`.",
            "调用方在 `Authorization: Bearer …` 中出示的密钥。可用 `openssl rand -hex 24` 生成。"
            "除非只监听本机，否则至少 16 个字符；仅在 `PASSTHROUGH` 时可以不设。",
        ),
        default_note=Text("none, required", "无，必填"),
    ),
    Setting(
        "CLIENT_TOKENS",
        "access.client_tokens",
        client_keys(),
        "",
        Text(
            "Further keys, for callers who may chat and nothing else: the addresses that show or"
            " change credentials answer them 403. As long as `AUTH_TOKEN` has to be, and"
            " other than it. In the log they are `client-1`, `client-2`, in this order.",
            "只能聊天的调用方所用的其他密钥：查看或更改凭据的地址对它们回答 403。"
            "长度要求与 `AUTH_TOKEN` 相同，且不得与之相同。"
            "在日志中按此顺序显示为 `client-1`、`client-2`。",
        ),
    ),
    Setting(
        "PASSTHROUGH",
        "access.passthrough",
        flag(),
        "false",
        Text(
            "Callers bring their own Cursor tokens as their Bearer (several with commas), and"
            " no token file is used for them. Off by default: anybody could then use the"
            " gateway's address for an account of theirs.",
            "调用方以自己的 Cursor 令牌作为 Bearer（多个以逗号分隔），不使用令牌文件。"
            "默认关闭：否则任何人都能借网关的地址使用自己的账号。",
        ),
        field="is_passthrough",
    ),
    Setting(
        "X_CURSOR_CHECKSUM",
        "access.checksum",
        checksum(),
        None,
        Text(
            "With `PASSTHROUGH`: the checksum for callers who send no `x-cursor-checksum`"
            " header. Without it one is made up for them.",
            "配合 `PASSTHROUGH`：调用方未发送 `x-cursor-checksum` 请求头时使用的校验值。"
            "未设置时自动生成。",
        ),
        default_note=Text("made up", "自动生成"),
        aliases=("x-cursor-checksum",),
    ),
    Setting(
        "LOGS_PUBLIC",
        "access.logs_public",
        flag(),
        None,
        Text(
            "Whether `GET /logs` answers without a key, with masked entries only. The same as"
            " before on your own machine; closed where strangers could read along.",
            "`GET /logs` 是否无需密钥即可访问（仅显示打码后的记录）。"
            "在本机上与从前一样；在他人可能看到的地方则关闭。",
        ),
        default_note=Text(
            "`true` on a loopback listener, else `false`", "只监听本机时为 `true`，否则为 `false`"
        ),
        field="is_logs_public",
    ),
    Setting(
        "GATEWAY_WRONG_KEYS_MAX",
        "access.wrong_keys_max",
        whole(0, 1_000_000, 10),
        "10",
        Text(
            "After so many wrong keys an address is locked out: for a second, then for twice as"
            " long each time, up to a minute; ten quiet minutes end it. Keys in use from there"
            " before go on. More than a person mistypes, too few to guess. With `PASSTHROUGH`, no"
            " token is a wrong key for a chat. 0 never locks.",
            "同一地址出示这么多次错误密钥后被锁定：先是一秒，之后每次加倍，最长一分钟；"
            "安静十分钟后解除计数。此前已在该地址使用的密钥不受影响。"
            "比人的误输多，比猜测所需少得多。使用 `PASSTHROUGH` 时，聊天中的令牌不算错误密钥。"
            "0 表示从不锁定。",
        ),
    ),
)

FILES = (
    Setting(
        "TOKEN_FILE",
        "files.token_file",
        path(),
        ".token",
        Text(
            "Your Cursor tokens, one a line, `token` or `alias::token`.",
            "你的 Cursor 令牌，每行一个，写作 `token` 或 `alias::token`。",
        ),
    ),
    Setting(
        "TOKEN_LIST_FILE",
        "files.token_list_file",
        path(),
        ".token-list",
        Text(
            "Each token with the checksum that ties it to a device. Written by the gateway;"
            " keep it, a new checksum looks like a new computer.",
            "每个令牌及其绑定设备的校验值。由网关写入；请保留它，换了校验值就像换了一台电脑。",
        ),
    ),
    Setting(
        "POOL_STATE_FILE",
        "files.pool_state_file",
        path(),
        None,
        Text(
            "What the pool remembers over a restart: cooldowns, quarantines, counts, and what you"
            " set on the page (priority, weight, limit). Holds no token; losing it costs a few"
            " refused requests.",
            "重启后仍保留的凭据池状态：冷却、隔离、计数，以及你在页面上的设置（优先级、权重、上限）。"
            "不含令牌；丢失它只会让几个请求被拒。",
        ),
        default_note=Text("`.token-state` beside `TOKEN_FILE`", "`TOKEN_FILE` 旁的 `.token-state`"),
    ),
    Setting(
        "REQUEST_LOG_FILE",
        "files.request_log_file",
        path(),
        None,
        Text(
            "What became of each request, over a restart: an SQLite file with the time, model,"
            " credential's name, outcome, tokens and attempts of each. Holds no prompt, no answer"
            " and no token; remove it and it begins anew.",
            "每个请求的结果，重启后仍保留：一个 SQLite 文件，记录时间、模型、凭据名称、结果、"
            "token 数和各次尝试。不含提示词、回答和令牌；删除后会重新开始。",
        ),
        default_note=Text(
            "`.request-log.sqlite3` beside `TOKEN_FILE`",
            "`TOKEN_FILE` 旁的 `.request-log.sqlite3`",
        ),
    ),
)

POOL = (
    Setting(
        "POOL_POLICY",
        "pool.policy",
        choice("round_robin", "least_busy", "fill_first", "sticky"),
        "round_robin",
        Text(
            "How credentials of the same priority share the work. `round_robin`: in turn, by"
            " weight. `least_busy`: the one with the fewest requests under way. `fill_first`:"
            " always the first that can. `sticky`: a caller, or a conversation named in the"
            " header `x-conversation-id`, stays with the credential it had.",
            "同一优先级的凭据如何分担请求。`round_robin`：按权重轮流。"
            "`least_busy`：选进行中请求最少的。`fill_first`：总是选第一个可用的。"
            "`sticky`：调用方（或请求头 `x-conversation-id` 指明的会话）一直使用原来的凭据。",
        ),
    ),
)

LOGS = (
    Setting(
        "GATEWAY_LOG_LEVEL",
        "logs.level",
        choice("debug", "info", "warning", "error"),
        "info",
        Text(
            "The least serious events that are written. Secrets are taken out at every level.",
            "写出的最低日志级别。任何级别都会去除密钥。",
        ),
    ),
    Setting(
        "GATEWAY_LOG_FORMAT",
        "logs.format",
        choice("auto", "text", "json"),
        "auto",
        Text(
            "`text` for people, `json` for machines; `auto` is text on a terminal, else JSON.",
            "`text` 供人阅读，`json` 供程序处理；`auto` 在终端上用文本，其他情况用 JSON。",
        ),
    ),
    Setting(
        "GATEWAY_LOG_ENTRIES_MAX",
        "logs.entries_max",
        whole(100, 100_000, 100),
        "100",
        Text(
            "How many requests `GET /logs` remembers, in memory. 100 is what it always showed.",
            "`GET /logs` 在内存中保留多少条请求记录。一直以来是 100 条。",
        ),
    ),
    Setting(
        "GATEWAY_LOG_KEPT_MAX",
        "logs.kept_max",
        whole(0, 10_000_000, 0),
        "100000",
        Text(
            "How many requests `REQUEST_LOG_FILE` keeps; the oldest are forgotten. 100,000 are"
            " 30 MB. 0: no file, and a restart forgets all.",
            "`REQUEST_LOG_FILE` 保留多少条请求记录；超出时忘记最旧的。10 万条约 30 MB。"
            "0：不写文件，重启后全部忘记。",
        ),
    ),
)
