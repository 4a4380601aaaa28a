"""The management API over real files, a real wire and a simulated Cursor, as operators use it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cursor_api.bootstrap import build_gateway, file_stores
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.telemetry.logs import configure_logging
from tests.serving import Answer, ask, serve

KEY = "operators-canary-key-0123"
CHAT_KEY = "chat-canary-key-0123456"
REVOKED = Faults(http_error=1.0, http_status=401)
CHAT = {"model": "gpt-4o-128k", "messages": [{"role": "user", "content": "Hi"}]}


@dataclass(frozen=True, slots=True)
class Office:
    """A running gateway over the files of a folder; every call has the operator's key."""

    port: int
    simulator: CursorSimulator
    folder: Path
    log: io.StringIO

    async def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request."""
        data = b"" if body is None else json.dumps(body).encode()
        fields = {"Authorization": f"Bearer {KEY}"} | dict(headers or {})
        return await ask(self.port, method, path, headers=fields, body=data)

    async def chat(self, **headers: str) -> Answer:
        """One chat request."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.call("POST", "/v1/chat/completions", CHAT, named)

    async def credential(self, alias: str) -> Any:
        """How one stands."""
        return (await self.call("GET", f"/api/credentials/{quote(alias, safe='')}")).json()

    async def aliases(self) -> list[str]:
        """All of them, in order."""
        body = (await self.call("GET", "/api/credentials")).json()
        return [one["alias"] for one in body["credentials"]]

    def lines(self) -> list[str]:
        """The token file."""
        return (self.folder / ".token").read_text(encoding="utf-8").splitlines()


@asynccontextmanager
async def office(folder: Path, **variables: str) -> AsyncIterator[Office]:
    """A gateway as `serve` builds it, with the simulator behind it."""
    log = io.StringIO()
    redactor = configure_logging("debug", "json", log)
    async with CursorSimulator() as simulator:
        environ = {"AUTH_TOKEN": KEY, "CLIENT_TOKENS": CHAT_KEY, "CURSOR_BASE_URL": simulator.url}
        settings = load_settings(SCHEMA, environ | variables, folder).settings
        async with (
            build_gateway(settings, file_stores(settings), redactor) as gateway,
            serve(gateway.app) as port,
        ):
            try:
                yield Office(port, simulator, folder, log)
            except BaseException as error:
                error.add_note(f"The gateway said:\n{log.getvalue()}")
                raise


async def test_a_credential_from_paste_to_undo(tmp_path: Path) -> None:
    """Previewed, added, used, tested, renamed, renewed, removed, brought back: files and wire."""
    async with office(tmp_path) as it:
        assert (await it.chat()).status == 503
        pasted = "WorkosCursorSessionToken=user_01ABC%3A%3Afirst-token-0123456789; path=/"
        preview = (
            await it.call("POST", "/api/credentials", {"tokens": pasted, "dry_run": True})
        ).json()
        assert (preview["can_add"], preview["lines"][0]["alias"]) == (True, "user_01ABC")
        assert not (tmp_path / ".token").exists()

        assert (await it.call("POST", "/api/credentials", {"tokens": pasted})).status == 201
        assert it.lines() == ["user_01ABC::first-token-0123456789"]
        assert (await it.chat()).status == 200
        assert it.simulator.requests[-1].credential == "first-token-0123456789"
        device = (tmp_path / ".token-list").read_text().strip().partition(",")[2]

        change = {"alias": "my / wörk", "token": "second-token-0123456789", "weight": 3}
        renamed = await it.call("PATCH", "/api/credentials/user_01ABC", change)
        assert (renamed.status, renamed.json()["alias"], renamed.json()["weight"]) == (
            *(200, "my / wörk", 3),
        )
        path = f"/api/credentials/{quote('my / wörk', safe='')}"
        trial = (await it.call("POST", f"{path}/test")).json()
        assert trial["is_ok"], trial
        assert it.simulator.requests[-1].credential == "second-token-0123456789"
        assert device in (tmp_path / ".token-list").read_text()

        removed = (await it.call("DELETE", path)).json()
        assert it.lines() == []
        assert (await it.chat()).status == 503
        assert (await it.call("POST", "/api/credentials", removed["undo"])).status == 201
        assert (await it.credential("my / wörk"))["weight"] == 3
        assert device in (tmp_path / ".token-list").read_text()
        assert (await it.chat()).status == 200


