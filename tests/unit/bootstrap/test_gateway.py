"""Putting the parts together."""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cursor_api.bootstrap import (
    build_gateway,
    file_stores,
    make_checksum,
    memory_stores,
)
from cursor_api.bootstrap.gateway import WATCH_ENDED
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import BindingNotStoredError, StoreError
from cursor_api.domain.record import Status
from cursor_api.installed import SCHEMA, Settings
from cursor_api.service.credentials.roster import Roster
from cursor_api.settings import load_settings
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.redaction import Redactor
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from cursor_api.wire.checksum import parse_checksum
from tests.fakes import ListLog, TickingClock
from tests.log_lines import capture_logs
from tests.serving import ask, serve

KEY = "bootstrap-key-0123456789"
BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'


def settings(folder: Path, **variables: str) -> Settings:
    """Settings of a folder with a few variables set."""
    return load_settings(SCHEMA, {"AUTH_TOKEN": KEY, **variables}, folder).settings


async def test_a_gateway_answers_through_the_wire(tmp_path: Path) -> None:
    """Token file, pool, StreamChat, dialect, server: all of it, on real sockets."""
    (tmp_path / ".token").write_text("work::token-of-work\n")
    async with CursorSimulator() as simulator:
        chosen = settings(tmp_path, CURSOR_BASE_URL=simulator.url)
        async with build_gateway(chosen, file_stores(chosen), Redactor()) as gateway:
            assert gateway.credential_count == 1
            async with serve(gateway.app) as port:
                headers = {"Authorization": f"Bearer {KEY}"}
                answer = await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
        assert answer.status == 200
        assert answer.json()["choices"][0]["message"]["content"]
        assert simulator.requests[0].credential == "token-of-work"
    listed = (tmp_path / ".token-list").read_text().strip().split(",")
    assert listed[0].endswith("token-of-work")
    parse_checksum(listed[1])
    assert "gpt-4o-mini" not in (tmp_path / ".token-state").read_text()
    assert "token-of-work" not in (tmp_path / ".token-state").read_text()


async def test_an_api_key_in_the_token_file_is_not_shown_to_the_private_wire(
    tmp_path: Path,
) -> None:
    """It has no row in the token list, and goes the official way, where nothing answers here."""
    key = "crsr_0123456789abcdef"
    (tmp_path / ".token").write_text(f"official::{key}\nwork::token-of-work\n")
    (tmp_path / ".token").chmod(0o600)
    async with CursorSimulator() as simulator:
        official = {"CURSOR_SDK_BRIDGE_URL": "http://127.0.0.1:9", "CURSOR_SDK_BRIDGE_TOKEN": "t"}
        chosen = settings(tmp_path, CURSOR_BASE_URL=simulator.url, **official)
        with capture_logs() as logs:
            async with (
                build_gateway(chosen, file_stores(chosen), Redactor()) as gateway,
                serve(gateway.app) as port,
            ):
                headers = {"Authorization": f"Bearer {KEY}"}
                for _ in range(3):
                    answer = await ask(
                        port, "POST", "/v1/chat/completions", headers=headers, body=BODY
                    )
                    assert answer.status == 200
        assert {one.credential for one in simulator.requests} == {"token-of-work"}
    assert key not in (tmp_path / ".token-list").read_text()
    assert [(log["event"], log["upstream"]) for log in logs if log["level"] == "warning"] == [
        ("the list of models cannot be fetched; none is known yet", "cursor-sdk")
    ]


async def test_credentials_of_the_settings_serve_and_are_the_same_device_after_a_restart(
    tmp_path: Path,
) -> None:
    """`TOKENS` needs no file that lasts; its owner changes it there, not through the files."""
    (tmp_path / ".token").write_text("mine::token-of-mine\n")
    devices = set()
    async with CursorSimulator() as simulator:
        for _ in range(2):
            chosen = settings(tmp_path, CURSOR_BASE_URL=simulator.url, TOKENS="work::token-of-work")
            async with (
                build_gateway(chosen, file_stores(chosen), Redactor()) as gateway,
                serve(gateway.app) as port,
            ):
                assert (gateway.credential_count, gateway.roster.credential_count) == (1, 2)
                headers = {"Authorization": f"Bearer {KEY}", "x-credential": "work"}
                answer = await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
                assert answer.status == 200
                refused = await ask(port, "DELETE", "/api/credentials/work", headers=headers)
                assert "or from TOKENS" in refused.json()["error"]["message"]
        for request in simulator.requests:
            assert request.credential == "token-of-work"
            devices.add(parse_checksum(request.headers["x-cursor-checksum"]).machine_id)
    assert len(devices) == 1
    assert "token-of-work" not in (tmp_path / ".token-list").read_text()


