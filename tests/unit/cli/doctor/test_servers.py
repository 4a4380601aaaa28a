"""What `doctor` says of the servers that nodes share."""

from __future__ import annotations

from cursor_api.cli.doctor.servers import check_servers
from cursor_api.domain.diagnosis import Verdict
from tests.redis_server import redis_server
from tests.unit.bootstrap.test_servers import settings_of


async def test_a_server_is_named_with_its_version() -> None:
    """Or what is wrong with it, and where to look."""
    with redis_server() as server:
        [good] = await check_servers(settings_of(REDIS_URL=server.url))
        wrong = server.url.replace("://", "://:s3cret-thing@")
        [bad] = await check_servers(settings_of(REDIS_URL=wrong))
    assert good.verdict is Verdict.OK
    assert good.message.startswith("REDIS_URL: ")
    assert bad.verdict is Verdict.PROBLEM
    assert "password" in bad.message
    assert "REDIS_URL" in bad.advice
    assert "s3cret-thing" not in bad.message + bad.advice


async def test_a_server_that_may_throw_away_is_a_warning() -> None:
    """It serves all the same."""
    with redis_server("--maxmemory-policy", "volatile-ttl") as server:
        [check] = await check_servers(settings_of(REDIS_URL=server.url))
    assert check.verdict is Verdict.WARNING
    assert "volatile-ttl" in check.message