async def test_wishes_and_standing_outlive_a_restart(tmp_path: Path) -> None:
    """Priority, limit, a switched-off credential, counts and a quarantine."""
    (tmp_path / ".token").write_text("a::token-a\nb::token-b\nc::token-c\n")
    async with office(tmp_path) as it:
        await it.call("PATCH", "/api/credentials/b", {"priority": 9, "concurrency_max": 2})
        await it.call("PATCH", "/api/credentials/c", {"enabled": False})
        assert (await it.chat()).status == 200
        it.simulator.script("token-a", REVOKED, Faults())
        trial = (await it.call("POST", "/api/credentials/a/test")).json()
        assert trial["credential"]["state"] == "quarantined"
    async with office(tmp_path) as it:
        body = (await it.call("GET", "/api/credentials?order=priority")).json()
        b, a, c = body["credentials"]
        assert (b["alias"], b["priority"], b["concurrency_max"]) == ("b", 9, 2)
        assert b["success_count"] == 1
        assert (a["state"], a["quarantine"]["reason"], c["state"]) == (
            *("quarantined", "revoked", "disabled"),
        )
        assert (await it.call("POST", "/api/credentials/a/test")).json()["is_ok"]
        assert (await it.credential("a"))["state"] == "healthy"


async def test_two_editors_lose_nothing(tmp_path: Path) -> None:
    """The page has the text; meanwhile a person saves the file in an editor."""
    (tmp_path / ".token").write_text("# mine\r\na::token-a\r\n", newline="")
    async with office(tmp_path) as it:
        read = await it.call("POST", "/get-tokeninfo")
        text = read.json()["tokens"]
        assert text == "# mine\r\na::token-a\r\n"
        (tmp_path / ".token").write_text("# theirs\r\na::token-a\r\n", newline="")
        match = {"If-Match": read.headers["etag"]}
        body = {"tokens": text + "b::token-b\r\n"}
        stale = await it.call("POST", "/update-tokeninfo", body, match)
        assert stale.status == 412
        assert (tmp_path / ".token").read_bytes() == b"# theirs\r\na::token-a\r\n"
        again = await it.call("POST", "/get-tokeninfo")
        body = {"tokens": again.json()["tokens"] + "b::token-b\r\n"}
        saved = await it.call(
            "POST", "/update-tokeninfo", body, {"If-Match": again.headers["etag"]}
        )
        assert (saved.status, saved.json()["token_count"]) == (200, 2)
        assert (tmp_path / ".token").read_bytes() == (b"# theirs\r\na::token-a\r\nb::token-b\r\n")


async def test_a_file_saved_by_hand_serves_after_one_reload(tmp_path: Path) -> None:
    """The earlier program's way: save, then GET /update-tokeninfo, which needs no key."""
    (tmp_path / ".token").write_text("a::token-a\n")
    async with office(tmp_path) as it:
        (tmp_path / ".token").write_text("a::token-a\nb::token-b\n")
        answer = await ask(it.port, "GET", "/update-tokeninfo")
        assert answer.json() == {
            "status": "success",
            "message": "Token list has been reloaded",
        }
        assert await it.aliases() == ["a", "b"]


async def test_a_broken_file_is_told_and_harms_nobody(tmp_path: Path) -> None:
    """The old credentials serve; the list says what is wrong; a change is refused with the line."""
    (tmp_path / ".token").write_text("a::token-a\n")
    async with office(tmp_path) as it:
        (tmp_path / ".token").write_text("a::token-a\ncanary-token with a space\n")
        for _ in range(2):
            answer = await ask(it.port, "GET", "/update-tokeninfo")
            assert answer.status == 409
            assert str(tmp_path).encode() not in answer.body
        trouble = (await it.call("GET", "/api/credentials")).json()["trouble"]
        assert [(one["file"], one["line"]) for one in trouble["problems"]] == [
            (str(tmp_path / ".token"), 2)
        ]
        for method, path, body in (
            ("POST", "/api/credentials", {"tokens": "b::token-b"}),
            ("POST", "/api/credentials", {"tokens": "b::token-b", "dry_run": True}),
            ("PATCH", "/api/credentials/a", {"alias": "z"}),
            ("DELETE", "/api/credentials/a", None),
        ):
            refused = await it.call(method, path, body)
            assert refused.status == 409, (method, refused)
            assert refused.json()["problems"] == trouble["problems"]
        # A wish needs no file.
        assert (await it.call("PATCH", "/api/credentials/a", {"weight": 2})).status == 200
        assert (await it.chat()).status == 200
        read = await it.call("POST", "/get-tokeninfo")
        mended = {"tokens": read.json()["tokens"].replace(" with a space", "")}
        saved = await it.call(
            "POST", "/update-tokeninfo", mended, {"If-Match": read.headers["etag"]}
        )
        assert (saved.status, saved.json()["token_count"]) == (200, 2)
        assert (await it.call("GET", "/api/credentials")).json()["trouble"] is None
        assert (await ask(it.port, "GET", "/update-tokeninfo")).status == 200