async def test_a_changed_token_file_serves_within_two_seconds(tmp_path: Path) -> None:
    """No restart, no request lost."""
    (tmp_path / ".token").write_text("one\n")
    async with CursorSimulator() as simulator:
        chosen = settings(tmp_path, CURSOR_BASE_URL=simulator.url)
        async with build_gateway(chosen, file_stores(chosen), Redactor()) as gateway:
            (tmp_path / ".token").write_text("one\ntwo\n")
            async with serve(gateway.app) as port, asyncio.timeout(4):
                headers = {"Authorization": f"Bearer {KEY}"}
                while {request.credential for request in simulator.requests} != {"one", "two"}:
                    await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
                    await asyncio.sleep(0.1)


async def test_other_settings_serve_from_the_next_request_on(tmp_path: Path) -> None:
    """Another upstream, other keys, another limit; what runs ends with what it began with."""
    (tmp_path / ".token").write_text("one\n")
    steady = SimulatorOptions(faults=Faults(tokens_per_s=40, answer_bytes=120))
    async with CursorSimulator(steady) as first, CursorSimulator() as second:
        old = settings(tmp_path, CURSOR_BASE_URL=first.url)
        async with (
            build_gateway(old, file_stores(old), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            path, other = "/v1/chat/completions", {"Authorization": "Bearer another-key-01234567"}
            headers = {"Authorization": f"Bearer {KEY}"}
            running = asyncio.create_task(ask(port, "POST", path, headers=headers, body=BODY))
            while not first.requests:
                await asyncio.sleep(0.01)
            new = {"AUTH_TOKEN": "another-key-01234567", "CURSOR_CONNECTIONS_MAX": "7"}
            await gateway.renew(settings(tmp_path, CURSOR_BASE_URL=second.url, **new))
            assert not running.done()
            assert (await ask(port, "POST", path, headers=other, body=BODY)).status == 200
            assert (await ask(port, "POST", path, headers=headers, body=BODY)).status == 401
            assert (await ask(port, "GET", "/")).json()["stats"]["totalRequests"] == 2
            answer = await running
            assert len(answer.json()["choices"][0]["message"]["content"]) == 120
            assert (len(first.requests), len(second.requests)) == (1, 1)
            assert (gateway.credential_count, gateway.endpoints["cursor"].pool.leased_count) == (
                1,
                0,
            )


async def test_a_reload_keeps_what_was_learnt(tmp_path: Path) -> None:
    """A changed log level forgets no wrong keys, closes no breaker and refills no budget."""
    (tmp_path / ".token").write_text("one\n")
    variables = {"GATEWAY_WRONG_KEYS_MAX": "2", "GATEWAY_BREAKER_FAILURES": "3"}
    down = SimulatorOptions(faults=Faults(http_error=1.0))
    async with CursorSimulator(down) as simulator:
        variables["CURSOR_BASE_URL"] = simulator.url
        old = settings(tmp_path, **variables)
        async with (
            build_gateway(old, file_stores(old), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            path, headers = "/v1/chat/completions", {"Authorization": f"Bearer {KEY}"}
            wrong = [{"Authorization": f"Bearer wrong-key-{number}"} for number in range(4)]
            chat = functools.partial(ask, port, "POST", path, body=BODY)
            assert (await chat(headers=headers)).status == 503
            with capture_logs() as lines:
                for one in wrong[:3]:
                    assert (await chat(headers=one)).status == 401
            assert [line["delay_s"] for line in lines if "delay_s" in line] == [0.1, 0.2]
            cursor = gateway.endpoints["cursor"]
            before = (repr(cursor.breakers), repr(cursor.budget), cursor.pool)
            await gateway.renew(settings(tmp_path, GATEWAY_LOG_LEVEL="debug", **variables))
            assert gateway.endpoints["cursor"] is cursor
            assert (repr(cursor.breakers), repr(cursor.budget), cursor.pool) == before
            assert (await ask(port, "GET", "/")).json()["upstreams"]["cursor"] == "open"
            assert (await chat(headers=headers)).status == 503
            # One that was judged needs no turn to be wrong; a new one lets the next wait longer.
            with capture_logs() as lines:
                for one in wrong[2:]:
                    assert (await chat(headers=one)).status == 401
            assert [line["delay_s"] for line in lines if "delay_s" in line] == [0.4]


async def test_settings_that_cannot_be_used_change_nothing(tmp_path: Path) -> None:
    """A certificate file that went bad after it was looked at."""
    old = settings(tmp_path)
    async with (
        build_gateway(old, memory_stores([]), Redactor()) as gateway,
        serve(gateway.app) as port,
    ):
        headers = {"Authorization": f"Bearer {KEY}"}
        assert (await ask(port, "GET", "/api/credentials", headers=headers)).status == 200
        lockout: Any = gateway.app._inference["/v1/chat/completions"]._authenticator._lockout
        [(key, places)] = lockout._known.items()
        bad = settings(tmp_path, CURSOR_CA_FILE=__file__, AUTH_TOKEN="another-key-01234567")
        with pytest.raises(OSError, match="no certificate"):
            await gateway.renew(bad)
        assert (await ask(port, "GET", "/api/credentials", headers=headers)).status == 200
        # A key that was in use goes on without a turn, however many wrong ones come.
        assert lockout._known == {key: places}
        assert places == {"127.0.0.1": None}


async def test_an_unreadable_token_file_stops_the_start(tmp_path: Path) -> None:
    """And stays as it is."""
    (tmp_path / ".token").write_bytes(b"\xff\xfe\x00")
    chosen = settings(tmp_path)
    with pytest.raises(StoreError, match=r"\.token"):
        async with build_gateway(chosen, file_stores(chosen), Redactor()):
            pass
    assert (tmp_path / ".token").read_bytes() == b"\xff\xfe\x00"


class ScriptedFiles(MemoryCredentialStore):
    """Files on a disk that takes no device for a new token."""

    async def load(self) -> Sequence[Credential]:
        """What it has a device for is known."""
        raise BindingNotStoredError("The disk is full.", await super().load())


async def test_a_full_disk_at_the_start_keeps_only_new_tokens_waiting(tmp_path: Path) -> None:
    """Those that have a device serve; where there are none, nothing is started."""
    chosen = settings(tmp_path)
    known = [Credential("a", Secret("a-token"), make_checksum())]
    stores = replace(memory_stores([]), credentials=ScriptedFiles(known, make_checksum))
    async with build_gateway(chosen, stores, Redactor()) as gateway:
        assert gateway.credential_count == gateway.roster.credential_count == 1
    stores = replace(memory_stores([]), credentials=ScriptedFiles([], make_checksum))
    with pytest.raises(BindingNotStoredError):
        async with build_gateway(chosen, stores, Redactor()):
            pass


async def test_no_secret_of_a_credential_reaches_the_log(tmp_path: Path) -> None:
    """The redactor learns them before anything is logged with them."""
    stream = io.StringIO()
    redactor = configure_logging("debug", "text", stream)
    stores = memory_stores([Credential("a", Secret("an-opaque-canary"), make_checksum())])
    chosen = settings(tmp_path, CLIENT_TOKENS="a-client-canary-0123")
    async with build_gateway(chosen, stores, redactor):
        for canary in ("an-opaque-canary", "a-client-canary-0123", KEY):
            assert redactor.redact_text(f"sent {canary}") == "sent [redacted]"


async def test_an_upstream_that_repeats_anothers_secret_is_masked(tmp_path: Path) -> None:
    """In the answer, and in the log that anybody on this machine may read: opaque ones too."""
    said = b'{"code":"internal","message":"not a-token-canary, b-token-canary, a-client-canary-1"}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 500 No\r\ncontent-type: application/json\r\nconnection: close\r\n"
        writer.write(head + b"content-length: %d\r\n\r\n" % len(said) + said)
        await writer.drain()
        writer.close()

    stores = memory_stores(
        [Credential(name, Secret(f"{name}-token-canary"), make_checksum()) for name in "ab"]
    )
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as upstream:
        url = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}"
        chosen = settings(tmp_path, CURSOR_BASE_URL=url, CLIENT_TOKENS="a-client-canary-1")
        async with (
            build_gateway(chosen, stores, Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            headers = {"Authorization": f"Bearer {KEY}"}
            chat = await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
            logs = await ask(port, "GET", "/logs", headers=headers)
    assert "Cursor failed: not" in chat.json()["error"]["message"]
    assert b"Cursor failed: not" in logs.body
    assert b"canary" not in chat.body + logs.body


async def test_the_chosen_policy_and_the_chosen_file_are_used(tmp_path: Path) -> None:
    """With fill_first the first credential serves all; the memory is where it shall be."""
    (tmp_path / ".token").write_text("one\ntwo\n")
    variables = {"POOL_POLICY": "fill_first", "POOL_STATE_FILE": "kept/state.json"}
    (tmp_path / "kept").mkdir()
    async with CursorSimulator() as simulator:
        chosen = settings(tmp_path, CURSOR_BASE_URL=simulator.url, **variables)
        async with (
            build_gateway(chosen, file_stores(chosen), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            headers = {"Authorization": f"Bearer {KEY}"}
            for _ in range(3):
                await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
        assert [request.credential for request in simulator.requests] == ["one"] * 3
    assert (tmp_path / "kept" / "state.json").exists()
    assert not (tmp_path / ".token-state").exists()


async def test_the_request_log_outlives_the_gateway(tmp_path: Path) -> None:
    """The next one begins with it, wherever its file is; without a file it forgets."""
    (tmp_path / ".token").write_text("one\n")
    headers = {"Authorization": f"Bearer {KEY}"}

    async def live(**variables: str) -> list[str]:
        chosen = settings(tmp_path, CURSOR_BASE_URL=simulator.url, **variables)
        async with (
            build_gateway(chosen, file_stores(chosen), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
            log = await ask(port, "GET", "/logs", headers=headers)
        return [entry["status"] for entry in log.json()["logs"]]

    async with CursorSimulator() as simulator:
        assert await live(REQUEST_LOG_FILE="kept.sqlite3") == ["success"]
        assert await live(REQUEST_LOG_FILE="kept.sqlite3") == ["success"] * 2
        assert await live(GATEWAY_LOG_KEPT_MAX="0") == ["success"]
        assert not (tmp_path / ".request-log.sqlite3").exists()
        assert await live() == ["success"]
        assert await live() == ["success"] * 2


async def test_a_chat_only_key_chats_under_its_name(tmp_path: Path) -> None:
    """And reads no details of the log."""
    client_key = "client-key-0123456789"
    (tmp_path / ".token").write_text("one\n")
    async with CursorSimulator() as simulator:
        chosen = settings(tmp_path, CURSOR_BASE_URL=simulator.url, CLIENT_TOKENS=client_key)
        async with (
            build_gateway(chosen, file_stores(chosen), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            headers = {"Authorization": f"Bearer {client_key}"}
            path = "/v1/chat/completions"
            assert (await ask(port, "POST", path, headers=headers, body=BODY)).status == 200
            log = await ask(port, "GET", "/logs", headers={"Authorization": f"Bearer {KEY}"})
    assert log.json()["logs"][0]["caller"] == "client-1"


async def test_a_gateway_takes_the_time_from_its_clock(tmp_path: Path) -> None:
    """What it records is of the time that it was told."""
    clock = TickingClock()
    chosen = settings(tmp_path)
    async with (
        build_gateway(chosen, memory_stores([]), Redactor(), clock) as gateway,
        serve(gateway.app) as port,
    ):
        headers = {"Authorization": f"Bearer {KEY}"}
        await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
        log = await ask(port, "GET", "/logs", headers=headers)
    assert log.json()["logs"][0]["timestamp"].startswith("1970-01-01T00:16:")


async def test_a_gateway_writes_to_the_log_it_was_given(tmp_path: Path) -> None:
    """A request ends there."""
    log = ListLog()
    chosen = settings(tmp_path)
    stores = replace(memory_stores([]), request_log=log)
    async with build_gateway(chosen, stores, Redactor()) as gateway, serve(gateway.app) as port:
        headers = {"Authorization": f"Bearer {KEY}"}
        await ask(port, "POST", "/v1/chat/completions", headers=headers, body=BODY)
    assert [record.status for record in log.records] == [Status.FAILED]


async def test_a_watch_that_ends_of_a_bug_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its traceback; nobody else would ever hear of it. The gateway serves on."""

    async def break_down(_self: Roster) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Roster, "watch", break_down)
    with capture_logs() as events:
        async with (
            build_gateway(settings(tmp_path), memory_stores([]), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            assert (await ask(port, "GET", "/livez")).status == 200
    assert [one["exception"] for one in events if one["event"] == WATCH_ENDED] == ["a bug"]
