"""What is installed fits together."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.installed import DIALECTS, GROUPS, SCHEMA, Settings
from cursor_api.options.setting import Setting, is_options
from cursor_api.pool.selection import Policy
from cursor_api.settings import load_settings, render_check
from cursor_api.settings.schema import CONFIG

KEY = "k" * 16
# What users of the earlier program already have.
REFERENCE = {
    "PORT": "3000",
    "WORKERS": "1",
    "AUTH_TOKEN": None,
    "ROUTE_PREFIX": "",
    "TOKEN_FILE": ".token",
    "TOKEN_LIST_FILE": ".token-list",
}
# Every default, as a user would write it; None where there is none or it follows from something.
DEFAULTS = {
    **REFERENCE,
    "GATEWAY_CONFIG": None,
    "HOST": "127.0.0.1",
    "TLS_CERT_FILE": None,
    "TLS_KEY_FILE": None,
    "GATEWAY_CORS_ORIGINS": "",
    "GATEWAY_CONNECTIONS_MAX": "4096",
    "GATEWAY_KEEP_ALIVE_S": "15",
    "GATEWAY_WRITE_TIMEOUT_S": "30",
    "GATEWAY_HEADER_TIMEOUT_S": "15",
    "GATEWAY_BODY_TIMEOUT_S": "30",
    "GATEWAY_SHUTDOWN_GRACE_S": "30",
    "CLIENT_TOKENS": "",
    "PASSTHROUGH": "false",
    "X_CURSOR_CHECKSUM": None,
    "LOGS_PUBLIC": None,
    "GATEWAY_ALLOWED_HOSTS": None,
    "GATEWAY_TRUSTED_PROXIES": "",
    "GATEWAY_WRONG_KEYS_MAX": "10",
    "TOKENS": "",
    "POOL_STATE_FILE": None,
    "REQUEST_LOG_FILE": None,
    "POOL_POLICY": "round_robin",
    "GATEWAY_ATTEMPTS_MAX": "3",
    "GATEWAY_RETRY_PERCENT": "20",
    "GATEWAY_BREAKER_FAILURES": "5",
    "GATEWAY_BREAKER_OPEN_S": "30",
    "GATEWAY_REQUESTS_MAX": "1200",
    "GATEWAY_CALLER_REQUESTS_MAX": None,
    "GATEWAY_CALLER_PERCENT": "80",
    "GATEWAY_STREAMS_MAX": "1000",
    "GATEWAY_BODIES_BYTES_MAX": "64MiB",
    "GATEWAY_QUEUE_MAX": "100",
    "GATEWAY_QUEUE_WAIT_S": "10",
    "GATEWAY_ANSWERS_BYTES_MAX": "64MiB",
    "GATEWAY_ANSWERS_KEPT_S": "1h",
    "CURSOR_BASE_URL": "https://api2.cursor.sh",
    "CURSOR_CLIENT_VERSION": "0.42.5",
    "CURSOR_TIMEZONE": None,
    "CURSOR_PRIVACY_MODE": "true",
    "CURSOR_INSTRUCTIONS": "",
    "CURSOR_MORE_MODELS": "",
    "CURSOR_CHECKSUM_TIME": "now",
    "CURSOR_PROXY": None,
    "CURSOR_CA_FILE": None,
    "CURSOR_CONNECT_TIMEOUT_S": "10",
    "CURSOR_FIRST_TOKEN_TIMEOUT_S": "180, o*=300, *thinking*=300",
    "CURSOR_IDLE_TIMEOUT_S": "120",
    "CURSOR_CONNECTIONS_MAX": "4096",
    "CURSOR_FRAME_BYTES_MAX": "8MiB",
    "CURSOR_INFLATED_BYTES_MAX": "12MiB",
    "CURSOR_ANSWER_BYTES_MAX": "64MiB",
    "CURSOR_SDK_BRIDGE_BIN": None,
    "CURSOR_SDK_BRIDGE_URL": None,
    "CURSOR_SDK_BRIDGE_TOKEN": None,
    "CURSOR_SDK_BRIDGE_EARLY": "false",
    "CURSOR_SDK_BRIDGE_CAGE": "true",
    "CURSOR_SDK_BRIDGE_FOLDER": None,
    "CURSOR_SDK_PROXY": None,
    "CURSOR_SDK_CA_FILE": None,
    "CURSOR_SDK_RUNS_MAX": "256",
    "CURSOR_SDK_RUN_TIMEOUT_S": "3600",
    "CURSOR_SDK_TOOL_RESULT_TIMEOUT_S": "300",
    "CURSOR_SDK_PARALLEL_CALLS_WAIT_S": "0.3",
    "CURSOR_SDK_WAITING_CALLS_MAX": "256",
    "CURSOR_SDK_CONVERSATIONS_MAX": "64",
    "CURSOR_SDK_CONVERSATION_IDLE_S": "600",
    "CURSOR_SDK_FIRST_TOKEN_TIMEOUT_S": "180, o*=300, *thinking*=300",
    "CURSOR_SDK_IDLE_TIMEOUT_S": "120",
    "GATEWAY_BODY_BYTES_MAX": "10MiB",
    "GATEWAY_HEADER_BYTES_MAX": "64KiB",
    "GATEWAY_MESSAGES_MAX": "10000",
    "GATEWAY_PARTS_MAX": "20000",
    "GATEWAY_IMAGE_BYTES_MAX": "5MiB",
    "GATEWAY_JSON_DEPTH_MAX": "128",
    "GATEWAY_JSON_CONTAINERS_MAX": "100000",
    "GATEWAY_JSON_VALUES_MAX": "200000",
    "GATEWAY_FETCH_IMAGES": "false",
    "GATEWAY_LOG_LEVEL": "info",
    "GATEWAY_LOG_FORMAT": "auto",
    "GATEWAY_LOG_REQUESTS": "true",
    "GATEWAY_LOG_ENTRIES_MAX": "100",
    "GATEWAY_LOG_KEPT_MAX": "10000000",
    "DATABASE_URL": None,
    "REDIS_URL": None,
    "CREDENTIALS_KEY": "",
    "CREDENTIALS_KEY_FILE": None,
    "LIMITS_WHEN_DOWN": "refuse",
    "RECORDS_KEEP_DAYS": "30",
    "RECORDS_KEEP_BYTES": "1GiB",
    "RECORD_CONTENT": "false",
    "RECORD_CONTENT_KEEP_DAYS": "7",
    "METRICS_LISTEN": None,
    "METRICS_BY_CALLER": "false",
    "TRACES_URL": None,
    "TRACES_PROXY": None,
    "TRACES_HEADERS": "",
    "ALERT_WEBHOOK_URL": None,
    "ALERT_PROXY": None,
}


def test_no_address_is_two_dialects() -> None:
    """A request's address says which client API it speaks."""
    paths = [path for dialect in DIALECTS for path in dialect.paths]
    assert len(paths) == len(set(paths))
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)


