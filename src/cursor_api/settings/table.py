"""The one table of settings.

Parsing, documentation, check-config and the search for misspelt names all read it. A setting is
added as a row in one of the `rows_*.py` and as a field in `values.py`.
"""

from __future__ import annotations

from cursor_api.options.kinds import Text, path
from cursor_api.options.setting import Setting
from cursor_api.settings.rows_limits import LIMITS
from cursor_api.settings.rows_load import ADMISSION, FAILOVER
from cursor_api.settings.rows_serving import ACCESS, FILES, LISTENER, LOGS, POOL
from cursor_api.settings.rows_upstream import CURSOR

# The TOML tables, in the order in which people read about them.
GROUPS = {
    "": Text("Configuration file", "配置文件"),
    "listener": Text("Listener", "监听"),
    "access": Text("Access", "访问"),
    "files": Text("Files", "文件"),
    "pool": Text("Pool of credentials", "凭据池"),
    "failover": Text("Failover", "故障转移"),
    "admission": Text("Load", "负载"),
    "cursor": Text("Cursor (upstream)", "Cursor（上游）"),
    "limits": Text("Limits of one request", "单个请求的限制"),
    "logs": Text("Logs", "日志"),
}

# Not in the file, of course: it says where the file is.
CONFIG = Setting(
    "GATEWAY_CONFIG",
    "",
    path(),
    None,
    Text(
        "Where the TOML file is. A file named here has to exist.",
        "TOML 文件的位置。在此指定的文件必须存在。",
    ),
    default_note=Text("`cursor-api.toml` if there is one", "`cursor-api.toml`（若存在）"),
)

TABLE: tuple[Setting, ...] = (
    *(CONFIG, *LISTENER, *ACCESS, *FILES, *POOL),
    *(*FAILOVER, *ADMISSION, *CURSOR, *LIMITS, *LOGS),
)

BY_KEY = {setting.key: setting for setting in TABLE if setting.key}
# Every spelling of every variable.
BY_VARIABLE = {
    variable: setting for setting in TABLE for variable in (setting.variable, *setting.aliases)
}
