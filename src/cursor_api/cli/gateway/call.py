"""One HTTP request to a gateway that may be running, for commands.

Rules of this file:
- A key is sent to the address that was named and nowhere else: no redirect is followed.
- What comes back is bounded, and what is shown of it has no control characters.
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from cursor_api import __version__
from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.telling import told_by_gateway
from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import is_loopback

_T = TypeVar("_T")
# A gateway answers what commands ask for from memory.
TIMEOUT_S: Final = 5.0
# Thousands of models with their descriptions.
BODY_BYTES_MAX: Final = 8 * 1024 * 1024
# An error's sentence, with what is around it.
ERROR_BYTES_MAX: Final = 64 * 1024
# What reading JSON raises for what is none: also half a character, and a thousand open brackets.
JSON_ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class GatewayAddress(NamedTuple):
    """One gateway. `root_url` has the route prefix, but no /v1. `key_from` says where it stood.

    `cert_file`: the certificate that it has to show, whatever the host in it; None for one that is
    trusted as any other.
    """

    root_url: str
    key: Secret | None
    key_from: str
    cert_file: Path | None = None


class Call(Struct, frozen=True):
    """What is asked. `path` comes after the root; `body` is sent as JSON.

    `timeout_s` is the silence that is borne, not the whole time.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    timeout_s: float = TIMEOUT_S


class CallError(Exception):
    """There is no answer that can be used: `words` say why, without a full stop at their end.

    `status` is the answer's, 0 where there was none. `is_nobody`: nobody listens there.
    """

    def __init__(self, words: str, status: int = 0, *, is_nobody: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        self.is_nobody = is_nobody


@contextmanager
def open_answer(gateway: GatewayAddress, call: Call) -> Iterator[http.client.HTTPResponse]:
    """A good answer, to be read while the context lasts; raises CallError for any other."""
    try:
        with _opener(gateway).open(_request(gateway, call), timeout=call.timeout_s) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        with error:
            raise CallError(_explain(error, gateway, call), error.code) from None
    except TimeoutError:
        raise CallError(_too_late(gateway)) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise CallError(_too_late(gateway)) from None
        if isinstance(error.reason, ssl.SSLError):
            raise CallError(_not_trusted(gateway, error.reason)) from None
        raise CallError(_nobody(gateway), is_nobody=True) from None
    except ConnectionRefusedError:
        raise CallError(_nobody(gateway), is_nobody=True) from None
    except (OSError, http.client.HTTPException):
        raise CallError(say("the connection to {url} was lost", url=gateway.root_url)) from None


def fetch(gateway: GatewayAddress, call: Call) -> bytes:
    """The whole body of a good answer; raises CallError."""
    with open_answer(gateway, call) as answer:
        return answer.read(BODY_BYTES_MAX + 1)


def fetch_as(gateway: GatewayAddress, call: Call, wanted: type[_T]) -> _T:
    """The same, as an object of this type; raises CallError, also where it is none."""
    return decode(fetch(gateway, call), wanted, gateway, call)


def decode(body: bytes, wanted: type[_T], gateway: GatewayAddress, call: Call) -> _T:
    """What came as an object of this type; raises CallError where it is none."""
    try:
        return msgspec.json.decode(body, type=wanted)
    except JSON_ERRORS:
        where = f"{gateway.root_url}{call.path}"
        raise CallError(
            say(
                "what answers at {where} is not this gateway, or another version of it", where=where
            )
        ) from None


def fetch_json(gateway: GatewayAddress, call: Call) -> Any:
    """The same, decoded; raises CallError, also for what is no JSON."""
    try:
        return msgspec.json.decode(fetch(gateway, call))
    except JSON_ERRORS:
        where = f"{gateway.root_url}{call.path}"
        words = say("what answers at {where} is not this gateway: it sends no JSON", where=where)
        raise CallError(words) from None


def _request(gateway: GatewayAddress, call: Call) -> urllib.request.Request:
    data = None if call.body is None else json.dumps(call.body).encode()
    request = urllib.request.Request(  # noqa: S310 - checked: http(s)
        f"{gateway.root_url}{call.path}", data, method=call.method
    )
    request.add_header("User-Agent", f"cursor-api/{__version__}")
    if data is not None:
        request.add_header("Content-Type", "application/json")
    if gateway.key is not None:
        request.add_header("Authorization", f"Bearer {gateway.key.reveal()}")
    return request


def _opener(gateway: GatewayAddress) -> urllib.request.OpenerDirector:
    """Without a handler of redirects, one is an answer like any other, wherever it points."""
    is_here = is_loopback(urlsplit(gateway.root_url).hostname or "")
    cert_file = gateway.cert_file
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if is_here else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=None if cert_file is None else _trust_only(cert_file)),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _trust_only(cert_file: Path) -> ssl.SSLContext:
    """For a gateway whose certificate lies here: that one, be it for another host's name.

    Raises CallError where it cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=cert_file)
    except OSError:
        words = say(
            "the certificate {file} (TLS_CERT_FILE) cannot be used, so no gateway can be asked over"
            " TLS; `cursor-api check-config` says why",
            file=cert_file,
        )
        raise CallError(words) from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _not_trusted(gateway: GatewayAddress, error: ssl.SSLError) -> str:
    if gateway.cert_file is not None and isinstance(error, ssl.SSLCertVerificationError):
        return say(
            "the gateway at {url} shows another certificate than {file} (TLS_CERT_FILE) holds;"
            " after a renewal, send it SIGHUP or restart it, so that it reads the new one",
            url=gateway.root_url,
            file=gateway.cert_file,
        )
    return say("{url} cannot be trusted: {reason}", url=gateway.root_url, reason=error.reason)


def _nobody(gateway: GatewayAddress) -> str:
    return say(
        "no gateway answers at {url}; start it with `cursor-api serve`, or give another"
        " address with --url",
        url=gateway.root_url,
    )


def _too_late(gateway: GatewayAddress) -> str:
    return say("the gateway at {url} did not answer in time", url=gateway.root_url)


def _explain(error: urllib.error.HTTPError, gateway: GatewayAddress, call: Call) -> str:
    status = error.code
    if status in {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}:
        which = say("a request without a key")
        if gateway.key:
            which = say("the key from {place}", place=gateway.key_from)
        return say(
            "the gateway at {url} refuses {which}; run this in the folder of the gateway,"
            " or name the variable that holds the key with --key-env",
            url=gateway.root_url,
            which=which,
        )
    said = _sentence(error)
    if said:
        return said
    return say(
        "{url} answers with status {status}; is that the gateway, and does the address"
        " contain ROUTE_PREFIX?",
        url=f"{gateway.root_url}{call.path}",
        status=status,
    )


def _sentence(error: urllib.error.HTTPError) -> str:
    """What the gateway says itself; "" where it says nothing that can be understood."""
    try:
        found = msgspec.json.decode(error.read(ERROR_BYTES_MAX))["error"]
        return told_by_gateway(found.get("code"), plain(str(found["message"])).rstrip("."))
    except (*JSON_ERRORS, OSError, http.client.HTTPException):
        return ""
    except (TypeError, KeyError, AttributeError):  # JSON of another form
        return ""
