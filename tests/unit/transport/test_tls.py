"""TLS to upstreams: what is trusted, and whose certificate may be taken as seen."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from cursor_api.transport import tls
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.tls import RESUMED_S, SESSIONS_MAX, UpstreamTls, make_tls
from tests.http_stage import AUTHORITY, fault_of, fetch, server_tls
from tests.scripted_server import ScriptedServer, Turn

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


async def say_once(turn: Turn) -> None:
    """An answer that is its connection's last; says whether its session was resumed."""
    connection = turn.writer.get_extra_info("ssl_object")
    await turn.answer(b"resumed" if connection.session_reused else b"whole", connection="close")
    turn.close()


def client() -> HttpClient:
    """One that trusts the tests' authority."""
    return HttpClient(HttpOptions(ca_file=AUTHORITY, connect_timeout_s=5))


def test_an_authority_file_that_holds_none_stops_the_start(tmp_path: Path) -> None:
    """Not the first request."""
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    with pytest.raises(OSError, match=r"NO_CERTIFICATE|no certificate"):
        make_tls(file)


def test_no_less_is_verified_than_by_pythons_own_settings() -> None:
    """Names, dates, whole chains: on each version of Python what it does itself."""
    ours, pythons = make_tls(), ssl.create_default_context()
    for setting in ("verify_mode", "check_hostname", "verify_flags", "options", "minimum_version"):
        assert getattr(ours, setting) == getattr(pythons, setting), setting
    assert ours.cert_store_stats() == pythons.cert_store_stats()


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_next_connection_to_a_name_resumes_the_session(version: ssl.TLSVersion) -> None:
    """One that was resumed is resumed again."""
    async with ScriptedServer(say_once, server_tls("good", version)) as server, client() as http:
        assert [await fetch(http, server.url) for _ in range(3)] == [b"whole", *[b"resumed"] * 2]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_session_is_not_resumed_for_ever(
    version: ssl.TLSVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time runs from the certificate: to resume it does not begin it anew."""
    now = 1000.0
    monkeypatch.setattr(tls, "monotonic", lambda: now)
    async with ScriptedServer(say_once, server_tls("good", version)) as server, client() as http:
        assert await fetch(http, server.url) == b"whole"
        now += RESUMED_S - 1
        assert await fetch(http, server.url) == b"resumed"
        now += 1
        assert await fetch(http, server.url) == b"whole"
        assert await fetch(http, server.url) == b"resumed"


async def test_another_name_of_the_same_server_has_a_certificate_of_its_own() -> None:
    """What was seen of one name says nothing of another."""
    async with ScriptedServer(say_once, server_tls("good")) as server, client() as http:
        assert await fetch(http, server.url) == b"whole"
        assert await fetch(http, f"https://localhost:{server.port}") == b"whole"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_server_that_knows_of_no_session_shows_its_certificate(
    version: ssl.TLSVersion,
) -> None:
    """It was restarted, or another listens in its place: the new certificate counts."""
    async with ScriptedServer(say_once, server_tls("good", version)) as server, client() as http:
        assert await fetch(http, server.url) == b"whole"
        async with ScriptedServer(say_once, server_tls("good", version)) as restarted:
            assert await fetch(http, restarted.url) == b"whole"
            assert await fetch(http, restarted.url) == b"resumed"
        async with ScriptedServer(say_once, server_tls("expired", version)) as other:
            fault = await fault_of(fetch(http, other.url))
            assert other.requests == []
    assert "has expired" in fault.message


async def test_a_server_without_tickets_is_asked_all_the_same() -> None:
    """Some give none."""
    without = server_tls("good")
    without.num_tickets = 0
    async with ScriptedServer(say_once, without) as server, client() as http:
        assert [await fetch(http, server.url) for _ in range(2)] == [b"whole"] * 2


def shake_hands(name: str, ours: UpstreamTls, servers: ssl.SSLContext) -> ssl.SSLObject:
    """A connection of ours under this name, without a network."""
    to_us, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = ours.wrap_bio(to_us, to_server, server_hostname=name)
    server = servers.wrap_bio(to_server, to_us, server_side=True)
    for side in (connection, server, connection, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    with pytest.raises(ssl.SSLWantReadError):
        connection.read()  # the tickets come behind the handshake
    return connection


def test_the_oldest_session_goes_when_there_are_many() -> None:
    """Whoever names hosts of images does not fill the memory."""
    ours, servers = make_tls(AUTHORITY), server_tls("good")
    ours.check_hostname = False
    names = [f"{number}.test" for number in range(SESSIONS_MAX + 1)]
    for name in names:
        ours.keep_session(shake_hands(name, ours, servers))
    assert not shake_hands(names[0], ours, servers).session_reused
    assert shake_hands(names[1], ours, servers).session_reused
    assert shake_hands(names[-1], ours, servers).session_reused
