"""A gateway on its socket, and what becomes of it at SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cursor_api.bootstrap import Gateway, build_gateway, file_stores, open_keys
from cursor_api.domain.act import SIGNAL, ActQuery
from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.errors import StoreError
from cursor_api.installed import SCHEMA, Settings
from cursor_api.runtime import Reloader, listen, run, serving_metrics
from cursor_api.settings import Loaded, SettingsInUse, load_settings
from cursor_api.telemetry.redaction import Redactor
from cursor_api.web.server.server import GatewayServer, create_server
from tests.fakes import ListObserver
from tests.log_lines import capture_logs
from tests.ports import free_port
from tests.serving import ask

KEY = "runtime-key-0123456789"
TOML = "cursor-api.toml"


def test_the_port_is_taken_before_anything_starts() -> None:
    """A port in use is known at once."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="one family at a time here")
def test_every_address_of_both_families() -> None:
    """`HOST=::` is what a container with IPv6 is given; IPv4 is not left out."""
    with listen("::", 0) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), 5).close()
    port = free_port()
    with listen("::1", port), pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)


def test_a_connections_answer_waits_for_no_acknowledgement() -> None:
    """TCP_NODELAY whatever the event loop: 40 ms per answer otherwise, where there is no uvloop."""
    with listen("127.0.0.1", 0) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_run_gives_its_main_a_loop() -> None:
    """A fast one where it is installed."""
    loops: list[str] = []

    async def main() -> None:
        loops.append(type(asyncio.get_running_loop()).__module__)

    run(main())
    assert loops[0] in {"uvloop", "asyncio.unix_events"}


class Town:
    """A gateway whose settings stand in a file of the folder, and its reloader."""

    def __init__(self, folder: Path, gateway: Gateway, loaded: Loaded[Settings]) -> None:
        self.folder = folder
        self.gateway = gateway
        self.server: GatewayServer = create_server(
            gateway.app, loaded.settings.server, gateway.app.render_refusal
        )
        source = SettingsInUse(SCHEMA, loaded, lambda: read(folder))
        self.reload = Reloader(gateway, self.server, source)
        self.log_level = logging.NOTSET

    async def reload_from(self, text: str) -> list[Mapping[str, object]]:
        """Write the file and reload; what was logged, the credentials' lines left out."""
        (self.folder / TOML).write_text(text)
        with capture_logs() as logs:
            await self.reload()
            self.log_level = logging.getLogger().level
        return [log for log in logs if "credentials" not in str(log["event"])]


def read(folder: Path) -> Loaded[Settings]:
    """The settings of the folder."""
    return load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, folder)


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """The gateway runs while the context lasts."""
    (folder / ".token").write_text("a-token\n")
    loaded = read(folder)
    async with build_gateway(loaded.settings, file_stores(loaded.settings), Redactor()) as gateway:
        yield Town(folder, gateway, loaded)


async def test_changed_settings_are_taken_up_and_named(tmp_path: Path) -> None:
    """Those that wait for a restart are named apart; the same once more is no change."""
    text = """
[listener]
port = 4000
header_timeout_s = 3
shutdown_grace_s = 2

[logs]
level = "debug"
"""
    async with town(tmp_path) as it:
        waiting, taken = await it.reload_from(text)
        assert waiting["names"] == ["PORT"]
        assert taken["changed"] == [
            "GATEWAY_HEADER_TIMEOUT_S",
            "GATEWAY_SHUTDOWN_GRACE_S",
            "GATEWAY_LOG_LEVEL",
        ]
        assert it.server.limits.header_timeout_s == 3
        assert it.log_level == logging.DEBUG
        [again] = await it.reload_from(text)
        assert again["changed"] == []
        [act] = (await it.gateway.audit.page(ActQuery(9))).acts
        assert act.act[1:] == (SIGNAL, "settings_reloaded", ", ".join(taken["changed"]))


async def test_a_name_that_is_an_api_keys_is_refused_at_a_reload_and_at_a_start(
    tmp_path: Path,
) -> None:
    """Records could not tell the two callers apart; the old settings serve on."""
    async with open_keys(read(tmp_path).settings, ListObserver()) as house:
        await house.keys.create(KeyTerms("Anna"))
    async with town(tmp_path) as it:
        named = '[access]\nclient_tokens = ["Anna::a-long-random-text"]\n'
        [refused] = await it.reload_from(named)
        assert "the name anna is the id of an API key" in str(refused["problems"])
    with pytest.raises(StoreError, match="is the id of an API key"):
        async with town(tmp_path):
            pass


