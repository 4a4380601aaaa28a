"""docs/limits.md lists every limit, and what it says of each is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cursor_api.dialects.openai.faults import FAULTS
from cursor_api.domain.kept import NOT_FOUND
from cursor_api.domain.record_content import PART_LENGTH_MAX, PROMPT_LENGTH_MAX
from cursor_api.installed import SCHEMA
from cursor_api.service.credentials.trial import RUNNING_COUNT_MAX
from cursor_api.service.credentials.use_cases import ADDED_COUNT_MAX
from cursor_api.stores.records.log import LogTimes
from cursor_api.stores.records.spooled import SPOOL_ROWS_MAX
from cursor_api.transport.answer import ERROR_BODY_BYTES_MAX
from cursor_api.transport.events import (
    ANSWER_BYTES_MAX,
    PIECE_BYTES_MAX,
    SILENT_BYTES_MAX,
)
from cursor_api.transport.line import INTERIM_MAX
from cursor_api.transport.model_lists import LIST_BYTES_MAX
from cursor_api.upstreams.cursor.answer import TEXT_CHARS_MAX
from cursor_api.upstreams.cursor.token_files.text import TextLimits
from cursor_api.upstreams.cursor_sdk.calls import ANSWER_BYTES_MAX as SDK_ANSWER_BYTES_MAX
from cursor_api.upstreams.cursor_sdk.process import READY_S
from cursor_api.upstreams.openai.calls import CALLS_MAX
from cursor_api.web.access.auth import KEY_LENGTH_MAX
from cursor_api.web.access.lockout import LockoutOptions
from cursor_api.web.http.json_body import BODY_BYTES_MAX, JSON_LIMITS
from cursor_api.web.management.tokens import RELOAD_BURST_COUNT, RELOADS_PER_S
from cursor_api.web.server.listener import HANDSHAKES_MAX
from cursor_api.web.server.protocol import (
    BYTES_PER_PIECE,
    CHUNK_OVERHEAD_MAX,
    PIECES_FREE,
    QUEUED_MAX,
)
from cursor_api.web.server.room import ROOM_BYTES
from cursor_api.web.server.strict import FIELDS_MAX, TARGET_BYTES_MAX
from cursor_api.wire.connect import JSON_BYTES_MAX
from cursor_api.wire.limits import RequestLimits
from tests.limits.limit import MINE
from tests.limits.page import COMMAND, FILES, default_of, render_page
from tests.limits.table import LIMITS, SECTIONS

# Numbers, sizes and durations that bound nothing.
NO_LIMITS = {"PORT", "GATEWAY_KEEP_ALIVE_S", "WORKERS"}
KIB, MIB = 1024, 1024 * 1024
ROOT = Path(__file__).parents[2]

LOCKOUT = LockoutOptions()
FIXED = {
    "chunks": f"{CHUNK_OVERHEAD_MAX} bytes",
    "fields": f"{FIELDS_MAX}",
    "target": f"{TARGET_BYTES_MAX // KIB} KiB",
    "pieces": f"{PIECES_FREE:,}, plus one for each {BYTES_PER_PIECE} bytes",
    "handshakes": f"{HANDSHAKES_MAX}",
    "pipelined": f"{QUEUED_MAX}",
    "unserved": f"{ROOM_BYTES // MIB} MiB",
    "text": f"{TEXT_CHARS_MAX:,} characters",
    "interim": f"{INTERIM_MAX}",
    "tools": f"{RequestLimits().tools_max:,}",
    "model": f"{RequestLimits().model_chars_max} characters",
    "key": f"{KEY_LENGTH_MAX // KIB} KiB",
    "new_keys": f"{LOCKOUT.waiting_max}, {LOCKOUT.wait_s_max:g} s each",
    "wrong_kept": f"{LOCKOUT.wrong_kept_max:,}",
    "error_body": f"{ERROR_BODY_BYTES_MAX // KIB} KiB",
    "end_of_stream": f"{JSON_BYTES_MAX // KIB} KiB",
    "endpoint_piece": f"{PIECE_BYTES_MAX // MIB} MiB",
    "endpoint_answer": f"{ANSWER_BYTES_MAX // MIB} MiB",
    "endpoint_silence": f"{SILENT_BYTES_MAX // MIB} MiB",
    "endpoint_calls": f"{CALLS_MAX}",
    "endpoint_models": f"{LIST_BYTES_MAX // MIB} MiB",
    "sdk_ready": f"{READY_S:g} s",
    "sdk_answer": f"{SDK_ANSWER_BYTES_MAX // MIB} MiB",
    "management_body": f"{BODY_BYTES_MAX // MIB} MiB",
    "management_depth": f"{JSON_LIMITS.depth_max}",
    "management_containers": f"{JSON_LIMITS.containers_max:,}",
    "tokens_at_once": f"{ADDED_COUNT_MAX:,}",
    "token_file": f"{TextLimits().file_bytes_max // MIB} MiB",
    "reloads": f"{RELOAD_BURST_COUNT} at once, {RELOADS_PER_S:g} per second",
    "trials": f"{RUNNING_COUNT_MAX}",
    "kept_text": (
        f"{PART_LENGTH_MAX:,} characters;"
        f" {PROMPT_LENGTH_MAX:,} for a whole prompt or a whole answer"
    ),
    "unsaved_log": f"{LogTimes().waiting_max:,}",
    "spool": f"{SPOOL_ROWS_MAX:,}",
}


@pytest.mark.parametrize("language", FILES)
def test_the_page_is_what_the_table_says(language: str) -> None:
    """Whoever changes the table writes the page anew."""
    page = (ROOT / "docs" / FILES[language]).read_text(encoding="utf-8")
    assert page == render_page(language), f"run: {COMMAND}"


def test_every_setting_that_is_a_limit_has_its_row() -> None:
    """A new one without a row fails here."""
    bounds = {
        setting.variable
        for setting in SCHEMA.rows
        if re.match(r"number|size|duration", setting.kind.label)
    }
    stated = [row.setting for row in LIMITS.values() if row.setting]
    assert sorted(stated) == sorted(bounds - NO_LIMITS)


def test_every_row_is_complete() -> None:
    """A default and a reason, the setting's or its own; an answer or what happens instead."""
    for row in LIMITS.values():
        has_own = row.default is not None and row.reason is not None
        assert bool(row.setting) != has_own, row.key
        assert row.status or row.note, row.key
        assert bool(row.status) == bool(row.code), row.key
    assert sum(len(section.rows) for section in SECTIONS) == len(LIMITS)


def test_limits_without_a_setting_are_those_of_the_code() -> None:
    """A figure that somebody changes there is changed on the page, too."""
    stated = {row.key: default_of(row, "en") for row in LIMITS.values() if not row.setting}
    assert stated == FIXED


def test_every_answer_is_one_that_the_gateway_has() -> None:
    """Status and code stand together in a table of errors."""
    known = {(shape.status, shape.code) for shape in FAULTS.values()}
    sources = (ROOT / "src" / "cursor_api").rglob("*.py")
    texts = "".join(path.read_text(encoding="utf-8") for path in sources)
    known |= {(400, code) for code in re.findall(r'(?:code=|_CODE: Final = )"(\w+)"', texts)}
    known |= {(400, "invalid_tokens"), (404, NOT_FOUND)}
    stated = {(row.status, row.code) for row in LIMITS.values() if row.status}
    assert stated <= known


def test_every_test_that_is_named_exists() -> None:
    """By its name, in its file."""
    for row in LIMITS.values():
        path, _, name = row.shown_by.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        names = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in names, row.key
    assert any(row.shown_by == MINE for row in LIMITS.values())
