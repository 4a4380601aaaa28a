"""What servers say when they refuse, and whose fault it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.transport.faults import STATUS_KINDS, kind_of_status
from cursor_api.transport.refusals import LEADS, TOO_LONG
from cursor_api.upstreams.openai.faults import (
    CODES,
    STATUSES,
    TYPES,
    WORDS,
    ServerError,
    fault_of_answer,
    fault_of_error,
    read_error,
)
from tests.openai_stage import CONTEXT, KEY

JSON = {"content-type": "application/json"}
_TOO_LONG = FaultKind.CONTEXT_TOO_LONG


def answer(status: int, error: Any = None, **headers: str) -> Fault:
    """The fault of an answer in OpenAI's form."""
    body = b"" if error is None else json.dumps(error).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return fault_of_answer(status, {**JSON, **named}, body, CONTEXT)


def error_of(message: str = "no", **fields: Any) -> dict[str, Any]:
    """OpenAI's error object."""
    return {"error": {"message": message, **fields}}


def test_every_kind_a_table_can_give_has_words() -> None:
    """No fault is without a beginning that says whose it is."""
    tables = (CODES, WORDS, STATUSES, TYPES)
    kinds = {kind for table in tables for kind in table.values()}
    statuses = {answer(status).kind for status in range(201, 600)}
    with_words = {answer(status, error_of()).kind for status in range(201, 600)}
    assert kinds | statuses | with_words == set(LEADS)
    assert all("{name}" not in answer(status, error_of()).message for status in range(300, 600))


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        # OpenAI
        (
            401,
            error_of("Incorrect API key", type="invalid_request_error", code="invalid_api_key"),
            FaultKind.CREDENTIAL_REJECTED,
        ),
        (
            404,
            error_of("The model `x` does not exist", code="model_not_found"),
            FaultKind.MODEL_NOT_FOUND,
        ),
        (
            400,
            error_of("too long", type="invalid_request_error", code="context_length_exceeded"),
            FaultKind.CONTEXT_TOO_LONG,
        ),
        (
            400,
            error_of("rejected", code="content_policy_violation"),
            FaultKind.CONTENT_REFUSED,
        ),
        (429, error_of("Slow", type="tokens", code="rate_limit_exceeded"), FaultKind.RATE_LIMITED),
        (429, error_of("Pay", code="insufficient_quota"), FaultKind.QUOTA_EXHAUSTED),
        (429, error_of("Pay", type="insufficient_quota", code=None), FaultKind.QUOTA_EXHAUSTED),
        (
            403,
            error_of("no", code="unsupported_country_region_territory"),
            FaultKind.CREDENTIAL_FORBIDDEN,
        ),
        (
            400,
            error_of("Unknown parameter", type="invalid_request_error", param="top_z"),
            FaultKind.INVALID_REQUEST,
        ),
        # Azure
        (
            400,
            error_of("The response was filtered due to our content management policy."),
            FaultKind.CONTENT_REFUSED,
        ),
        # DeepSeek
        (
            402,
            error_of("Insufficient Balance", type="unknown", code="invalid_request_error"),
            FaultKind.QUOTA_EXHAUSTED,
        ),
        (
            401,
            error_of("Fails", type="authentication_error", code="invalid_request_error"),
            FaultKind.CREDENTIAL_REJECTED,
        ),
        # Plans
        (
            429,
            error_of("Usage limit reached for 5 hour. Your limit will reset at 05:38", code="1308"),
            FaultKind.QUOTA_EXHAUSTED,
        ),
        (429, error_of("已达到 5 小时的使用上限。", code="1308"), FaultKind.QUOTA_EXHAUSTED),
        (429, error_of("Weekly/Monthly Limit Exhausted", code="1310"), FaultKind.QUOTA_EXHAUSTED),
        (429, error_of("余额不足或无可用资源包,请充值。", code="1113"), FaultKind.QUOTA_EXHAUSTED),
        (429, error_of("Rate limit reached", code="1302"), FaultKind.RATE_LIMITED),
        (429, error_of("It is reached", type="usage_limit_reached"), FaultKind.QUOTA_EXHAUSTED),
        # OpenRouter
        (402, error_of("Insufficient credits", code=402), FaultKind.QUOTA_EXHAUSTED),
        (403, error_of("Your input was flagged", code=403), FaultKind.CONTENT_REFUSED),
        (404, error_of("No endpoints found for model x", code=404), FaultKind.MODEL_NOT_FOUND),
        # Groq
        (
            413,
            error_of(
                "Request too large for model `m` in organization `o` service tier `on_demand` on"
                " tokens per minute (TPM): Limit 6000, Requested 14368, please reduce your message"
                " size and try again.",
                type="tokens",
                code="rate_limit_exceeded",
            ),
            FaultKind.CONTEXT_TOO_LONG,
        ),
        (
            429,
            error_of(
                "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested"
                " 342389. The input or output tokens must be reduced in order to run successfully.",
                type="tokens",
                code="rate_limit_exceeded",
            ),
            FaultKind.CONTEXT_TOO_LONG,
        ),
        (400, error_of("gone", code="model_decommissioned"), FaultKind.MODEL_NOT_FOUND),
        (498, error_of("no capacity"), FaultKind.UPSTREAM_OVERLOADED),
        # A credential's faults, under statuses that blame the request
        (
            400,
            {
                "code": "Client specified an invalid argument",
                "error": "Incorrect API key provided: na***ys. You can obtain an API key from"
                " https://console.x.ai.",
            },
            FaultKind.CREDENTIAL_REJECTED,
        ),
        (
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "API key not valid. Please pass a valid API key.",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            FaultKind.CREDENTIAL_REJECTED,
        ),
        (
            400,
            error_of("API key expired. Please renew the API key.", code=400),
            FaultKind.CREDENTIAL_REJECTED,
        ),
        (
            400,
            error_of("Organization has been restricted.", code="organization_restricted"),
            FaultKind.CREDENTIAL_REJECTED,
        ),
        (
            403,
            error_of("Your API key was reported as leaked. Please use another API key.", code=403),
            FaultKind.CREDENTIAL_REJECTED,
        ),
        (
            400,
            error_of("User location is not supported for the API use.", code=400),
            FaultKind.CREDENTIAL_FORBIDDEN,
        ),
        (
            403,
            error_of("Key limit exceeded (total limit). Manage it using https://x.y", code=403),
            FaultKind.QUOTA_EXHAUSTED,
        ),
        (
            403,
            {"code": "x", "error": "Your team has either used all available credits or reached"},
            FaultKind.QUOTA_EXHAUSTED,
        ),
        # Models that are not served
        (400, error_of("Model Not Exist", code="invalid_request_error"), FaultKind.MODEL_NOT_FOUND),
        (400, error_of("模型不存在，请检查模型代码。", code="1211"), FaultKind.MODEL_NOT_FOUND),
        (
            400,
            {"object": "error", "message": "Invalid model: x", "type": "invalid_model"},
            FaultKind.MODEL_NOT_FOUND,
        ),
        (
            404,
            error_of("The API deployment does not exist.", code="DeploymentNotFound"),
            FaultKind.MODEL_NOT_FOUND,
        ),
        # vLLM, of two ages
        (
            400,
            {"object": "error", "message": "This model's maximum context length is 8", "code": 400},
            FaultKind.CONTEXT_TOO_LONG,
        ),
        (
            404,
            {"object": "error", "message": "The model `x` does not exist.", "code": 404},
            FaultKind.MODEL_NOT_FOUND,
        ),
        # Ollama, llama.cpp
        (404, error_of('model "x" not found, try pulling it first'), FaultKind.MODEL_NOT_FOUND),
        (
            400,
            error_of("too many", type="exceed_context_size_error", code=400),
            FaultKind.CONTEXT_TOO_LONG,
        ),
        (503, error_of("Loading model", code=503), FaultKind.UPSTREAM_OVERLOADED),
        # LiteLLM's proxy, as seen
        (
            400,
            error_of("No connected db.", type="no_db_connection", param=None, code="400"),
            FaultKind.CREDENTIAL_REJECTED,
        ),
        (
            400,
            error_of(
                "/chat/completions: Invalid model name passed in model=nope. Call `/v1/models` to"
                " view available models for your key.",
                type="invalid_request_error",
                code="400",
            ),
            FaultKind.MODEL_NOT_FOUND,
        ),
        # Gemini's compatible address
        (
            429,
            [error_of("Resource exhausted", code=429, status="RESOURCE_EXHAUSTED")],
            FaultKind.RATE_LIMITED,
        ),
        *((400, error_of(f"So it is: {words.upper()} 9"), _TOO_LONG) for words in TOO_LONG),
        (413, error_of("Too much", code="tokens_limit_reached"), _TOO_LONG),
        # Anybody
        (413, error_of(), FaultKind.BODY_TOO_LARGE),
        (422, {"detail": [{"msg": "extra"}], "message": "bad"}, FaultKind.INVALID_REQUEST),
        (500, error_of(type="server_error"), FaultKind.UPSTREAM_ERROR),
        (529, error_of(type="overloaded_error"), FaultKind.UPSTREAM_OVERLOADED),
        (504, error_of(), FaultKind.UPSTREAM_TIMEOUT),
    ],
)
def test_errors_of_well_known_servers(status: int, error: Any, kind: FaultKind) -> None:
    """As they document them, or as their users report them."""
    assert answer(status, error).kind is kind


