"""All addresses: who may, in what shape, and what the others get."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.installed import DIALECTS
from cursor_api.web.parts import WebOptions
from tests.fakes import Step
from tests.house import BEARER, KEY, House
from tests.log_lines import capture_logs
from tests.serving import ask, serve
from tests.unit.web.second_dialect import SecondDialect

CHAT_BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1", "/v1/chat", "/v2/models", "/v1/audio/speech", "//logs", "/logs/"]
)
async def test_a_wrong_address_is_an_openai_404(path: str) -> None:
    """Not the framework's own error page; it names the path that came."""
    async with serve(House().app) as port:
        answer = await ask(port, "GET", f"{path}?query")
    assert answer.status == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert f"{path} " in answer.json()["error"]["message"].replace(". ", " ")
    assert "query" not in answer.json()["error"]["message"]
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize("prefix", ["", "/hf"])
@pytest.mark.parametrize("before", ["/v1", "//v1", "/v1/", "/v1/v1", ""])
@pytest.mark.parametrize("behind", ["", "/"])
async def test_an_inference_address_is_served_in_every_spelling_that_is_certain(
    prefix: str, before: str, behind: str
) -> None:
    """And asks for its key in each of them, before anything else."""
    house = House(options=WebOptions(version="1", route_prefix=prefix))
    async with serve(house.app) as port:
        chat = f"{prefix}{before}/chat/completions{behind}"
        answer = await ask(port, "POST", chat, headers=BEARER, body=CHAT_BODY)
        assert answer.json()["choices"][0]["message"]["content"] == "Hello"
        for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
            assert (await ask(port, method, chat)).status == 401, method
        for models in ("/models", "/models/gpt-4o"):
            answer = await ask(port, "GET", prefix + before + models + behind)
            assert answer.status == 200, models


async def test_a_spelling_without_the_prefix_is_none() -> None:
    """It may be there so that nobody guesses it."""
    house = House(options=WebOptions(version="1", route_prefix="/hf"))
    async with serve(house.app) as port:
        for path in ("/chat/completions", "//v1/chat/completions", "/v1/v1/models", "/models"):
            answer = await ask(port, "GET", path, headers=BEARER)
            assert answer.status == 404, path
            assert "/hf" not in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [("POST", "/v1/models", {}), ("DELETE", "/", {}), ("GET", "/v1/chat/completions", BEARER)],
)
async def test_a_wrong_method_is_an_openai_405(
    method: str, path: str, headers: dict[str, str]
) -> None:
    """It says which method is right."""
    async with serve(House().app) as port:
        answer = await ask(port, method, path, headers=headers)
    assert answer.status == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.headers["allow"]


async def test_the_chat_route_asks_for_the_key_before_the_method() -> None:
    """Authentication comes before anything else is looked at."""
    async with serve(House().app) as port:
        for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE"):
            answer = await ask(port, method, "/v1/chat/completions")
            assert answer.status == 401, method


async def test_a_route_prefix_moves_v1_and_doubles_the_rest() -> None:
    """As the earlier program does for /v1; the bare addresses of the pages still answer."""
    house = House(options=WebOptions(version="1", route_prefix="/hf"))
    async with serve(house.app) as port:
        assert (await ask(port, "GET", "/hf/v1/models")).status == 200
        assert (await ask(port, "GET", "/v1/models")).status == 404
        path = "/hf/v1/chat/completions"
        assert (await ask(port, "POST", path, headers=BEARER, body=CHAT_BODY)).status == 200
        answer = await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=CHAT_BODY)
        assert answer.status == 404
        for page in ("/", "/hf/", "/checksum", "/hf/checksum"):
            assert (await ask(port, "GET", page)).status == 200, page


async def test_cors_is_closed_unless_origins_are_named() -> None:
    """A web page elsewhere cannot use the gateway by default."""
    origin = {"Origin": "https://chat.example"}
    preflight = origin | {"Access-Control-Request-Method": "POST"}
    async with serve(House().app) as port:
        answer = await ask(port, "GET", "/v1/models", headers=origin)
        assert "access-control-allow-origin" not in answer.headers
    house = House(options=WebOptions(version="1", cors_origins=("https://chat.example",)))
    async with serve(house.app) as port:
        answer = await ask(port, "OPTIONS", "/v1/chat/completions", headers=preflight)
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"
        answer = await ask(
            port, "POST", "/v1/chat/completions", headers=origin | BEARER, body=CHAT_BODY
        )
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"
        answer = await ask(port, "GET", "/v1/models", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origins", [(), ("https://chat.example",)])
async def test_a_refused_preflight_is_told_in_the_log(origins: tuple[str, ...]) -> None:
    """Whether origins are named or not, at whatever address; one that is allowed is not told."""
    house = House(options=WebOptions(version="1", cors_origins=origins))
    ask_for_post = {"Access-Control-Request-Method": "POST"}
    async with serve(house.app) as port:
        with capture_logs() as lines:
            for origin in (*origins, "https://evil.example"):
                headers = ask_for_post | {"Origin": origin}
                await ask(port, "OPTIONS", "/v1/chat/completions", headers=headers)
                await ask(port, "OPTIONS", "//v1/models", headers=headers)
    told = [(line["origin"], line["refused_count"]) for line in lines if "origin" in line]
    assert told == [("https://evil.example", 1)]


async def test_no_error_body_shows_the_key() -> None:
    """Neither the right one nor the wrong one."""
    async with serve(House().app) as port:
        wrong = {"Authorization": f"Bearer wrong-{KEY}"}
        answers = [
            await ask(port, "POST", "/v1/chat/completions", headers=wrong),
            await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=b"{"),
            await ask(port, "GET", f"/v1/models/{KEY[:3]}", headers=BEARER),
        ]
    assert all(KEY.encode() not in answer.body for answer in answers)


