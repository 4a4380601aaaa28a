"""Where defaults come from, in Chinese; the English notes stand with the settings.

A test holds them against each other, as it does the texts of `chinese.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Where a default comes from that is no fixed one, by the variable.
NOTES: Final[Mapping[str, str]] = {
    "GATEWAY_CONFIG": "`cursor-api.toml`（若存在）",
    "TLS_CERT_FILE": "未设置：明文 HTTP",
    "TLS_KEY_FILE": "在 `TLS_CERT_FILE` 中",
    "AUTH_TOKEN": "无，必填",
    "X_CURSOR_CHECKSUM": "自动生成",
    "LOGS_PUBLIC": "只监听本机时为 `true`，否则为 `false`",
    "GATEWAY_ALLOWED_HOSTS": "只监听本机时为无，否则为 `*`",
    "POOL_STATE_FILE": "`TOKEN_FILE` 旁的 `.token-state`",
    "REQUEST_LOG_FILE": "`TOKEN_FILE` 旁的 `.request-log.sqlite3`",
    "CREDENTIALS_KEY_FILE": "无",
    "GATEWAY_CALLER_REQUESTS_MAX": "同 `GATEWAY_REQUESTS_MAX`",
    "CURSOR_TIMEZONE": "本机时区，无法得知时为 `UTC`",
    "CURSOR_PROXY": (
        "按上游的协议取 `HTTPS_PROXY` 或 `HTTP_PROXY`，否则取 `ALL_PROXY`，`NO_PROXY` 所列除外"
    ),
    "CURSOR_CA_FILE": "仅系统自带",
    "CURSOR_SDK_BRIDGE_BIN": "已安装的 `cursor-sdk` 包中的程序",
    "CURSOR_SDK_BRIDGE_URL": "无：由网关启动",
    "CURSOR_SDK_BRIDGE_TOKEN": "无",
    "CURSOR_SDK_BRIDGE_FOLDER": "本机临时文件目录中的 `cursor-api-UID`",
    "CURSOR_SDK_PROXY": "取 `HTTPS_PROXY`，否则取 `ALL_PROXY`，`NO_PROXY` 所列除外",
    "CURSOR_SDK_CA_FILE": "Node 自带的",
    "DATABASE_URL": "无：`REQUEST_LOG_FILE`",
    "REDIS_URL": "无：每个节点各自计算",
    "METRICS_LISTEN": "无",
    "TRACES_URL": "无：不发送",
    "TRACES_PROXY": "与上游相同，取自环境变量",
    "ALERT_WEBHOOK_URL": "无：不通知任何人",
    "ALERT_PROXY": "与上游相同，取自环境变量",
}
