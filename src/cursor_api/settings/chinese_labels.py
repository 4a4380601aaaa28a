"""The Chinese of the short words around settings: their groups and their sorts of values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# The headings, by the table in TOML.
TITLES: Final[Mapping[str, str]] = {
    "": "配置文件",
    "listener": "监听",
    "access": "访问",
    "files": "文件",
    "pool": "凭据池",
    "failover": "故障转移",
    "admission": "负载",
    "cursor": "Cursor（上游）",
    "cursor-sdk": "Cursor 官方 SDK（上游）",
    "limits": "单个请求的限制",
    "logs": "日志",
    "database": "数据库",
    "shared": "多节点共享",
    "metrics": "指标",
    "traces": "链路追踪",
    "alerts": "告警",
}

# The sorts of values, by their label; `{}` stands for what differs among them.
LABELS: Final[Mapping[str, str]] = {
    "yes or no": "是或否",
    "number, {} to {}": "整数，{} 至 {}",
    "duration in seconds": "时长（秒）",
    "duration in seconds, by model": "时长（秒），可按模型设置",
    "size in bytes": "大小（字节）",
    "one of {}": "{} 之一",
    "text": "文本",
    "version number": "版本号",
    "path": "路径",
    "secret text": "密钥文本",
    "secret texts, each perhaps `name::` before it, comma between": (
        "密钥文本，前面可带 `名称::`，以逗号分隔"
    ),
    "secret texts, comma between": "密钥文本，以逗号分隔",
    "secret lines": "机密文本，每行一个",
    "secret keys of {} hexadecimal digits, comma between": "{} 个十六进制数字的密钥，以逗号分隔",
    "checksum, secret": "校验和，机密",
    "IANA time zone": "IANA 时区名",
    "port, or address:port": "端口，或 地址:端口",
    "name=value, comma between": "name=value，以逗号分隔",
    "IP address or host name": "IP 地址或主机名",
    "address of a database": "数据库地址",
    "address of a Redis": "Redis 地址",
    "http or https URL": "http 或 https 网址",
    "https URL": "https 网址",
    "http or https URL, or `none`": "http 或 https 网址，或 `none`",
    "origins, comma between": "来源，以逗号分隔",
    "host names, comma between": "主机名，以逗号分隔",
    "name": "名称",
    "name of a variable": "变量名",
    "model name": "模型名",
    "model names, comma between": "模型名，以逗号分隔",
    "upstream/model, comma between": "上游/模型，以逗号分隔",
    "table of headers": "请求头表",
    "networks, comma between, or a number of proxies": "网段，以逗号分隔，或代理层数",
}


# Who set a value, and what stands for one that is not shown.
SOURCES: Final[Mapping[str, str]] = {
    "environment": "环境变量",
    "default": "默认值",
    "command line": "命令行",
}
SHOWN: Final[Mapping[str, str]] = {
    "(not set)": "（未设置）",
    "(empty)": "（空）",
}
COUNTED: Final[Mapping[str, str]] = {
    "character": "个字符",
    "key": "个密钥",
    "credential": "个凭据",
}
# Names of keys may stand behind it.
_HIDDEN: Final = re.compile(rf"set \((\d+) ({'|'.join(COUNTED)})s?, hidden(?:: (.+))?\)")
_VALUES_HIDDEN: Final = " (values hidden)"


def translate_source(source: str) -> str:
    """Who set a value, in Chinese; a file's name stays."""
    return SOURCES.get(source, source)


def translate_shown(shown: str) -> str:
    """What is shown of a value: the value itself stays."""
    if found := _HIDDEN.fullmatch(shown):
        names = f"：{found[3]}" if found[3] else ""
        return f"已设置（{found[1]} {COUNTED[found[2]]}，已隐藏{names}）"
    if shown.endswith(_VALUES_HIDDEN):
        return f"{shown.removesuffix(_VALUES_HIDDEN)}（值已隐藏）"
    return SHOWN.get(shown, shown)


def translate_label(label: str) -> str:
    """A label in Chinese; KeyError for one that has no translation."""
    for english, chinese in LABELS.items():
        match = re.fullmatch(re.escape(english).replace(r"\{\}", "(.+)"), label)
        if match:
            return chinese.format(*match.groups())
    raise KeyError(label)
