"""Four places, one order, everything that is wrong in one go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.installed import SCHEMA, Settings
from cursor_api.pool.selection import Policy
from cursor_api.settings.load import ByCommand, Draft, Loaded, SettingsError, load_settings
from cursor_api.settings.report import render_check

KEY = "canary-key-0123456789"


def load(folder: Path, environ: Mapping[str, str] | None = None, **files: str) -> Loaded[Settings]:
    """Load with a key in the environment; `env` and `toml` are the files' texts."""
    if "env" in files:
        (folder / ".env").write_text(files["env"], encoding="utf-8")
    if "toml" in files:
        (folder / "cursor-api.toml").write_text(files["toml"], encoding="utf-8")
    return load_settings(
        SCHEMA, {"AUTH_TOKEN": KEY, "TZ": "Asia/Shanghai", **(environ or {})}, folder
    )


def source(loaded: Loaded[Settings], variable: str) -> str:
    """Where a value came from."""
    return next(row.source for row in loaded.rows if row.name == variable)


def shown(loaded: Loaded[Settings], variable: str) -> str:
    """How a value is shown."""
    return next(row.shown for row in loaded.rows if row.name == variable)


def test_the_defaults(tmp_path: Path) -> None:
    """With nothing but a key the gateway is safe and does what it always did."""
    loaded = load(tmp_path)
    assert (loaded.problems, loaded.warnings) == ((), ())
    settings = loaded.settings
    server, web = settings.server, settings.web
    assert (server.host, server.port) == ("127.0.0.1", 3000)
    assert (web.route_prefix, web.cors_origins) == ("", ())
    assert web.inference.stream.keep_alive_s == 15
    assert server.limits.write_timeout_s == 30
    assert server.shutdown_grace_s == 30
    assert settings.access.auth_token == Secret(KEY)
    assert not settings.access.is_passthrough
    assert web.is_log_public
    assert settings.files.token_file == tmp_path / ".token"
    assert settings.files.token_list_file == tmp_path / ".token-list"
    assert settings.files.pool_state_file == tmp_path / ".token-state"
    assert (settings.access.client_tokens, settings.pool.policy) == ((), Policy.ROUND_ROBIN)
    upstream, sdk = settings.upstreams
    assert (upstream.name, upstream.kind) == ("cursor", "cursor")
    assert (sdk.name, sdk.kind) == ("cursor-sdk", "cursor-sdk")
    assert (sdk.options.bridge_bin, sdk.options.bridge_url, sdk.options.is_caged) == (
        *(None, None, True),
    )
    cursor = upstream.options
    assert (cursor.base_url, cursor.client_version) == ("https://api2.cursor.sh", "0.42.5")
    assert (cursor.timezone, cursor.is_private) == ("Asia/Shanghai", True)
    assert (cursor.instructions, cursor.checksum_time.value) == ("", "now")
    assert (cursor.http.proxy, cursor.http.ca_file) == (None, None)
    assert cursor.passthrough_checksum is None
    assert cursor.http.connect_timeout_s == 10
    assert dict(cursor.timeouts.first_token_s) == {"o*": 300, "*thinking*": 300, "*": 180}
    assert dict(cursor.timeouts.idle_s) == {"*": 120}
    assert web.inference.body_bytes_max == 10 * 1024**2
    assert (settings.logs.level, settings.logs.format) == ("info", "auto")
    assert settings.request_log.entries_max == 100
    assert {row.source for row in loaded.rows} == {"default", "environment"}


def test_the_order_of_the_four_places(tmp_path: Path) -> None:
    """Environment before `.env` before TOML before the default, each setting for itself."""
    loaded = load(
        tmp_path,
        {"PORT": "1"},
        env="PORT=2\nHOST=::1\n",
        toml='[listener]\nport = 3\nhost = "localhost"\nroute_prefix = "x"\n',
    )
    server = loaded.settings.server
    assert (server.port, server.host) == (1, "::1")
    assert loaded.settings.web.route_prefix == "/x"
    assert source(loaded, "PORT") == "environment"
    assert source(loaded, "HOST") == ".env"
    assert source(loaded, "ROUTE_PREFIX") == "cursor-api.toml [listener]"
    assert source(loaded, "TOKEN_FILE") == "default"