async def test_changes_at_once_are_all_made(tmp_path: Path) -> None:
    """Twenty at a time, while others chat: none is lost and no request fails."""
    (tmp_path / ".token").write_text("a::token-a\n")
    async with office(tmp_path) as it:
        added = [
            it.call("POST", "/api/credentials", {"tokens": f"n{number}::token-{number}"})
            for number in range(20)
        ]
        answers = await asyncio.gather(*added, *(it.chat() for _ in range(20)))
        assert [answer.status for answer in answers] == [201] * 20 + [200] * 20
        assert sorted(await it.aliases()) == sorted(["a", *(f"n{n}" for n in range(20))])
        removed = [it.call("DELETE", f"/api/credentials/n{number}") for number in range(20)]
        assert {answer.status for answer in await asyncio.gather(*removed)} == {200}
        assert it.lines() == ["a::token-a"]


async def test_a_pinned_request_finds_the_alias_that_was_given(tmp_path: Path) -> None:
    """The name in the list is the name in the header."""
    (tmp_path / ".token").write_text("a::token-a\nb::token-b\n")
    async with office(tmp_path) as it:
        await it.call("PATCH", "/api/credentials/b", {"alias": "work"})
        for _ in range(3):
            assert (await it.chat(x_credential="work")).status == 200
        assert {one.credential for one in it.simulator.requests} == {"token-b"}


async def test_a_full_set_of_files_is_taken_and_more_is_not(tmp_path: Path) -> None:
    """Both files may be as large as the store allows, in one request; beyond that it is a 413."""
    comment = "#" + "x" * 1000 + "\n"
    limit_bytes = 16 * 1024 * 1024
    full = comment * (limit_bytes // len(comment) - 1)
    async with office(tmp_path) as it:
        body = {"tokens": full + "a::token-a\n", "token_list": full}
        assert (await it.call("POST", "/update-tokeninfo", body)).status == 200
        assert (tmp_path / ".token").stat().st_size > limit_bytes - 3000
        for tokens in (full + comment * 3, "x" * (100 * 1024 * 1024)):
            answer = await it.call("POST", "/update-tokeninfo", {"tokens": tokens})
            assert (answer.status, answer.json()["error"]["code"]) == (413, "body_too_large")
        assert await it.aliases() == ["a"]
        assert (await it.call("POST", "/api/credentials", {"tokens": full})).status == 413


HOSTILE: tuple[tuple[str, str, object], ...] = (
    ("POST", "/api/credentials", {"tokens": "alias::canary-secret token"}),
    ("POST", "/api/credentials", {"tokens": "canary-secret-a"}),
    ("POST", "/api/credentials", {"tokens": "canary-secret\x00"}),
    ("POST", "/api/credentials", {"tokens": "x", "checksum": "canary-secret"}),
    ("POST", "/api/credentials", {"tokens": ["canary-secret"]}),
    ("PATCH", "/api/credentials/a", {"token": "canary-secret token"}),
    ("PATCH", "/api/credentials/a", {"token": "canary-secret-b"}),
    ("PATCH", "/api/credentials/a", {"token": {"x": "canary-secret"}}),
    ("POST", "/update-tokeninfo", {"tokens": "canary-secret token\ncanary-secret,x"}),
    ("POST", "/update-tokeninfo", {"tokens": "q\n", "token_list": "canary-secret,canary-secret"}),
    ("POST", "/api/credentials/canary-secret-a/test", None),
)


async def test_no_error_and_no_log_line_holds_a_secret(tmp_path: Path) -> None:
    """Planted canaries, through every refusal, at debug level."""
    (tmp_path / ".token").write_text("a::canary-secret-a\nb::canary-secret-b\n")
    async with office(tmp_path, GATEWAY_WRONG_KEYS_MAX="0") as it:
        for method, path, body in HOSTILE:
            answer = await it.call(method, path, body)
            assert 400 <= answer.status < 500, (method, path, answer)
            assert b"canary" not in answer.body.replace(b"canary-secret-a/test", b"")
            assert b"canary" not in str(answer.headers).encode()
            for key in (CHAT_KEY, f"wrong-{KEY}"):
                refused = await it.call(method, path, body, {"Authorization": f"Bearer {key}"})
                assert refused.status in {401, 403}
                assert b"canary" not in refused.body
        listed = await it.call("GET", "/api/credentials")
        assert b"canary-secret" not in listed.body
        for path in ("/api/credentials/a/test", "/api/credentials/b/test"):
            assert b"canary-secret" not in (await it.call("POST", path)).body
        assert "canary" not in it.log.getvalue()