def test_the_variables_that_users_already_have() -> None:
    """Names and defaults of the earlier program."""
    assert {name: SCHEMA.by_variable[name].default for name in REFERENCE} == REFERENCE
    assert SCHEMA.by_variable["x-cursor-checksum"] is SCHEMA.by_variable["X_CURSOR_CHECKSUM"]


def test_every_default_is_the_documented_one() -> None:
    """A default that somebody changes in passing fails here."""
    assert {row.variable: row.default for row in SCHEMA.rows} == DEFAULTS


def test_names_are_unique() -> None:
    """No variable, no alias and no key twice; every key in a known table."""
    assert len(SCHEMA.by_variable) == sum(1 + len(row.aliases) for row in SCHEMA.rows)
    assert len(SCHEMA.by_key) == len(SCHEMA.rows) - 1
    assert {row.table for row in SCHEMA.rows} == set(SCHEMA.titles)
    assert [row for row in SCHEMA.rows if not row.key] == [CONFIG]


def test_groups_stand_together() -> None:
    """In the groups' order, so that the page and the report have one heading each."""
    tables = [row.table for row in SCHEMA.rows]
    assert sorted(tables, key=["", *(group.table for group in GROUPS)].index) == tables


@pytest.mark.parametrize("row", SCHEMA.rows, ids=lambda row: row.variable)
def test_a_row_is_whole(row: Setting) -> None:
    """A default that parses or a note instead; a reason in sentences."""
    if row.default:
        row.kind.parse(row.default)
    assert (row.default is None) is bool(row.default_note)
    assert (row.default is None) or row.derive is None
    assert row.reason.endswith(".")
    for unit in ("_S", "_BYTES_MAX"):
        if row.variable.endswith(unit):
            assert row.kind.label.startswith({"_S": "duration"}.get(unit, "size"))