async def test_whoever_asks_for_it_is_told_what_came_of_it(tmp_path: Path) -> None:
    """What is used, what waits, how many credentials; or why the old ones serve on."""
    async with town(tmp_path) as it:
        (tmp_path / TOML).write_text("[listener]\nport = 4000\nheader_timeout_s = 3\n")
        with capture_logs() as logs:
            done = await it.reload.reload()
        assert (done.changed, done.waiting) == (("GATEWAY_HEADER_TIMEOUT_S",), ("PORT",))
        assert (done.credential_count, done.problems) == (1, ())
        assert {str(log["event"]).partition(":")[0] for log in logs} == {"reload"}
        (tmp_path / TOML).write_text('[listener]\nport = "x"\n')
        (tmp_path / ".token").write_text("a b\n")
        done = await it.reload.reload()
        ((problem,), count) = done.problems, done.credential_count
        assert (problem.name, problem.where, count) == ("PORT", "cursor-api.toml:2", None)
        assert done.credential_problem is not None
        assert ".token:1" in done.credential_problem


async def test_a_block_that_comes_changes_or_goes_is_named(tmp_path: Path) -> None:
    """Whole where it came or went; by its keys that differ where it was there before."""
    text = '[[upstream]]\nname = "more"\nkind = "cursor"\napi_key = "k"\n'
    async with town(tmp_path) as it:
        [come] = await it.reload_from(text)
        assert (come["changed"], come["added"], come["removed"]) == ([], ["upstream.more"], [])
        [changed] = await it.reload_from(text.replace('"k"', '"l"'))
        assert changed["changed"] == ["upstream.more.api_key", "upstream.more.api_keys"]
        [same] = await it.reload_from(text.replace('"k"', '"l"'))
        assert same["changed"] == []
        [gone] = await it.reload_from("")
        assert (gone["changed"], gone["added"], gone["removed"]) == ([], [], ["upstream.more"])
        await it.reload_from(f'{text}models = ["x"]\n[[model]]\nname = "m"\nroutes = ["more/x"]\n')
        act = (await it.gateway.audit.page(ActQuery(9))).acts[0].act
        assert act.subject == "+upstream.more, +model.m"


async def test_the_order_of_blocks_is_a_setting_too(tmp_path: Path) -> None:
    """The first of two upstreams serves a model of both; which one that is is named."""
    head = '[[upstream]]\nkind = "cursor"\napi_key = "k"\nmodels = ["m"]\n'
    one, two = (f'{head}name = "{name}"\n' for name in ("one", "two"))
    first, second = (f'[[model]]\nname = "{name}"\nroutes = ["one/m"]\n' for name in "ab")
    async with town(tmp_path) as it:
        await it.reload_from(one + two + first + second)
        assert list(it.gateway.endpoints) == ["cursor", "cursor-sdk", "one", "two"]
        [upstreams] = await it.reload_from(two + one + first + second)
        assert upstreams["changed"] == ["the order of [[upstream]]"]
        assert list(it.gateway.endpoints) == ["cursor", "cursor-sdk", "two", "one"]
        [models] = await it.reload_from(two + one + second + first)
        assert models["changed"] == ["the order of [[model]]"]
        [gone] = await it.reload_from(one + first)
        assert not any("order" in name for name in gone["changed"])  # type: ignore[attr-defined]  # names


async def test_settings_with_a_problem_are_refused_whole(tmp_path: Path) -> None:
    """Each problem with its line; the credentials are read all the same."""
    async with town(tmp_path) as it:
        before = it.server.limits
        (tmp_path / ".token").write_text("a-token\nanother-token\n")
        text = "[listener]\nheader_timeout_s = 3\nkeep_alive_s = 0\n\n[logs]\nlevel = 'loud'\n"
        [refused] = await it.reload_from(text)
        assert "the old ones serve on" in str(refused["event"])
        told = str(refused["problems"])
        assert f"{TOML}:3" in told
        assert f"{TOML}:6" in told
        assert it.server.limits is before
        assert it.server.limits.header_timeout_s == 15
        assert it.gateway.roster.credential_count == 2
        [taken] = await it.reload_from("[listener]\nheader_timeout_s = 3\n")
        assert taken["changed"] == ["GATEWAY_HEADER_TIMEOUT_S"]


async def test_a_certificate_file_that_cannot_be_used_is_a_problem_too(tmp_path: Path) -> None:
    """It may have changed between the look at it and its use."""
    (tmp_path / "ca.pem").write_text("no certificate")
    async with town(tmp_path) as it:
        [refused] = await it.reload_from('[cursor]\nca_file = "ca.pem"\n')
    assert "ca_file of an upstream cannot be used" in str(refused["problems"])