def test_a_dotenv_file_is_not_exported(tmp_path: Path) -> None:
    """Child processes and libraries do not see what is only for the gateway."""
    load(tmp_path, env="GATEWAY_LOG_LEVEL=debug\n")
    assert "GATEWAY_LOG_LEVEL" not in os.environ


def test_an_empty_value_means_the_default(tmp_path: Path) -> None:
    """Compose files set variables to nothing; that hides the file, too, and says so."""
    loaded = load(
        tmp_path, {"PORT": "", "CURSOR_PROXY": " "}, env="PORT=2\nCURSOR_PROXY=http://p\n"
    )
    assert loaded.settings.server.port == 3000
    assert loaded.settings.upstreams[0].options.http.proxy is None
    assert source(loaded, "PORT") == "default (environment: empty)"


@pytest.mark.parametrize("key", [None, "", "   "])
def test_no_start_without_a_key(tmp_path: Path, key: str | None) -> None:
    """Missing, empty and blank are all refused, and asking for the settings raises."""
    loaded = load_settings(SCHEMA, {} if key is None else {"AUTH_TOKEN": key}, tmp_path)
    assert [problem.variable for problem in loaded.problems] == ["AUTH_TOKEN"]
    with pytest.raises(SettingsError, match="AUTH_TOKEN") as caught:
        _ = loaded.settings
    assert caught.value.problems == loaded.problems