@pytest.mark.parametrize(
    ("table", "prefix"),
    [("failover", "GATEWAY_"), ("admission", "GATEWAY_"), ("cursor", "CURSOR_")],
)
def test_all_of_a_table_are_of_one_prefix(table: str, prefix: str) -> None:
    """`GATEWAY_X_Y` is `x_y` in its table, without exception."""
    rows = [row for row in SCHEMA.rows if row.table == table]
    assert [row.name for row in rows] == [row.variable.removeprefix(prefix).lower() for row in rows]


def test_the_order_in_which_people_read() -> None:
    """The page, the report and findings have it: what concerns one thing stands together."""
    listener = [row.name for row in SCHEMA.rows if row.table == "listener"]
    assert listener == [
        *("host", "port", "workers", "tls_cert_file", "tls_key_file", "route_prefix"),
        *("cors_origins", "connections_max", "keep_alive_s"),
        *("write_timeout_s", "header_timeout_s", "body_timeout_s", "shutdown_grace_s"),
    ]
    access = [row.name for row in SCHEMA.rows if row.table == "access"]
    assert access == [
        *("auth_token", "client_tokens", "passthrough", "trusted_proxies", "checksum"),
        *("logs_public", "allowed_hosts", "wrong_keys_max"),
    ]
    cursor = [row.name for row in SCHEMA.rows if row.table == "cursor"]
    assert cursor == [
        *("base_url", "client_version", "timezone", "privacy_mode", "instructions", "more_models"),
        *("checksum_time", "proxy", "ca_file", "connect_timeout_s", "first_token_timeout_s"),
        *("idle_timeout_s", "connections_max", "frame_bytes_max", "inflated_bytes_max"),
        "answer_bytes_max",
    ]
    limits = [row.name for row in SCHEMA.rows if row.table == "limits"]
    assert limits == [
        *("body_bytes_max", "header_bytes_max", "messages_max", "parts_max", "image_bytes_max"),
        *("json_depth_max", "json_containers_max", "json_values_max", "fetch_images"),
    ]


def test_the_policies_are_the_pools() -> None:
    """Every one of them can be chosen, and the default is the one that all had before."""
    row = SCHEMA.by_variable["POOL_POLICY"]
    assert row.kind.examples == tuple(choice.value for choice in Policy)
    assert row.default == Policy.ROUND_ROBIN.value


def test_values_have_the_types_of_their_fields(tmp_path: Path) -> None:
    """What the rows' kinds give fits the annotations, defaults and examples alike."""
    # Those whose example would be no file, or the same as another's.
    left_out = {"CURSOR_CA_FILE", "GATEWAY_CONFIG", "TOKEN_LIST_FILE", "POOL_STATE_FILE"}
    left_out |= {"REQUEST_LOG_FILE"}
    # An example of a key would be used by somebody.
    left_out |= {"CREDENTIALS_KEY"}
    rows = [row for row in SCHEMA.rows if row.variable not in left_out]
    examples = {row.variable: row.kind.examples[0] for row in rows}
    for environ in ({"AUTH_TOKEN": KEY}, {**examples, "AUTH_TOKEN": KEY}):
        settings = load_settings(SCHEMA, environ, tmp_path).settings
        names = set(settings.__struct_fields__) - {"upstreams", "models"}
        parts = [getattr(settings, name) for name in names]
        for part in (*parts, settings.upstreams[0].options):
            assert_typed(part)


def assert_typed(options: object) -> None:
    """Each value, those of options inside as well, is what its field says."""
    for name, hint in typing.get_type_hints(type(options)).items():
        if typing.get_origin(hint) is typing.ClassVar:
            continue
        value = getattr(options, name)
        plain = typing.get_origin(hint) or hint
        kinds = typing.get_args(hint) if type(None) in typing.get_args(hint) else (plain,)
        expected = tuple({float: (int, float)}.get(kind, kind) for kind in kinds)
        for kind in expected:
            if isinstance(value, kind):
                break
        else:
            raise AssertionError((type(options).__name__, name, value, expected))
        if is_options(type(value)):
            assert_typed(value)


