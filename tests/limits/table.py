"""Every limit of the gateway, once: what docs/limits.md says and what the tests ask for.

A limit with a setting takes its default and its reason from the table of settings. `shown_by` names
the test in which somebody goes beyond it; `tests/limits/` itself is the place for those that show
at the socket of one gateway with small limits.
"""

from __future__ import annotations

from cursor_api.options.said import Words
from tests.limits.limit import Section
from tests.limits.rows_callers import LOAD, REQUEST
from tests.limits.rows_others import MANAGEMENT, UPSTREAM
from tests.limits.rows_sdk import OFFICIAL

SECTIONS = (
    Section(Words("One request", "单个请求"), REQUEST),
    Section(Words("All requests together", "所有请求"), LOAD),
    Section(Words("The upstream", "上游"), UPSTREAM),
    Section(Words("Cursor, the official way", "Cursor 的官方方式"), OFFICIAL),
    Section(Words("Management and memory", "管理与内存"), MANAGEMENT),
)
LIMITS = {row.key: row for section in SECTIONS for row in section.rows}