TWO = (*DIALECTS, SecondDialect())


@pytest.mark.parametrize("prefix", ["", "/hf"])
async def test_each_dialect_has_its_addresses_and_its_errors(prefix: str) -> None:
    """Whatever goes wrong there, and below; the first one's are what all other addresses answer."""
    house = House(dialects=TWO, options=WebOptions(version="1", route_prefix=prefix))
    second = [prefix + path for path in ("/v1/second", "/second")]
    async with serve(house.app) as port:
        for path in (prefix + "/v1/chat/completions", *second):
            answer = await ask(port, "POST", path, headers=BEARER, body=CHAT_BODY)
            assert answer.json()["choices"][0]["message"]["content"] == "Hello"
        for method, path, kind in (
            ("POST", second[0], "unauthenticated"),
            ("GET", f"{second[0]}/x", "not_found"),
            ("GET", f"{second[1]}/", "unauthenticated"),
            ("GET", f"{second[1]}/x", "not_found"),
        ):
            answer = await ask(port, method, path, body=CHAT_BODY)
            assert (answer.status, answer.json()["failed"]) == (418, kind), path
            assert len(answer.headers["x-request-id"]) == 32
        answer = await ask(port, "GET", second[0], headers=BEARER)
        assert (answer.json()["failed"], answer.headers["allow"]) == ("method_not_allowed", "POST")
        for path in ("/nowhere", f"{prefix}/v1/seconds"):
            assert (await ask(port, "GET", path)).json()["error"]["code"] == "not_found"
        house.lifecycle.drain()
        answer = await ask(port, "POST", second[0], headers=BEARER, body=CHAT_BODY)
        assert (answer.status, answer.headers["connection"]) == (418, "close")
        assert (await ask(port, "GET", "/nowhere")).json()["error"]["code"] == "overloaded"


async def test_a_crash_answers_in_its_addresss_dialect() -> None:
    """With the id under which the log says more."""
    house = House(dialects=TWO)

    async def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    house.app._rest.routes.append(Route("/second/broken", fail))
    async with serve(house.app) as port:
        answer = await ask(port, "GET", "/second/broken")
    assert answer.json()["failed"] == "internal"
    assert len(answer.headers["x-request-id"]) == 32


async def test_in_pass_through_a_refused_credential_is_the_callers_own() -> None:
    """Which is the dialect's to say."""
    script: dict[str, list[Step]] = {"caller": [Fault(FaultKind.CREDENTIAL_REJECTED, "Expired.")]}
    house = House(script, dialects=TWO, is_passthrough=True)
    own = {"Authorization": "Bearer somebody-s-own"}
    async with serve(house.app) as port:
        answer = await ask(port, "POST", "/second", headers=own, body=CHAT_BODY)
    assert answer.json() == {"failed": "credential_rejected", "own": 1}


def test_what_never_becomes_a_request_is_refused_in_the_first_dialect() -> None:
    """It has no address."""
    fault = Fault(FaultKind.HEAD_TOO_LARGE, "Too large.")
    assert House(dialects=TWO).app.render_refusal(fault) == DIALECTS[0].fault(fault)
    assert House(dialects=TWO[::-1]).app.render_refusal(fault).status == 418


async def test_pages_may_use_every_dialect_in_every_spelling() -> None:
    """And none of them may use what only begins alike."""
    origin = "https://chat.example"
    house = House(dialects=TWO, options=WebOptions(version="1", cors_origins=(origin,)))
    async with serve(house.app) as port:
        for path, is_open in (
            ("/v1/second", True),
            ("/second", True),
            ("/v1/embeddings", True),
            ("/chat/completions", True),
            ("/models", True),
            ("//v1//second/", True),
            ("/second/x", False),
            ("/nowhere", False),
            ("/v1", False),
        ):
            answer = await ask(port, "POST", path, headers={"Origin": origin}, body=CHAT_BODY)
            assert ("access-control-allow-origin" in answer.headers) is is_open, path