def test_pass_through_needs_no_key(tmp_path: Path) -> None:
    """An empty one is then as good as none, and never an empty string."""
    for environ in ({"PASSTHROUGH": "yes"}, {"PASSTHROUGH": "yes", "AUTH_TOKEN": ""}):
        access = load_settings(SCHEMA, environ, tmp_path).settings.access
        assert access.is_passthrough
        assert access.auth_token is None


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Each with its variable, its place, what was given and an example."""
    loaded = load(
        tmp_path,
        {"PORT": "http", "AUTH_TOKEN": "short", "HOST": "0.0.0.0"},
        env="CURSOR_IDLE_TIMEOUT_S=2d\nnonsense\n",
        toml='[limits]\nbody_bytes_max = "10M"\nmessages_max = 0\n',
    )
    assert [str(problem).partition(" is ")[0] for problem in loaded.problems] == [
        ".env:2: this line",
        'PORT (environment): "http"',
        'CURSOR_IDLE_TIMEOUT_S (.env:1): "2d"',
        'GATEWAY_BODY_BYTES_MAX (cursor-api.toml:2): "10M"',
        'GATEWAY_MESSAGES_MAX (cursor-api.toml:3): "0"',
        loaded.problems[-1].__str__().partition(" is ")[0],
    ]
    assert loaded.problems[-1].variable == "AUTH_TOKEN"
    assert "fewer than 8" in loaded.problems[-1].message
    assert str(loaded.problems[1]).endswith("for example PORT=3000")
    assert str(loaded.problems[3]).endswith('for example body_bytes_max = "10MiB"')


def test_a_wrong_value_is_shown_as_it_was_given(tmp_path: Path) -> None:
    """The table and the message agree."""
    assert shown(load(tmp_path, {"PORT": "http"}), "PORT") == '"http"'


@pytest.mark.parametrize(
    ("environ", "is_public"),
    [
        ({}, True),
        ({"HOST": "localhost"}, True),
        ({"HOST": "0.0.0.0"}, False),
        ({"HOST": "0.0.0.0", "LOGS_PUBLIC": "true"}, True),
        ({"LOGS_PUBLIC": "false"}, False),
    ],
)
def test_the_log_is_public_on_loopback_only(
    tmp_path: Path, environ: dict[str, str], *, is_public: bool
) -> None:
    """Unless somebody says otherwise."""
    assert load(tmp_path, environ).settings.web.is_log_public is is_public


def test_relative_paths_begin_at_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the process's own working directory becomes later."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    loaded = load_settings(
        SCHEMA, {"AUTH_TOKEN": KEY, "TOKEN_LIST_FILE": "/abs/list"}, Path("data")
    )
    assert loaded.settings.files.token_file == tmp_path / "data" / ".token"
    assert loaded.settings.files.token_list_file == Path("/abs/list")


def test_another_toml_file_can_be_named(tmp_path: Path) -> None:
    """In the environment or `.env`, or by the command line, which wins."""
    (tmp_path / "a.toml").write_text("[listener]\nport = 1\n")
    (tmp_path / "b.toml").write_text("[listener]\nport = 2\n")
    loaded = load(tmp_path, env="GATEWAY_CONFIG=a.toml\n", toml="[listener]\nport = 3\n")
    assert loaded.settings.server.port == 1
    assert shown(loaded, "GATEWAY_CONFIG").endswith("a.toml")
    assert source(loaded, "PORT") == "a.toml [listener]"
    environ = {"AUTH_TOKEN": KEY, "GATEWAY_CONFIG": "a.toml"}
    named = load_settings(SCHEMA, environ, tmp_path, Path("b.toml"))
    assert named.settings.server.port == 2
    assert source(named, "GATEWAY_CONFIG") == "command line"


def test_a_named_toml_file_has_to_exist(tmp_path: Path) -> None:
    """A gateway without the limits that were meant for it does not start."""
    loaded = load(tmp_path, {"GATEWAY_CONFIG": "gone.toml"})
    assert "no such file" in str(loaded.problems[0])


def test_other_defaults_can_be_given(tmp_path: Path) -> None:
    """A demo has its own; users' values still win, and a typing error in code is not silent."""
    defaults = {"PORT": "0", "CURSOR_BASE_URL": "http://127.0.0.1:1", "AUTH_TOKEN": "demo"}
    said = ByCommand(defaults=defaults)
    loaded = load_settings(SCHEMA, {"PORT": "4000"}, tmp_path, said=said)
    assert loaded.settings.server.port == 4000
    assert loaded.settings.upstreams[0].options.base_url == "http://127.0.0.1:1"
    assert loaded.settings.access.auth_token == Secret("demo")
    with pytest.raises(KeyError):
        load_settings(SCHEMA, {}, tmp_path, said=ByCommand(defaults={"PROT": "1"}))


def test_what_the_command_says_wins_over_every_place(tmp_path: Path) -> None:
    """An option that is typed is meant; what is wrong with it is told with where it stood."""
    said = ByCommand({"PORT": "4001"})
    (tmp_path / ".env").write_text("PORT=4002\n")
    environ = {"AUTH_TOKEN": KEY, "PORT": "4000"}
    loaded = load_settings(SCHEMA, environ, tmp_path, said=said)
    assert loaded.settings.server.port == 4001
    assert source(loaded, "PORT") == "command line"
    wrong = load_settings(SCHEMA, environ, tmp_path, said=ByCommand({"PORT": "seventy"}))
    assert [str(one).partition(" is ")[0] for one in wrong.problems] == [
        'PORT (command line): "seventy"'
    ]
    with pytest.raises(KeyError):
        load_settings(SCHEMA, {}, tmp_path, said=ByCommand({"PROT": "1"}))


def test_text_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    """Bytes in the environment that Python could only keep as surrogates."""
    loaded = load(tmp_path, {"CURSOR_INSTRUCTIONS": "a\udcff"})
    assert str(loaded.problems[0]).startswith(
        'CURSOR_INSTRUCTIONS (environment): "a\\udcff" is not valid UTF-8'
    )


def test_instructions_keep_their_spaces(tmp_path: Path) -> None:
    """Text for a model is nobody's to trim; every other value is."""
    loaded = load(
        tmp_path, {"CURSOR_INSTRUCTIONS": " a\n", "PORT": " 1 \r", "AUTH_TOKEN": f"{KEY}\n"}
    )
    assert loaded.settings.upstreams[0].options.instructions == " a\n"
    assert loaded.settings.server.port == 1
    assert loaded.settings.access.auth_token == Secret(KEY)