@pytest.mark.parametrize("status", [*STATUS_KINDS, 302, 400, 404, 405, 500, 502])
def test_a_status_without_a_word_of_the_servers_own(status: int) -> None:
    """An address that is wrong is the operator's to mend; a bare 400 is not the caller's fault."""
    fault = fault_of_answer(status, {"content-type": "text/html"}, b"<p>secret</p>", CONTEXT)
    wanted = kind_of_status(status)
    if wanted is FaultKind.CLIENT_OUTDATED or status in {404, 405}:
        wanted = FaultKind.PROTOCOL_ERROR
        assert "base_url" in fault.message
    if status in {401, 403}:
        # A firewall's page, or one to sign in: the key was judged by nobody.
        wanted = FaultKind.UPSTREAM_ERROR
        assert "firewall" in fault.message
    assert fault.kind is wanted
    assert f"HTTP {status} with a body of type text/html" in fault.message
    assert fault.upstream_code == f"http_{status}"


def test_a_404_that_speaks_of_no_model_is_a_wrong_address() -> None:
    """As of a web framework that knows no such path."""
    fault = answer(404, {"detail": "Not Found"})
    assert fault.kind is FaultKind.PROTOCOL_ERROR
    assert fault.scope is Scope.ENDPOINT
    assert fault.message.endswith("(the operator can look whether base_url is right): Not Found")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (error_of("Slow", type="rate_limit_error"), FaultKind.RATE_LIMITED),
        (error_of("Provider broke", code=502), FaultKind.UPSTREAM_ERROR),
        (error_of("Provider is full", code="503"), FaultKind.UPSTREAM_OVERLOADED),
        (error_of("bad", type="invalid_request_error"), FaultKind.INVALID_REQUEST),
        (error_of("?", code=7, type=3), FaultKind.UPSTREAM_ERROR),
        ({"error": "it broke"}, FaultKind.UPSTREAM_ERROR),
        ({"error": {}}, FaultKind.UPSTREAM_ERROR),
        ({"message": "broke", "type": "overloaded_error"}, FaultKind.UPSTREAM_OVERLOADED),
        ("a text", FaultKind.UPSTREAM_ERROR),
    ],
)
def test_errors_in_the_middle_of_a_stream_have_no_status(error: Any, kind: FaultKind) -> None:
    """A number as their code stands for one, else the type decides."""
    assert fault_of_error(json.dumps(error), CONTEXT).kind is kind


