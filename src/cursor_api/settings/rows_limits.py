"""The settings that bound one request; what is under way at once is in `rows_load.py`."""

from __future__ import annotations

from cursor_api.options.kinds import Text, size, whole
from cursor_api.options.setting import GIB, KIB, MIB, Setting

LIMITS = (
    Setting(
        "GATEWAY_BODY_BYTES_MAX",
        "limits.body_bytes_max",
        size(KIB, GIB, "10MiB"),
        "10MiB",
        Text(
            "Largest request body, counted after decompression. Coding agents send up to 80 KB"
            " for a plain hello and some MiB with images.",
            "请求体的上限，按解压后计算。编程代理一句问候就会发送约 80 KB，带图片时可达数 MiB。",
        ),
    ),
    Setting(
        "GATEWAY_HEADER_BYTES_MAX",
        "limits.header_bytes_max",
        size(KIB, MIB, "64KiB"),
        "64KiB",
        Text(
            "Largest request head, line and headers together. Real clients send below 4 KiB;"
            " cookies of other pages on the same host may add some.",
            "请求行与请求头合计的上限。真实客户端不超过 4 KiB；"
            "同一主机上其他页面的 Cookie 会再多一些。",
        ),
    ),
    Setting(
        "GATEWAY_MESSAGES_MAX",
        "limits.messages_max",
        whole(1, 1_000_000, 10_000),
        "10000",
        Text(
            "Most messages in one request. Long agent sessions have some hundred; every one"
            " costs memory beyond its bytes.",
            "一次请求中消息的数量上限。长时间的代理会话有数百条；每条消息除字节外还占用内存。",
        ),
    ),
    Setting(
        "GATEWAY_PARTS_MAX",
        "limits.parts_max",
        whole(1, 10_000_000, 20_000),
        "20000",
        Text(
            "Most content parts (texts, images) and tool calls in one request, those of all"
            " messages together: two for each message that is allowed, where most have one.",
            "一次请求中所有消息的内容片段（文本、图片）与工具调用的总数上限："
            "按允许的消息数每条两个计，而多数消息只有一个。",
        ),
    ),
    Setting(
        "GATEWAY_IMAGE_BYTES_MAX",
        "limits.image_bytes_max",
        size(KIB, GIB, "5MiB"),
        "5MiB",
        Text(
            "Largest image in a request, decoded. The strictest of the vision models takes 5 MB.",
            "请求中单张图片（解码后）的上限。要求最严的视觉模型接受 5 MB。",
        ),
    ),
    Setting(
        "GATEWAY_JSON_DEPTH_MAX",
        "limits.json_depth_max",
        whole(8, 100_000, 128),
        "128",
        Text(
            "Most levels of objects and arrays one in the other in a request's body. A chat has"
            " six; the schemas of tools, which are passed over, some twenty more.",
            "请求体中对象与数组相互嵌套的最多层数。聊天请求有六层；"
            "工具的 schema（会被略过）再多二十层左右。",
        ),
    ),
    Setting(
        "GATEWAY_JSON_CONTAINERS_MAX",
        "limits.json_containers_max",
        whole(1000, 100_000_000, 100_000),
        "100000",
        Text(
            "Most objects and arrays in a request's body. The longest chat that the other limits"
            " allow has 70,000; a body full of empty ones would stop everybody else's answers for"
            " a quarter of a second and fill 200 MB.",
            "请求体中对象与数组的总数上限。其他限制所允许的最长聊天有 70,000 个；"
            "塞满空对象的请求体会让其他人的回答停顿四分之一秒，并占满 200 MB。",
        ),
    ),
)