def test_all_secrets_are_listed_for_the_redactor(tmp_path: Path) -> None:
    """The keys, the checksum, the proxy and the password inside it, as written and as meant."""
    environ = {"AUTH_TOKEN": "the-key", "X_CURSOR_CHECKSUM": "the-checksum", "PASSTHROUGH": "1"}
    environ["CLIENT_TOKENS"] = "key-one, key-two"
    proxy = "http://me:p%40ss@proxy:1"
    environ["CURSOR_PROXY"] = proxy
    settings = load_settings(SCHEMA, environ, tmp_path).settings
    assert [secret.reveal() for secret in settings.secrets] == [
        *("the-key", "key-one", "key-two", "the-checksum", proxy, "p%40ss", "p@ss"),
    ]
    assert load_settings(SCHEMA, {"PASSTHROUGH": "1"}, tmp_path).settings.secrets == ()


def test_the_machines_proxies_are_among_the_secrets(tmp_path: Path) -> None:
    """With the passwords in them; from `.env` as well, and for every upstream."""
    (tmp_path / ".env").write_text("HTTPS_PROXY=http://me:dotenv-canary@proxy:1\n")
    (tmp_path / "cursor-api.toml").write_text(
        '[[upstream]]\nname = "more"\nkind = "cursor"\napi_key = "k"\nproxy = "none"\n'
    )
    environ = {"AUTH_TOKEN": KEY, "all_proxy": "http://me:p%40ss@proxy:1"}
    loaded = load_settings(SCHEMA, environ, tmp_path)
    shown = {secret.reveal() for secret in loaded.settings.secrets}
    assert {"dotenv-canary", "p%40ss", "p@ss", environ["all_proxy"]} <= shown
    cursor, sdk, more = (one.options for one in loaded.settings.upstreams)
    shared = Secret("http://me:dotenv-canary@proxy:1")
    assert cursor.http.find_proxy("https://a.example") == sdk.find_proxy() == shared
    assert more.http.find_proxy("https://a.example") is None
    report = render_check(loaded)
    assert "canary" not in report + repr(loaded)
    assert re.search(r"CURSOR_PROXY +http://…@proxy:1 \(HTTPS_PROXY\)", report)


def test_every_upstream_names_its_certificates_as_its_user_does(tmp_path: Path) -> None:
    """Where an authority is not trusted, the message says which setting helps."""
    (tmp_path / "cursor-api.toml").write_text(
        '[[upstream]]\nname = "more"\nkind = "openai"\napi_key = "k"\n'
        '[[upstream]]\nname = "again"\nkind = "cursor"\napi_key = "k"\n'
    )
    found = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 20}, tmp_path).settings.upstreams
    with_http = [one.options.http for one in found if hasattr(one.options, "http")]
    assert [one.ca_setting for one in with_http] == [
        *("CURSOR_CA_FILE", "upstream.more.ca_file", "upstream.again.ca_file"),
    ]


def test_an_upstreams_keys_are_among_the_secrets(tmp_path: Path) -> None:
    """Those of a block, and its headers' values."""
    (tmp_path / "cursor-api.toml").write_text(
        '[[upstream]]\nname = "more"\nkind = "cursor"\napi_key = "a-canary"\n'
        'headers = { x-team = "team-canary" }\n'
    )
    secrets = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path).settings.secrets
    assert {Secret("a-canary"), Secret("team-canary")} <= set(secrets)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """What was checked stays as it was checked."""
    settings: Settings = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path).settings
    with pytest.raises(AttributeError):
        settings.server.port = 1  # type: ignore[misc] # that is the point


def test_names_in_reasons_are_settings_or_code() -> None:
    """A variable that a reason names exists."""
    known = {*SCHEMA.by_variable, "SIGTERM"}
    for row in SCHEMA.rows:
        named = re.findall(r"`([A-Z][A-Z_]{3,})`", row.reason)
        assert known >= set(named), row.variable


def test_what_is_shown_of_a_setting_can_be_written_again() -> None:
    """Whoever changes one begins with its text as it is shown."""
    for row in SCHEMA.rows:
        if row.default and not row.kind.is_secret:
            value = row.kind.parse(row.default)
            assert row.kind.parse(row.kind.show(value)) == value, row.variable
