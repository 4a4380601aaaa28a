"""OpenAI's SDKs, unmodified, where something goes wrong, or they leave.

Every test runs with the newest Python SDK, with 1.109, and with the newest Node SDK. The
simulator's ledger shows how its answers ended; a counting wire shows how often an SDK asked.
"""

from __future__ import annotations

import pytest

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.ledger import PlayOutcome
from tests.acceptance.background import tap
from tests.acceptance.sdk_clients import SdkClient
from tests.acceptance.sdk_house import KEY, SdkHouse, order_for

# The promise: a client that leaves frees the upstream within a second.
LEAVE_S_MAX = 1.0


def test_leaving_a_stream_frees_the_upstream(client: SdkClient, sdk_house: SdkHouse) -> None:
    """Who breaks out of a stream ends the upstream's work within a second."""
    told = sdk_house.ask(client, "/sim rate 50 + bytes 100000", stream=True, leave_after=5)
    assert told.error is None
    assert len(told.chunks) == 5
    sdk_house.upstream.wait_idle(LEAVE_S_MAX)
    assert sdk_house.upstream.last_exchange().outcome is PlayOutcome.CLIENT_LEFT


def test_leaving_a_whole_answer_frees_the_upstream(client: SdkClient, sdk_house: SdkHouse) -> None:
    """Who runs out of timeouts with an answer in one piece does so too."""
    told = sdk_house.ask(client, "/sim rate 50 + bytes 100000", timeout_s=0.6, max_retries=0)
    assert told.error is not None
    assert told.error["type"] in {"APITimeoutError", "APIConnectionTimeoutError"}
    sdk_house.upstream.wait_idle(LEAVE_S_MAX)
    assert sdk_house.upstream.last_exchange().outcome is PlayOutcome.CLIENT_LEFT


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_wrong_key_is_told_once(client: SdkClient, sdk_house: SdkHouse, is_stream: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """401 as the SDK's own exception, with our words, after one request."""
    with tap(sdk_house.program.port) as wire:
        told = client.ask(f"{wire.url}/v1", "not-the-key", order_for("Hi", stream=is_stream))
        assert wire.request_count == 1
    assert told.error is not None
    assert told.error["type"] == "AuthenticationError"
    assert (told.error["status"], told.error["code"]) == (401, "unauthorized")
    assert "AUTH_TOKEN" in told.error["message"]
    assert "not-the-key" not in str(told.error)


def test_an_unknown_model_is_told_once(client: SdkClient, sdk_house: SdkHouse) -> None:
    """404 with the nearest name, after one request, and nothing was asked upstream."""
    asked_count = len(sdk_house.upstream.requests())
    with tap(sdk_house.program.port) as wire:
        told = client.ask(f"{wire.url}/v1", KEY, order_for("Hi", model="gpt-4o-129k"))
        assert wire.request_count == 1
    assert told.error is not None
    assert told.error["type"] == "NotFoundError"
    assert (told.error["status"], told.error["code"]) == (404, "model_not_found")
    assert told.error["param"] == "model"
    assert "gpt-4o-128k" in told.error["message"]
    assert len(sdk_house.upstream.requests()) == asked_count


def test_bad_input_is_told_once(client: SdkClient, sdk_house: SdkHouse) -> None:
    """400 that names the field, after one request."""
    with tap(sdk_house.program.port) as wire:
        told = client.ask(f"{wire.url}/v1", KEY, order_for([{"role": "guest", "content": "Hi"}]))
        assert wire.request_count == 1
    assert told.error is not None
    assert told.error["type"] == "BadRequestError"
    assert (told.error["status"], told.error["param"]) == (400, "messages[0].role")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("cut", "upstream_incomplete"),
        ("short", "upstream_incomplete"),
        ("reset mid", "upstream_incomplete"),
        ("no-end", "upstream_incomplete"),
        ("reserved", "upstream_protocol_error"),
        ("bad-gzip", "upstream_protocol_error"),
        ("error 25 mid", "upstream_timeout"),
    ],
)
def test_a_cut_stream_raises(client: SdkClient, sdk_house: SdkHouse, fault: str, code: str) -> None:
    """What breaks in the middle is an exception with our words, and no answer looks complete."""
    told = sdk_house.ask(client, f"/sim {fault} + after 6 + bytes 400", stream=True)
    assert told.finish_reasons == []
    assert told.error is not None
    assert told.error["type"] == "APIError"
    assert told.error["code"] == code
    assert told.error["message"] not in {"", "Connection error."}
    assert 0 < len(told.text) <= 400
    assert "This sentence is here to be long; it says no more".startswith(told.text[:40])


@pytest.mark.parametrize("fault", ["cut", "no-end", "malformed"])
def test_a_cut_answer_in_one_piece_raises(
    client: SdkClient, sdk_house: SdkHouse, fault: str
) -> None:
    """Not streamed, the same is a 502 with our words."""
    told = sdk_house.ask(client, f"/sim {fault} + after 6", max_retries=0)
    assert told.answer is None
    assert told.error is not None
    assert (told.error["type"], told.error["status"]) == ("InternalServerError", 502)
    assert told.error["code"].startswith("upstream_")


def test_a_rate_limit_is_waited_for(client: SdkClient, sdk_house: SdkHouse) -> None:
    """429 with Retry-After: 1: the SDK asks again after that second, by itself, and succeeds."""
    token = f"token-{client.name}"
    limited = Faults(http_error=1, http_status=429, retry_after_s=1)
    sdk_house.upstream.script(token, limited, Faults())
    asked_count = len(sdk_house.upstream.requests(token))
    with tap(sdk_house.program.port) as wire:
        order = order_for("Hello", headers={"x-credential": client.name})
        told = client.ask(f"{wire.url}/v1", KEY, order)
        assert wire.request_count == 2
    assert told.error is None
    assert told.finish_reasons == ["stop"]
    assert told.seconds >= 1.0
    assert len(sdk_house.upstream.requests(token)) == asked_count + 2


def test_the_stream_helper_raises_too(client: SdkClient, sdk_house: SdkHouse) -> None:
    """`chat.completions.stream()` gives no answer made of half of one."""
    told = sdk_house.ask(client, "/sim cut + after 6", call="helper")
    assert told.answer is None
    assert told.error is not None
    assert told.error["message"] not in {"", "Connection error."}


def test_a_wrong_address_is_explained(client: SdkClient, sdk_house: SdkHouse) -> None:
    """Whose base URL has something else before its `/v1` is told the address, once."""
    with tap(sdk_house.program.port) as wire:
        told = client.ask(f"{wire.url}/api/v1", KEY, order_for("Hi"))
        assert wire.request_count == 1
    assert told.error is not None
    assert (told.error["type"], told.error["status"]) == ("NotFoundError", 404)
    assert "Did you mean /v1/chat/completions?" in told.error["message"]


@pytest.mark.parametrize("base", ["", "/", "//v1", "/v1/v1/"])
def test_a_base_url_that_is_nearly_right_works(
    client: SdkClient, sdk_house: SdkHouse, base: str
) -> None:
    """Without its `/v1`, with two of them, or with doubled slashes."""
    told = client.ask(f"{sdk_house.program.url}{base}", KEY, order_for("Hi"))
    assert told.error is None