def test_both_spellings_of_the_checksum(tmp_path: Path) -> None:
    """The ancestors' own has hyphens."""
    for name in ("x-cursor-checksum", "X_CURSOR_CHECKSUM"):
        loaded = load(tmp_path, {name: "abc/def", "PASSTHROUGH": "1"})
        assert loaded.settings.upstreams[0].options.passthrough_checksum == Secret("abc/def")


SECRETS = {
    "AUTH_TOKEN": "cänary\nkey",
    "X_CURSOR_CHECKSUM": "canary\x01checksum",
    "CURSOR_PROXY": "socks5://canary:canary@proxy",
    "CURSOR_BASE_URL": "https://canary:canary@host?canary",
}


@pytest.mark.parametrize("place", ["environment", "dotenv", "toml"])
@pytest.mark.parametrize("variable", SECRETS)
def test_no_secret_is_ever_shown(tmp_path: Path, variable: str, place: str) -> None:
    """Right or wrong, from wherever: not in messages, the report, reprs or exceptions."""
    valid = {"AUTH_TOKEN": "canary-key", "CURSOR_PROXY": "http://canary:canary@proxy"}
    for text in {SECRETS[variable], valid.get(variable, SECRETS[variable])}:
        setting = next(setting for setting in SCHEMA.rows if setting.variable == variable)
        escaped = text.replace("\n", "\\n").replace("\x01", "\\u0001")
        if place == "environment":
            loaded = load_settings(SCHEMA, {variable: text}, tmp_path)
        elif place == "dotenv":
            (tmp_path / ".env").write_text(f"{variable}='{text}'\n", encoding="utf-8")
            loaded = load_settings(SCHEMA, {}, tmp_path)
        else:
            (tmp_path / "cursor-api.toml").write_text(
                f'[{setting.table}]\n{setting.name} = "{escaped}"\n', encoding="utf-8"
            )
            loaded = load_settings(SCHEMA, {}, tmp_path)
        seen = f"{render_check(loaded)}{loaded!r}{loaded.problems}{loaded.warnings}"
        try:
            seen += repr(loaded.settings)
        except SettingsError as error:
            seen += f"{error}{error!r}"
        assert source(loaded, variable) != "default"
        assert "nary" not in seen


def test_the_pools_memory_is_beside_the_tokens(tmp_path: Path) -> None:
    """Whoever mounts a folder for the tokens keeps it with them; a path of its own wins."""
    loaded = load(tmp_path, {"TOKEN_FILE": "data/tokens.txt"})
    assert loaded.settings.files.pool_state_file == tmp_path / "data" / ".token-state"
    loaded = load(tmp_path, {"TOKEN_FILE": "data/tokens.txt", "POOL_STATE_FILE": "state"})
    assert loaded.settings.files.pool_state_file == tmp_path / "state"


def test_chat_only_keys_come_from_a_list(tmp_path: Path) -> None:
    """With commas, or as a TOML array; no place shows them."""
    loaded = load(tmp_path, toml='[access]\nclient_tokens = ["canary-one", "canary-two"]\n')
    assert loaded.settings.access.client_tokens == (Secret("canary-one"), Secret("canary-two"))
    assert shown(loaded, "CLIENT_TOKENS") == "set (2 keys, hidden)"
    assert "canary" not in render_check(loaded)


def test_a_draft_stands_for_the_file(tmp_path: Path) -> None:
    """What it would be is checked as if it were there, under the file's name."""
    path = tmp_path / "mine.toml"
    path.write_text("[listener]\nport = 1\n")
    draft = Draft(path, "[listener]\nport = 2\n")
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path, draft)
    assert loaded.settings.server.port == 2
    draft = Draft(tmp_path / "nowhere.toml", "[listener\n")
    (problem,) = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path, draft).problems
    assert problem.where == "nowhere.toml:1"
