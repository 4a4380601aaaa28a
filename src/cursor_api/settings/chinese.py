"""The Chinese texts of the documentation of settings; the English ones stand with the settings.

A test holds them against each other: none is missing, and none is left over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Both upstreams of Cursor's have these.
_FIRST_TEXT: Final = (
    "从发出请求到收到第一段文字；超时后若有其他凭据则换用。不显示思考过程的模型可"
    "设得更长：写作 `model=duration`，名称中可用 `*`。其间流会保持活动。"
)
_IDLE: Final = (
    "回答中途的静默时长，可如上按模型设置。思考型模型会停顿一分钟；无声断开的连接则永远静默。"
)

# What a setting is for, by its variable.
REASONS: Final[Mapping[str, str]] = {
    "GATEWAY_CONFIG": "TOML 文件的位置。在此指定的文件必须存在。",
    "HOST": (
        "监听地址。默认只监听本机：能访问网关的人就能使用你的账号。在容器中须设为 `0.0.0.0`。"
    ),
    "PORT": "监听端口；0 表示任选一个空闲端口。",
    "WORKERS": (
        "由多少个进程共同服务该地址（仅 Linux）：网关可用几个核心就设几个。单个进程的限制"
        "会在它们之间平分。"
    ),
    "TLS_CERT_FILE": (
        "监听器的证书，PEM 格式，其后附上签发者的证书；地址随之变为 `https://`。续期后的文件在重新"
        "加载时生效；开启或关闭 TLS 需要重启。"
    ),
    "TLS_KEY_FILE": "证书的私钥，PEM 格式，不带密码；只应允许网关的用户读取。",
    "ROUTE_PREFIX": (
        "路由前的路径前缀，用于反向代理后面，或让地址不易被猜到。开头缺少的斜杠会自动补上"
        "，结尾的斜杠会去掉。"
    ),
    "GATEWAY_CORS_ORIGINS": (
        "允许哪些来源的网页用自己的密钥从浏览器调用网关：仅限聊天与模型，不包括凭据与日志"
        "；`*` 表示所有网页。默认一个也不允许，因此其他网页无法使用浏览器中的密钥。"
    ),
    "GATEWAY_CONNECTIONS_MAX": (
        "调用方最多可同时打开多少连接，包括空闲连接；超出的得到 503。不超过系统允许该进程"
        "打开数（`ulimit -n`）的一半，另一半留给到上游的连接。"
    ),
    "GATEWAY_KEEP_ALIVE_S": (
        "流静默多久之后发送一行注释，以免代理或客户端断开；它们大多等待 30 到 60 秒。如果"
        "此时还没有第一段文字，流就以状态 200 开始，之后的故障在流中返回。"
    ),
    "GATEWAY_WRITE_TIMEOUT_S": "客户端多久不读取数据就断开；在此之前它的回答一直占用一个上游连接。",
    "GATEWAY_HEADER_TIMEOUT_S": (
        "客户端发送请求行与请求头最多可用多久，也是新连接可以没有数据的时长。真实的客户端"
        "一个数据包就能发完。TLS 握手另有同样长的时间。"
    ),
    "GATEWAY_BODY_TIMEOUT_S": (
        "客户端发送请求体的下一个 16 KiB（或其结尾）最多可用多久。慢速网络上的大请求"
        "体只要持续传输就没有问题。"
    ),
    "GATEWAY_SHUTDOWN_GRACE_S": (
        "收到 SIGTERM 后，正在进行的回答还可持续多久。若不另行设置，容器平台会在 10 "
        "秒（Docker）或 30 秒（Kubernetes）后强制结束。"
    ),
    "AUTH_TOKEN": (
        "调用方在 `Authorization: Bearer …` 中发送的密钥。可用 `openssl rand -hex 24` 生"
        "成。其他机器能访问监听地址时至少 8 个字符，不足 16 个会有警告；示例文字总会被拒"
        "绝。仅在 `PASSTHROUGH` 时可以不设。"
    ),
    "CLIENT_TOKENS": (
        "只能聊天的调用方所用的其他密钥：查看或更改凭据的地址对它们返回 403。规则与 `AUTH"
        "_TOKEN` 相同，且不能与它相同。可在前面写上名称，如 `anna::key`，记录与日志中使用"
        "该名称；其余按位置称为 `client-1`、`client-2`。"
    ),
    "PASSTHROUGH": (
        "调用方把自己的 Cursor 令牌当作密钥发送（多个以逗号分隔），不使用令牌文件。默认关"
        "闭：否则任何人都能借网关的网络地址使用自己的账号。"
    ),
    "GATEWAY_TRUSTED_PROXIES": (
        "网关前面的代理，其 `X-Forwarded-For` 指明调用方的地址：写它们的网段；地址未知时"
        "写连续有几层代理。不设置时，统计错误密钥会把代理后面的所有调用方当作一个。只有"
        "在没有人能绕过代理访问网关时才写层数。"
    ),
    "X_CURSOR_CHECKSUM": (
        "配合 `PASSTHROUGH`：调用方没有发送请求头 `x-cursor-checksum` 时使用的校验和。未"
        "设置时由令牌推导得出。"
    ),
    "LOGS_PUBLIC": (
        "`GET /logs` 是否无需密钥即可访问（仅显示遮盖后的记录）。默认在只有本机能访问网关"
        "时开启，其他机器也能访问时关闭。"
    ),
    "GATEWAY_ALLOWED_HOSTS": (
        "只监听本机时，日志还可以在哪些主机名下不带密钥访问。本机自己的名称总是可以，除非"
        "请求带有代理的请求头：否则反向代理会把日志显示给所有人，把域名指向 127.0.0.1 的"
        "网页也能读到。`*` 表示任何名称。带有密钥时，任何名称都可以。"
    ),
    "GATEWAY_WRONG_KEYS_MAX": (
        "同一地址出现这么多次错误密钥之后，没有在该地址用过的密钥逐个检查：错误密钥之后的"
        "下一个等待十分之一秒，之后每次加倍，最长两秒，直到十分钟内没有错误密钥为止。最多"
        " 32 个等待，每个五秒，其余得到 429。已在该地址使用的密钥不受影响；重复同一个错误"
        "密钥也不会拖慢其他人。这个数比人会输错的次数多，又不足以用来猜测密钥。启用 `PASS"
        "THROUGH` 时，聊天请求没有错误密钥。0 表示从不等待。"
    ),
    "TOKEN_FILE": "你的 Cursor API 密钥和会话令牌，每行一个：`token` 或 `alias::token`。",
    "TOKEN_LIST_FILE": (
        "每个令牌及其绑定设备的校验和。由网关写入；请保留它，换了校验和就像换了一台电脑。"
    ),
    "POOL_STATE_FILE": (
        "重启后仍保留的凭据状态：冷却、隔离、计数，以及你在控制台中的设置（优先级、权重、"
        "上限）。不含令牌；丢失它只会使几个请求被拒绝。"
    ),
    "REQUEST_LOG_FILE": (
        "请求记录，重启后仍保留：一个 SQLite 文件，包含每个请求的时间、调用方、模型、凭据"
        "名称、结果、token 数和各次尝试。不含令牌，只有设置了 `RECORD_CONTENT` 才含提示词"
        "和回答。删除后会新建一个。"
    ),
    "TOKENS": (
        "供没有持久磁盘的地方使用的凭据，每行一个，写法同 `TOKEN_FILE`，也可在逗号后写校验和。"
        "没有写校验和时由令牌推导得出，因此保持不变。它们与文件中的凭据一起使用，只能在这里修改。"
    ),
    "CREDENTIALS_KEY": (
        "用来加密令牌文件中的令牌（AES-256-GCM），没有此密钥就无法读出；需要附加组件 "
        "`cursor-api[sealed]`。设置了 `DATABASE_URL` 时，凭据加密存放在数据库中；没有此密钥时留在"
        "文件中。64 个十六进制数字；`cursor-api token sealing-key` 可生成一个。请把它"
        "与令牌文件、备份分开保存：丢了它，令牌就丢了。更换时，把新密钥写在旧密钥前面，以逗号隔"
        "开：第一个用来加密，所有的都能解密。"
    ),
    "CREDENTIALS_KEY_FILE": (
        "内容同 `CREDENTIALS_KEY` 的文件，每行一个密钥，供以文件形式提供机密的服务使用。"
    ),
    "POOL_POLICY": (
        "同一优先级的凭据如何分担请求。`round_robin`：按权重轮流。`least_busy`：使用正在"
        "进行的请求最少的凭据。`fill_first`：总是使用第一个可用的凭据。`sticky`：调用方一"
        "直使用原来的凭据。无论哪种策略，agent 的对话以及带有名称的对话（`prompt_cache_ke"
        "y`、请求头 `x-conversation-id`）都一直使用原来的凭据，因为提示词缓存在那里。"
    ),
    "GATEWAY_ATTEMPTS_MAX": (
        "上游在第一个字之前失败时，一个请求最多尝试几次。第一个字之后不再重试。凭据被拒绝"
        "不计入：会立即换用下一个。"
    ),
    "GATEWAY_RETRY_PERCENT": (
        "所有请求合计，因上游故障而多尝试的次数最多占百分之几。这足以应对个别故障，又不会"
        "使大面积故障更严重。上游仍在回答其他请求时，换用另一个凭据不计入。0 表示不重试。"
    ),
    "GATEWAY_BREAKER_FAILURES": (
        "某个模型连续失败这么多次之后，暂不向该上游请求这个模型，并立即告诉调用方何时重试。"
        "如果根本连不上该上游，则其所有模型都暂停。0 表示从不暂停。"
    ),
    "GATEWAY_BREAKER_OPEN_S": "暂停多久。之后由一个请求试探上游是否已恢复。",
    "GATEWAY_REQUESTS_MAX": (
        "同时进行的聊天请求上限；超出的得到 503，一秒后可以重试。小型服务器能承受约一千个"
        "流，但每多一个，其他的都会变慢。"
    ),
    "GATEWAY_CALLER_REQUESTS_MAX": (
        "单个密钥（包括运营者的）同时进行的请求上限（429），使一个程序不会占满所有位置。"
    ),
    "GATEWAY_CALLER_PERCENT": (
        "单个调用方（`CLIENT_TOKENS` 中的一个密钥、一个 API 密钥，或 `PASSTHROUGH` 时的一个"
        "令牌）最多可占所有请求、流和请求体的百分之几（429）。`AUTH_TOKEN` 可以全部占用，"
        "因此运营者总能使用网关。"
    ),
    "GATEWAY_STREAMS_MAX": (
        "其中流式请求的上限（503）。一个流会持续数分钟，最多占 64 KiB 内存和两个文件描述符。"
    ),
    "GATEWAY_BODIES_BYTES_MAX": (
        "所有请求体合计可占的内存（503）。请求体保留到回答开始为止，读取时约占其大小的三倍。"
    ),
    "GATEWAY_QUEUE_MAX": (
        "当所有凭据都达到你设置的并发上限时，最多有多少请求排队等待。各调用方轮流；"
        "队列已满时，新来者取代等待最多的调用方的最后一个位置。0 表示不等待（立即 503）。"
    ),
    "GATEWAY_QUEUE_WAIT_S": (
        "最多等待多久。agent 的请求常常成批到来，回答需要数秒；等得更久不如直接报错。"
    ),
    "GATEWAY_ANSWERS_BYTES_MAX": (
        "用于保留回答的内存：客户端可以用 `previous_response_id` 接着对话，或再次取回回答"
        "。用满时，删除占用最多的调用方最旧的回答；`0` 表示不保留。"
    ),
    "GATEWAY_ANSWERS_KEPT_S": "这样的回答保留多久。间隔更久之后，很少有对话会继续。",
    "CURSOR_BASE_URL": (
        "请求发往的地址。允许 `http://`，用于本机上的模拟器或代理；用在别处会把令牌暴露给网络。"
    ),
    "CURSOR_CLIENT_VERSION": "向 Cursor 报告的编辑器版本。Cursor 回答客户端版本过旧时请调高。",
    "CURSOR_TIMEZONE": "向 Cursor 报告的时区；模型据此推算日期。",
    "CURSOR_PRIVACY_MODE": "要求 Cursor 不保留提示词。默认开启：这应由调用方决定，而不是网关。",
    "CURSOR_INSTRUCTIONS": (
        "请求没有系统提示词时使用的系统提示词。默认为空，因此不会给请求添加任何内容。"
    ),
    "CURSOR_MORE_MODELS": (
        "另外列出并提供的模型名称，例如 `gpt-4o`。名称原样发送；账号能否使用由 Cursor 决定。"
    ),
    "CURSOR_CHECKSUM_TIME": (
        "校验和请求头中的时间部分：`now` 与编辑器的做法相同，`stored` 使用令牌列表中保存"
        "的值。设备标识永不改变。"
    ),
    "CURSOR_PROXY": (
        "上游请求使用的 HTTP 代理，需要时可带用户名和密码；`none` 表示不用代理。默认使用"
        "环境为所有程序指定的代理（变量名大小写均可），但本机上的上游除外。"
    ),
    "CURSOR_CA_FILE": "额外信任的证书颁发机构（PEM），用于公司代理。证书校验本身无法关闭。",
    "CURSOR_CONNECT_TIMEOUT_S": "DNS、TCP 与 TLS 合计；可达的服务器只需其十分之一。",
    "CURSOR_FIRST_TOKEN_TIMEOUT_S": _FIRST_TEXT,
    "CURSOR_IDLE_TIMEOUT_S": _IDLE,
    "CURSOR_CONNECTIONS_MAX": (
        "到上游的连接数上限，每个正在进行的回答占用一个。每个连接需要一个文件描述符，其调"
        "用方再占一个，因此 `ulimit -n` 要足够大。"
    ),
    "CURSOR_FRAME_BYTES_MAX": (
        "单个帧的上限（按收到的大小）。文本帧不足 100 字节；见过的最大的帧是提示词的回显"
        "，16 KB，随提示词增大。"
    ),
    "CURSOR_INFLATED_BYTES_MAX": "单个帧解压后的上限：容得下最大请求的回显，并能挡住 gzip 炸弹。",
    "CURSOR_ANSWER_BYTES_MAX": (
        "一个回答的所有帧合计的上限，包括提示词的回显。没有模型会写这么多；没有尽头的回答到此为止。"
    ),
    "CURSOR_SDK_BRIDGE_BIN": "改用其他桥接程序，例如独立压缩包中的桥接程序。",
    "CURSOR_SDK_BRIDGE_URL": "连接已在运行的桥接程序，网关不再自行启动。",
    "CURSOR_SDK_BRIDGE_TOKEN": "`CURSOR_SDK_BRIDGE_URL` 处的桥接程序所要求的令牌。",
    "CURSOR_SDK_BRIDGE_EARLY": (
        "总是随网关一起启动桥接程序。默认在首次需要时启动：文件中有 API 密钥时，是在列出"
        "模型时；没有密钥则从不启动。"
    ),
    "CURSOR_SDK_BRIDGE_CAGE": (
        "在 Linux 上，禁止桥接程序访问自己文件以外的任何文件，也禁止它运行其他程序。没有"
        "其他办法能阻止 Cursor 的服务器通过桥接程序读取文件；只有在桥接程序因此无法启动时"
        "才关闭。"
    ),
    "CURSOR_SDK_BRIDGE_FOLDER": (
        "桥接程序自己的目录建在哪里。其中的对话内容未加密，桥接程序停止时删除。"
    ),
    "CURSOR_SDK_PROXY": (
        "桥接程序与 Cursor 之间的 HTTP 代理；`none` 表示不用代理。默认使用环境指定的代理。"
    ),
    "CURSOR_SDK_CA_FILE": "桥接程序额外信任的证书颁发机构（PEM），用于公司代理。",
    "CURSOR_SDK_RUNS_MAX": "同时进行的请求数上限。每个请求约占桥接程序 5 MB 内存。",
    "CURSOR_SDK_RUN_TIMEOUT_S": (
        "一个回答的总时间上限，包括工具调用。Cursor 出错时桥接程序会自行重试，因此回答可"
        "能很久，却没有静默。"
    ),
    "CURSOR_SDK_FIRST_TOKEN_TIMEOUT_S": _FIRST_TEXT,
    "CURSOR_SDK_IDLE_TIMEOUT_S": _IDLE,
    "CURSOR_SDK_TOOL_RESULT_TIMEOUT_S": (
        "工具调用等待调用方结果的时间。更晚到达的结果会开始一次新的运行，整个对话作为文本发送。"
    ),
    "CURSOR_SDK_PARALLEL_CALLS_WAIT_S": (
        "一次工具调用之后，等待同一回答中下一次调用的时间。更晚的调用归入下一个回答。"
    ),
    "CURSOR_SDK_WAITING_CALLS_MAX": (
        "同时等待结果的工具调用数上限。没有空位时，占用最多的调用方要让位，结束其等待最久的一次。"
        "仍无空位的调用会被拒绝，并告知模型。"
    ),
    "CURSOR_SDK_CONVERSATIONS_MAX": (
        "为下一轮保留 agent 的对话数，使历史和提示词缓存真正有效。超出时，结束占用最多的调用方"
        "最早的对话。0 表示每次都把对话作为文本发送。"
    ),
    "CURSOR_SDK_CONVERSATION_IDLE_S": "agent 为下一轮保留多久。",
    "GATEWAY_BODY_BYTES_MAX": (
        "请求体的上限，按解压后计算。编程 agent 一句问候就会发送约 80 KB，带图片时可达数 MiB。"
    ),
    "GATEWAY_HEADER_BYTES_MAX": (
        "请求行与请求头合计的上限。真实客户端不超过 4 KiB；同一主机上其他页面的 Cookie 会再多一些。"
    ),
    "GATEWAY_MESSAGES_MAX": (
        "一个请求中消息数的上限。长时间的 agent 对话有数百条；除了字节数之外，每条消息还占用内存。"
    ),
    "GATEWAY_PARTS_MAX": (
        "一个请求的所有消息中，内容片段（文本、图片）与工具调用的总数上限。平均每条消息可"
        "有两个，而多数消息只有一个。"
    ),
    "GATEWAY_IMAGE_BYTES_MAX": "请求中单张图片（解码后）的上限。要求最严的视觉模型接受 5 MB。",
    "GATEWAY_JSON_DEPTH_MAX": (
        "请求体中对象与数组的最大嵌套层数。聊天请求有六层；工具的 schema（不计入）再多二十层左右。"
    ),
    "GATEWAY_JSON_CONTAINERS_MAX": (
        "请求体中对象与数组的总数上限。其他限制所允许的最长聊天有 70,000 个。塞满空对象的"
        "请求体会使其他回答停顿四分之一秒，并占用 200 MB。"
    ),
    "GATEWAY_JSON_VALUES_MAX": (
        "请求体的对象与数组中值（文本、数字等）的总数上限。其他限制所允许的最长聊天有 150,000"
        " 个。塞满数字的请求体会使其他回答停顿一秒，并占用 500 MB。嵌入请求的 token 数不限。"
    ),
    "GATEWAY_FETCH_IMAGES": (
        "上游只接受图片本身时，下载请求中以网址给出的图片。默认关闭，因此网关不会访问调用"
        "方给出的任何地址。只访问公网地址的 80 与 443 端口，每张最大 10 MiB。"
    ),
    "GATEWAY_LOG_LEVEL": "低于此级别的事件不写入日志。任何级别都会去除机密。",
    "GATEWAY_LOG_FORMAT": (
        "`text` 供人阅读，`json` 供程序处理；`auto` 在终端上用文本，其他情况用 JSON。"
    ),
    "GATEWAY_LOG_REQUESTS": (
        "每个结束的请求写一行：调用方、模型、凭据、结果、到首段文字的时间和总时长。每秒最多 20"
        " 行，其余只计数。"
    ),
    "GATEWAY_LOG_ENTRIES_MAX": (
        "`GET /logs` 显示多少个请求；它们保存在内存中。早期程序也是 100 个。"
    ),
    "GATEWAY_LOG_KEPT_MAX": (
        "最多保留多少条请求记录；超出时先删除最旧的。0 表示重启后一条也不保留。"
    ),
    "RECORDS_KEEP_DAYS": "请求记录保留多少天。按小时的合计保留 400 天。",
    "RECORDS_KEEP_BYTES": (
        "请求记录最多占用多少磁盘空间；超出时先删除最旧的，文件随之变小。一百万条约 350 MiB。"
    ),
    "RECORD_CONTENT": (
        "是否随请求记录保留提示词和回答的文字，供需要弄清某个客户端行为的时候使用。每段文"
        "字最多 16,384 个字符，提示词与回答各最多 32,768 个；网关知道或认出的密钥和令牌会"
        "被遮盖。持有运营者密钥的人可以阅读。"
    ),
    "RECORD_CONTENT_KEEP_DAYS": (
        "文字保留多少天，不会超过请求记录的保留时间。它们最多占 `RECORDS_KEEP_BYTES` 的一"
        "半；超出时先删除最旧的。"
    ),
    "DATABASE_URL": (
        "存放请求记录、API 密钥与价格的 PostgreSQL 数据库（14 或更新），取代"
        " `REQUEST_LOG_FILE`；设置了 `CREDENTIALS_KEY` 时也存放凭据。需要附加组件"
        " `cursor-api[postgres]`。表建在自己的 schema `cursor_api` 中。"
        "数据库无法访问时，记录在 `REQUEST_LOG_FILE` 旁的一个文件中等待。"
    ),
    "REDIS_URL": (
        "Redis（7 或更新）或 Valkey。多个节点在其中共同计算 API 密钥的用量，使限额对所有节点"
        "合计有效，并互相告知各自发现的凭据状况；需要附加组件 `cursor-api[redis]`。它不可用时，"
        "有限额的密钥的请求被拒绝（503），其余照常。"
    ),
    "LIMITS_WHEN_DOWN": (
        "`REDIS_URL` 不可用时，如何处理有限额的密钥的请求。`refuse`：返回 503，因此不会超过"
        "任何限额。`local`：每个节点用自己的一份继续，即剩余额度除以节点数。"
    ),
    "METRICS_LISTEN": (
        "单独的端口，或地址加端口，在那里无需密钥即可访问 `/metrics`。只写端口时监听本机"
        "回环地址。不设置时，指标在网关自己的端口上，需要 `AUTH_TOKEN`。"
    ),
    "METRICS_BY_CALLER": (
        "是否还按密钥和凭据的名称分别统计请求与 token，各最多 200 个。默认关闭，因为人名属于隐私。"
    ),
    "TRACES_URL": (
        "OpenTelemetry collector 或其他接收 OTLP（HTTP）的程序的地址：每个请求结束后发送一条链路"
        "，含模型、时间、token 与各次尝试，不含任何对话内容。缺少 `/v1/traces` 时自动补上。"
    ),
    "TRACES_HEADERS": "发往 `TRACES_URL` 的请求头，例如密钥。",
    "TRACES_PROXY": "通往 `TRACES_URL` 的 HTTP 代理；`none` 表示不用。",
    "ALERT_WEBHOOK_URL": (
        "有需要你关注的事情时，向这个地址发送一小段 JSON：凭据停用或即将过期、API 密钥的"
        "预算将尽或用尽、没有上游能够应答、某个上游暂停请求、记录无法写入。开始时发送一次"
        "，结束时再发送一次。"
    ),
    "ALERT_PROXY": "通往 `ALERT_WEBHOOK_URL` 的 HTTP 代理；`none` 表示不用。",
}

# The keys of blocks, by `block.key`.
BLOCK_REASONS: Final[Mapping[str, str]] = {
    "upstream.name": "路由、日志和报告中对它的称呼。",
    "upstream.kind": "与它通信的方式。",
    "upstream.api_key": "密钥本身。",
    "upstream.api_keys": "多个密钥，轮流使用。",
    "upstream.api_key_env": "存有密钥的环境变量。",
    "upstream.api_key_file": "存有密钥的文件；可有多个，每行一个。",
    "upstream.models": "它的模型；写明后不再向它询问。",
    "upstream.headers": "随每个请求发送的请求头。",
    "upstream.allow_http": "允许密钥与提示词以途中任何人都能读取的方式经过网络。",
    "openai.base_url": "请求发往的地址，带不带 `/v1` 均可。`http://` 只用于本机上的服务器。",
    "openai.first_token_timeout_s": (
        "从发出请求到第一段文字的时限；超时后若有其他密钥则换用。自建服务器可能要先加载模型，"
        "不显示推理过程的模型需要几分钟：`模型=时长`，名称中可用 `*`。"
    ),
    "anthropic.base_url": "请求发往的地址，带不带 `/v1` 均可。`http://` 只用于本机上的服务器。",
    "anthropic.max_tokens": (
        "调用方没有给出上限时，一个回答最多的 token 数：这一接口要求每个请求都给出上限。"
    ),
    "anthropic.prompt_cache": (
        "调用方没有标记时，为上游的缓存标记提示词：工具、系统提示和最后几轮。"
        "agent 反复发送的内容因此只需十分之一的费用，只发送一次的内容则贵四分之一。"
    ),
    "anthropic.first_token_timeout_s": (
        "从发出请求到第一段文字或思考的时限；超时后若有其他密钥则换用。"
        "不显示思考过程的模型需要几分钟：`模型=时长`，名称中可用 `*`。"
    ),
    "model.name": "调用方请求时使用的名称。",
    "model.routes": "通向何处，首选在前。",
    "model.aliases": "它的其他名称。",
}
BLOCK_NOTES: Final[Mapping[str, str]] = {
    "required": "必填",
    "one of the four is required": "四者必填其一",
    "the upstream is asked": "向上游询问",
    "what the model can write: 128000 for Claude from 4.6 on, less for older ones, 8192 for other"
    " models": "模型能写出的最多数量：Claude 4.6 及之后为 128000，更早的较少，其他模型为 8192",
}