def test_the_spellings_of_an_error() -> None:
    """All that says something is read; what is no error says nothing."""
    assert read_error(b'{"error": "Bad", "message": "why"}') == ServerError("why")
    assert read_error(b'{"error": "why"}') == ServerError("why")
    assert read_error(b'{"detail": "why"}') == ServerError("why")
    extra = [{"loc": ["body", "messages", 0], "msg": "Extra"}, {"msg": "None"}, {"loc": []}, 3]
    said = ServerError("body.messages.0: Extra; None")
    assert read_error(json.dumps({"detail": extra})) == said
    assert read_error(json.dumps({"message": {"detail": extra}})) == said
    assert read_error(b'{"detail": [3], "message": 4}') is None
    assert read_error(b'{"error": {"code": "429"}}') == ServerError(code="429", status=429)
    assert read_error(b'{"error": {"code": true}}') == ServerError()
    for body in (b"", b"{}", b"[]", b"3", b"[3]", b"<html>", b"\xff", b"[" * 99_999):
        assert read_error(body) is None


def test_what_the_server_says_is_one_clean_line_without_secrets() -> None:
    """Its own key, and whatever looks like one; bounded."""
    key = KEY.reveal()
    fault = answer(401, error_of(f"Incorrect\r\nAPI key: {key} or sk-0123456789abcdefghij"))
    assert fault.message == (
        "somewhere does not accept the gateway's key: Incorrect API key: an-o…oint or …"
    )
    assert len(answer(500, error_of("x" * 9999)).message) < 400
    bare = fault_of_answer(401, {}, b"", replace(CONTEXT, secret=Secret("-")))
    assert bare.message.endswith("key: HTTP 401 with an empty body")
    assert answer(429, error_of("")).message == "somewhere limits the rate of the gateway's key."


def test_the_field_at_fault_is_named_where_it_is_a_field() -> None:
    """It is the caller's own request that the server has read."""
    assert answer(400, error_of(param="messages[1].content")).param == "messages[1].content"
    assert answer(400, error_of(param="a b\n")).param is None
    assert answer(404, error_of("unknown", param="model")).kind is FaultKind.MODEL_NOT_FOUND
    assert answer(404, error_of("no such model")).param == "model"


def test_only_known_codes_are_repeated() -> None:
    """They end in logs."""
    assert answer(429, error_of(code="insufficient_quota")).upstream_code == "insufficient_quota"
    assert answer(401, error_of(type="authentication_error")).upstream_code == (
        "authentication_error"
    )
    assert answer(400, error_of(code="sk-0123456789abcdefghij")).upstream_code == "http_400"
    assert fault_of_error(json.dumps(error_of(code="x")), CONTEXT).upstream_code == "unknown"


def test_retry_after_is_honoured() -> None:
    """Seconds or a date, with an error of the server's own and without."""
    date = "Tue, 14 Nov 2023 22:14:20 GMT"
    assert answer(429, error_of(), retry_after="17").retry_after_s == 17
    assert answer(429, error_of(), retry_after=date).retry_after_s == 60
    assert answer(503, retry_after="5").retry_after_s == 5
    assert answer(429, error_of()).retry_after_s is None
    assert answer(429, error_of(), retry_after="later").retry_after_s is None
