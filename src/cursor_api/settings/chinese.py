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
        "由多少个进程共同服务该地址（Linux）：要使用几个核心就设几个。属于单个进程的限制会在它们之间平分。"
    ),
    "TLS_CERT_FILE": (
        "监听器的证书，PEM 格式，其后附上签发者的证书；地址随之变为 `https://`。续期后的文件在重新"
        "加载时生效；开启或关闭 TLS 需要重启。"
    ),
    "TLS_KEY_FILE": "证书的私钥，PEM 格式，不带密码；只应允许网关的用户读取。",
    "ROUTE_PREFIX": (
        "路由前的路径前缀，用于反向代理之后，或让地址不易被猜到。会自动补上开头的斜杠"
        "，去掉结尾的斜杠。"
    ),
    "GATEWAY_CORS_ORIGINS": (
        "允许凭自己的密钥从浏览器调用网关的网页来源：可用聊天与模型，凭据与日志除外；"
        "`*` 表示所有网页。默认没有：其他网页因此无法使用浏览器中的密钥。"
    ),
    "GATEWAY_CONNECTIONS_MAX": (
        "调用方最多可同时打开多少连接，包括两次请求之间的空闲连接；再多的会收到 503。"
        "最多为系统允许该进程打开数（`ulimit -n`）的一半：另一半留给上游连接。"
    ),
    "GATEWAY_KEEP_ALIVE_S": (
        "流静默多久后发送一行注释，以免代理或客户端断开；它们大多等待 30 到 60 秒。在第一段文字"
        "之前，这会使流以状态 200 开始：之后的故障在流中告知。"
    ),
    "GATEWAY_WRITE_TIMEOUT_S": "客户端多久不读取数据就断开；在此之前它的回答一直占用一个上游连接。",
    "GATEWAY_HEADER_TIMEOUT_S": (
        "客户端发送请求行与请求头最多可用多久，也是新连接可保持沉默的时长。真实客户端"
        "一个数据包就能发完。此前的 TLS 握手另有同样长的时间。"
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
        "调用方在 `Authorization: Bearer …` 中出示的密钥。可用 `openssl rand -hex 24`"
        " 生成。他人能访问监听地址时至少 8 个字符，不足 16 个会有警告；示例文字在任何地方都会"
        "被拒绝。仅在 `PASSTHROUGH` 时可以不设。"
    ),
    "CLIENT_TOKENS": (
        "只能聊天的调用方所用的其他密钥：查看或更改凭据的地址对它们回答 403。长度要求"
        "与 `AUTH_TOKEN` 相同，且不得与之相同。可在前面写上名称，如 `anna::key`，记录与"
        "日志便以此称呼；其余按位置显示为 `client-1`、`client-2`。"
    ),
    "PASSTHROUGH": (
        "调用方以自己的 Cursor 令牌作为 Bearer（多个以逗号分隔），不使用令牌文件。默"
        "认关闭：否则任何人都能借网关的地址使用自己的账号。"
    ),
    "GATEWAY_TRUSTED_PROXIES": (
        "网关前面的代理，其 `X-Forwarded-For` 指明调用方的地址：写它们的网段；地址未知时"
        "写连续有几层代理。不设置时，统计错误密钥会把代理后面的所有调用方当作一个。只有"
        "在没有人能绕过代理访问网关时才写层数。"
    ),
    "X_CURSOR_CHECKSUM": (
        "配合 `PASSTHROUGH`：调用方未发送 `x-cursor-checksum` 请求头时使用的校验和。"
        "未设置时自动生成。"
    ),
    "LOGS_PUBLIC": (
        "`GET /logs` 是否无需密钥即可访问（仅显示遮盖后的记录）。在本机上与从前一样；"
        "在他人可能看到的地方则关闭。"
    ),
    "GATEWAY_ALLOWED_HOSTS": (
        "只监听本机时，日志还可在哪些主机名下不带密钥访问。本机自己的名称总是可以，除非"
        "请求带有代理的请求头：否则反向代理会把日志给所有人看，把自己的名称指向 "
        "127.0.0.1 的网页也能读到。`*` 表示任何名称。带有密钥时任何名称都可以。"
    ),
    "GATEWAY_WRONG_KEYS_MAX": (
        "同一地址出示这么多次错误密钥后，该地址上的新密钥逐个判断：错误密钥之后的下一个"
        "等待十分之一秒，之后每次加倍，最长两秒；安静十分钟后结束。最多 32 个等待，每个"
        "五秒，其余被告知稍后再来。此前已在该地址使用的密钥不受影响，重复出现的同一错误"
        "密钥也不拖延任何人。比人会输错的次数多，又不足以用来猜测。启用 `PASSTHROUGH` "
        "时，对聊天而言没有令牌算错误密钥。0 表示从不等待。"
    ),
    "TOKEN_FILE": "你的 Cursor 令牌，每行一个，写作 `token` 或 `alias::token`。",
    "TOKEN_LIST_FILE": (
        "每个令牌及其绑定设备的校验和。由网关写入；请保留它，换了校验和就像换了一台电脑。"
    ),
    "POOL_STATE_FILE": (
        "重启后仍保留的凭据池状态：冷却、隔离、计数，以及你在页面上的设置（优先级、权"
        "重、上限）。不含令牌；丢失它只会让几个请求被拒。"
    ),
    "REQUEST_LOG_FILE": (
        "每个请求的结果，重启后仍保留：一个 SQLite 文件，记录时间、模型、凭据名称、结"
        "果、token 数和各次尝试。不含令牌，只有设了 `RECORD_CONTENT` 才含提示词和回答；删除后会"
        "重新开始。"
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
        "同一优先级的凭据如何分担请求。`round_robin`：按权重轮流。`least_busy`：选进"
        "行中请求最少的。`fill_first`：总是选第一个可用的。`sticky`：调用方一直使用原来的凭"
        "据。agent 的对话，以及指明了名称的对话（`prompt_cache_key`、请求头"
        " `x-conversation-id`），在任何策略"
        "下都一直使用原来的凭据，因为提示词缓存在那里。"
    ),
    "GATEWAY_ATTEMPTS_MAX": (
        "在上游给出第一个字之前，一个请求最多尝试几次。第一个字之后不再重试。凭据被拒"
        "不计入：会立即换下一个。"
    ),
    "GATEWAY_RETRY_PERCENT": (
        "所有请求中，因上游故障而重试的比例上限。足以应对个别故障；在大面积故障时不至"
        "于雪上加霜。上游仍在回答其他请求时，换用另一个凭据不计入。0 表示从不重试。"
    ),
    "GATEWAY_BREAKER_FAILURES": (
        "上游连续失败这么多次后，暂时不再请求它，并立即告诉调用方何时再来。0 表示始终请求。"
    ),
    "GATEWAY_BREAKER_OPEN_S": "暂停多久。之后由一个请求试探上游是否恢复。",
    "GATEWAY_REQUESTS_MAX": (
        "同时进行的聊天请求上限；超出的会被告知一秒后再来（503）。小型服务器能承受约"
        "一千个流，每多一个，所有调用方都等得更久。"
    ),
    "GATEWAY_CALLER_REQUESTS_MAX": (
        "单个密钥（包括运营者的）的同一上限（429）：失控的程序不会占满所有位置。"
    ),
    "GATEWAY_CALLER_PERCENT": (
        "单个调用方（`CLIENT_TOKENS` 中的一个密钥，或直通模式下的一个令牌）最多可占所有"
        "请求、流和请求体的百分之几（429）。`AUTH_TOKEN` 可以全部占用：无论哪个程序失控，"
        "运营者总有位置。"
    ),
    "GATEWAY_STREAMS_MAX": (
        "其中流式回答的上限（503）：它们会占用位置数分钟，每个最多占 64 KiB 内存和两个文件描述符。"
    ),
    "GATEWAY_BODIES_BYTES_MAX": (
        "同时保留的请求体总量上限（503）。请求体保留到回答开始为止，读取时约占其大小的三倍。"
    ),
    "GATEWAY_QUEUE_MAX": (
        "当所有凭据都达到你设置的并发上限时，最多有多少请求排队等待。0 表示不等待（立即 503）。"
    ),
    "GATEWAY_QUEUE_WAIT_S": (
        "最多等待多久。agent 的请求常常成批到来，回答需要数秒；等得更久不如直接报错。"
    ),
    "GATEWAY_ANSWERS_BYTES_MAX": (
        "为回答保留的内存：客户端可凭 `previous_response_id` 接着对话，或再次取回。最旧的先删除；"
        "`0` 表示不保留。"
    ),
    "GATEWAY_ANSWERS_KEPT_S": "这样的回答保留多久。对话很少停得更久再继续。",
    "CURSOR_BASE_URL": (
        "请求发往的地址。允许 `http://`，用于本机上的模拟器或代理；用在别处会把令牌暴露给网络。"
    ),
    "CURSOR_CLIENT_VERSION": "所声明的编辑器版本。上游回答客户端版本过旧时请调高。",
    "CURSOR_TIMEZONE": "所声明的时区；模型据此推算日期。",
    "CURSOR_PRIVACY_MODE": "要求 Cursor 不保留提示内容。默认开启：调用方发送的内容不应由我们交出。",
    "CURSOR_INSTRUCTIONS": (
        "请求未带系统提示时使用的系统提示。默认为空：调用方得到所问的内容，不另加任何东西。"
    ),
    "CURSOR_MORE_MODELS": (
        "旧列表之外另行提供并列出的模型名称，例如 `gpt-4o`。名称原样发送：账户能否使用由"
        " Cursor 决定。"
    ),
    "CURSOR_CHECKSUM_TIME": (
        "校验请求头中的时间部分：`now` 与编辑器的做法相同，`stored` 则按令牌列表中的"
        "原样。设备标识永不改变。"
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
        "与上游的连接数上限，每个进行中的回答占用一个。每个连接需要一个文件描述符，其"
        "调用方再占一个：`ulimit -n` 须足够。"
    ),
    "CURSOR_FRAME_BYTES_MAX": (
        "单个帧的上限（按到达时计）。文本帧不足 100 字节；见过的最大帧是提示回显，16 "
        "KB，随提示增大。"
    ),
    "CURSOR_INFLATED_BYTES_MAX": "单个帧解压后的上限：容得下最大请求的回显，也到此挡住 gzip 炸弹。",
    "CURSOR_ANSWER_BYTES_MAX": (
        "一个回答所有帧的总和，包括提示回显。没有模型会写这么多；没完没了的回答到此为止。"
    ),
    "CURSOR_SDK_BRIDGE_BIN": "改用另一个桥接程序，例如独立压缩包中的。",
    "CURSOR_SDK_BRIDGE_URL": "连接由他人运行的桥接程序，自己不再启动。",
    "CURSOR_SDK_BRIDGE_TOKEN": "`CURSOR_SDK_BRIDGE_URL` 处的桥接程序所要求的令牌。",
    "CURSOR_SDK_BRIDGE_EARLY": (
        "无论如何都随网关一起启动桥接程序。默认在首次需要时启动：文件中有 API 密钥时，"
        "即列出模型之时；没有密钥则从不启动。"
    ),
    "CURSOR_SDK_BRIDGE_CAGE": (
        "在 Linux 上，除桥接程序自己的文件外，禁止它访问任何文件和运行其他程序。除此之外，"
        "没有什么能阻止 Cursor 的服务器借桥接程序读取文件；只在它因此无法启动时才关闭。"
    ),
    "CURSOR_SDK_BRIDGE_FOLDER": (
        "桥接程序自己的目录建在何处：其中有明文的对话内容，桥接程序停止时即删除。"
    ),
    "CURSOR_SDK_PROXY": (
        "桥接程序与 Cursor 之间的 HTTP 代理；`none` 表示不用代理。默认使用环境指定的代理。"
    ),
    "CURSOR_SDK_CA_FILE": "桥接程序额外信任的证书颁发机构（PEM），用于公司代理。",
    "CURSOR_SDK_RUNS_MAX": "同时进行的请求数上限。每个请求约占桥接程序 5 MB 内存。",
    "CURSOR_SDK_RUN_TIMEOUT_S": (
        "一个回答总共最多可用多久，包括工具调用。Cursor 出错时桥接程序会自行重试，"
        "因此回答可能很久却并不静默。"
    ),
    "CURSOR_SDK_FIRST_TOKEN_TIMEOUT_S": _FIRST_TEXT,
    "CURSOR_SDK_IDLE_TIMEOUT_S": _IDLE,
    "CURSOR_SDK_TOOL_RESULT_TIMEOUT_S": (
        "一次工具调用等待调用方结果的时间。更晚到达的结果会开始一次新的运行，整个对话作为文本发送。"
    ),
    "CURSOR_SDK_PARALLEL_CALLS_WAIT_S": (
        "一次工具调用之后，等待同一回答中下一次调用的时间。更晚的调用放在下一个回答里。"
    ),
    "CURSOR_SDK_WAITING_CALLS_MAX": (
        "同时等待结果的工具调用数上限。超出的调用会被拒绝，并告知模型。"
    ),
    "CURSOR_SDK_CONVERSATIONS_MAX": (
        "为下一轮保留 agent 的对话数，这样历史和提示缓存才是真实的。超出时结束最早的。"
        "0 表示每次都把对话作为文本发送。"
    ),
    "CURSOR_SDK_CONVERSATION_IDLE_S": "agent 为下一轮保留多久。",
    "GATEWAY_BODY_BYTES_MAX": (
        "请求体的上限，按解压后计算。编程 agent 一句问候就会发送约 80 KB，带图片时可达数 MiB。"
    ),
    "GATEWAY_HEADER_BYTES_MAX": (
        "请求行与请求头合计的上限。真实客户端不超过 4 KiB；同一主机上其他页面的 Cookie 会再多一些。"
    ),
    "GATEWAY_MESSAGES_MAX": (
        "一次请求中消息的数量上限。长时间的 agent 对话有数百条；每条消息除字节外还占用内存。"
    ),
    "GATEWAY_PARTS_MAX": (
        "一次请求中所有消息的内容片段（文本、图片）与工具调用的总数上限：按允许的消息"
        "数每条两个计，而多数消息只有一个。"
    ),
    "GATEWAY_IMAGE_BYTES_MAX": "请求中单张图片（解码后）的上限。要求最严的视觉模型接受 5 MB。",
    "GATEWAY_JSON_DEPTH_MAX": (
        "请求体中对象与数组相互嵌套的最多层数。聊天请求有六层；工具的 schema（会被略"
        "过）再多二十层左右。"
    ),
    "GATEWAY_JSON_CONTAINERS_MAX": (
        "请求体中对象与数组的总数上限。其他限制所允许的最长聊天有 70,000 个；塞满空对"
        "象的请求体会让其他人的回答停顿四分之一秒，并占满 200 MB。"
    ),
    "GATEWAY_FETCH_IMAGES": (
        "上游只接受图片本身时，抓取请求中以网址给出的图片。默认关闭：网关不访问调用方给出的任何"
        "地址。只访问公网地址的 80 与 443 端口，每张最大 10 MiB。"
    ),
    "GATEWAY_LOG_LEVEL": "写出的最低日志级别。任何级别都会去除密钥。",
    "GATEWAY_LOG_FORMAT": (
        "`text` 供人阅读，`json` 供程序处理；`auto` 在终端上用文本，其他情况用 JSON。"
    ),
    "GATEWAY_LOG_REQUESTS": (
        "每个结束的请求写一行：调用方、模型、凭据、结果、到首段文字的时间和总时长。每秒最多 20"
        " 行，其余只计数。"
    ),
    "GATEWAY_LOG_ENTRIES_MAX": "`GET /logs` 在内存中保留多少条请求记录。一直以来是 100 条。",
    "GATEWAY_LOG_KEPT_MAX": (
        "最多保留多少条请求记录；超出时忘记最旧的。0：一条也不保留，重启后全部忘记。"
    ),
    "RECORDS_KEEP_DAYS": "请求记录保留多少天。按小时的合计保留 400 天。",
    "RECORDS_KEEP_BYTES": (
        "保留的请求记录最多占多少空间；超出时忘记最旧的，文件随之变小。一百万条约 350 MiB。"
    ),
    "RECORD_CONTENT": (
        "是否在请求之外也保留提示词和回答的文字，供需要弄清某个客户端行为的时候使用。每段文字"
        "最多 16,384 个字符，提示词与回答各最多 32,768 个；网关知道或认出的密钥会被遮盖。持有"
        "管理密钥的人可以阅读。"
    ),
    "RECORD_CONTENT_KEEP_DAYS": (
        "文字保留多少天，不会比所属的请求更久。它们最多占 `RECORDS_KEEP_BYTES` 的一半；超出时"
        "先删除最旧的。"
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
        "单独的端口，或地址加端口，`/metrics` 在此无需密钥即可访问。只写端口时监听本机。"
        "不设时指标在网关自己的端口上，须用 `AUTH_TOKEN` 访问。"
    ),
    "METRICS_BY_CALLER": (
        "是否还按密钥和凭据的名称分别统计请求与 token，各最多 200 个。默认关闭：人名与他人无关。"
    ),
    "TRACES_URL": (
        "OpenTelemetry collector 或其他接收 OTLP（HTTP）的程序的地址：每个请求结束后发送一条链路"
        "，含模型、时间、token 与各次尝试，不含任何对话内容。缺少 `/v1/traces` 时自动补上。"
    ),
    "TRACES_HEADERS": "发往 `TRACES_URL` 的请求头，例如密钥。",
    "TRACES_PROXY": "通往 `TRACES_URL` 的 HTTP 代理；`none` 表示不用。",
    "ALERT_WEBHOOK_URL": (
        "必须让你知道的事以一小段 JSON 发到这个地址：凭据停用或即将过期、密钥预算将尽或"
        "用尽、无人可应答、上游暂不询问、记录无法写入。每件事在发生时通知一次，结束时再通知一次。"
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
