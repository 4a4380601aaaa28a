"""Scripts in files; what they do is in the contract of the counters."""

from __future__ import annotations

import hashlib

from cursor_api.stores.redis.scripts import read_script
from tests.redis_server import RedisServer


def test_a_script_is_known_by_the_name_that_the_server_gives_it(server: RedisServer) -> None:
    """Each begins with the same."""
    script = read_script("find")
    assert script.text.startswith("-- What each script begins with.")
    assert hashlib.sha1(script.text.encode(), usedforsecurity=False).hexdigest() == script.sha
    server.ask("SCRIPT", "LOAD", script.text)
    assert server.ask("EVALSHA", script.sha, "3", "a", "b", "c").startswith(b"$")