async def test_a_token_file_with_a_problem_keeps_no_setting_waiting(tmp_path: Path) -> None:
    """The two are refused each on their own."""
    async with town(tmp_path) as it:
        (tmp_path / ".token").write_text("a::one\nb::t w o\n")
        [taken] = await it.reload_from("[listener]\nheader_timeout_s = 3\n")
        assert taken["changed"] == ["GATEWAY_HEADER_TIMEOUT_S"]
        assert it.gateway.roster.trouble is not None


def test_what_needs_a_restart_says_so() -> None:
    """The sockets, the files, the queue, the request log and the form of a line."""
    assert {row.variable for row in SCHEMA.rows if row.needs_restart} == {
        *("HOST", "PORT", "WORKERS", "TOKENS", "TOKEN_FILE", "TOKEN_LIST_FILE", "POOL_STATE_FILE"),
        *("GATEWAY_QUEUE_MAX", "GATEWAY_QUEUE_WAIT_S", "GATEWAY_LOG_FORMAT"),
        *(
            "DATABASE_URL",
            "REDIS_URL",
            "LIMITS_WHEN_DOWN",
            "RECORDS_KEEP_DAYS",
            "RECORDS_KEEP_BYTES",
            "RECORD_CONTENT_KEEP_DAYS",
        ),
        *("CREDENTIALS_KEY", "CREDENTIALS_KEY_FILE"),
        *("METRICS_LISTEN", "REQUEST_LOG_FILE", "GATEWAY_LOG_ENTRIES_MAX", "GATEWAY_LOG_KEPT_MAX"),
    }


TLS_FILES = Path(__file__).parents[1] / "vectors" / "tls"


def with_tls(cert: Path) -> str:
    """The settings that name a certificate, its key in the same file."""
    return f'[listener]\ntls_cert_file = "{cert}"\n'


async def test_a_renewed_certificate_is_taken_up_and_a_wrong_one_refused(tmp_path: Path) -> None:
    """Under the same name or another; what is amiss with one that serves is said."""
    cert = tmp_path / "cert.pem"
    cert.write_bytes((TLS_FILES / "good.pem").read_bytes())
    cert.chmod(0o600)
    (tmp_path / TOML).write_text(with_tls(cert))
    async with town(tmp_path) as it:
        assert it.server.tls is not None
        first = it.server.tls.certificate
        cert.write_bytes((TLS_FILES / "other_host.pem").read_bytes())
        renewed, _ = await it.reload_from(with_tls(cert))
        assert renewed["ends_at"] == "2120-01-01T00:00:00+00:00"
        second = it.server.tls.certificate
        assert second is not first
        cert.write_text("nonsense")
        [refused] = await it.reload_from(with_tls(cert))
        assert f"{cert} holds no certificate" in str(refused["problems"])
        assert it.server.tls.certificate is second
        logs = await it.reload_from(with_tls(TLS_FILES / "expired.pem"))
        assert any("expired on 2021-01-01" in str(log["event"]) for log in logs)


async def test_switching_tls_waits_for_a_restart(tmp_path: Path) -> None:
    """Whichever way; the listener goes on as it is."""
    cert = tmp_path / "cert.pem"
    cert.write_bytes((TLS_FILES / "good.pem").read_bytes())
    cert.chmod(0o600)
    async with town(tmp_path) as it:
        waiting, _ = await it.reload_from(with_tls(cert))
        assert waiting["names"] == ["TLS_CERT_FILE"]
        assert it.server.tls is None
    async with town(tmp_path) as it:
        assert it.server.tls is not None
        waiting, _ = await it.reload_from("")
        assert waiting["names"] == ["TLS_CERT_FILE"]
        assert it.server.tls is not None


async def test_metrics_have_a_listener_of_their_own_where_one_is_named(tmp_path: Path) -> None:
    """It ends with the gateway, and hears no signal itself."""
    async with town(tmp_path) as it:
        port = free_port()
        with listen("127.0.0.1", port) as listener:
            before = signal.getsignal(signal.SIGTERM)
            async with serving_metrics(it.gateway, listener):
                answer = await ask(port, "GET", "/metrics")
                assert signal.getsignal(signal.SIGTERM) is before
            assert b"cursor_api_build_info" in answer.body
            with pytest.raises(ConnectionError):
                await ask(port, "GET", "/metrics")
