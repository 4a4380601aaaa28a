"""A kind of upstream whose servers take a question as text and answer with a line per word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct, field

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, CredentialForm
from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.domain.features import Feature
from cursor_api.domain.words import UpstreamWords
from cursor_api.options.addresses import base_url
from cursor_api.options.setting import setting
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.transport.client import HttpAnswer, HttpClient, HttpOptions
from cursor_api.transport.faults import kind_of_status

WORDS = UpstreamWords(
    quarantine={reason: f"The key is out: {reason.value}." for reason in QuarantineReason},
    cooling="The key rests for {models}.",
    advice={},
    advice_by_scope=dict.fromkeys(Scope, "Ask whoever runs the toy."),
    client_outdated="the toy wants a newer client",
    no_credentials="There is no key for the toy.",
)
# What ends an answer.
END = b".\n"
HTTP_OK = 200


class ToyOptions(Struct, frozen=True):
    """Where the toy is."""

    base_url: str = setting(
        "", base_url("http://127.0.0.1:1"), "http://127.0.0.1:1", "Where requests go."
    )
    http: HttpOptions = field(default_factory=HttpOptions)


class ToyUpstream:
    """ports.Upstream: the question is sent as it is, the key stands in a header."""

    def __init__(self, http: HttpClient, url: str) -> None:
        self._http = http
        self._url = url

    async def list_models(self) -> Sequence[Model]:
        """The one that there is."""
        return (Model("toy-1", "toy", 0),)

    @asynccontextmanager
    async def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AsyncIterator[AsyncIterator[Sequence[Delta]]]:
        """Ask."""
        headers = {"toy-key": credential.secret.reveal(), "toy-model": route.model}
        question = request.messages[-1].text.encode()
        async with self._http.open_post(f"{self._url}/say", headers, question) as answer:
            if answer.status != HTTP_OK:
                raise Fault(kind_of_status(answer.status), f"The toy says {answer.status}.")
            yield self._read(answer)

    def find_lacks(self, _model: str) -> frozenset[Feature]:
        """Its kind has no features that a model could lack."""
        return frozenset()

    async def _read(self, answer: HttpAnswer) -> AsyncIterator[Sequence[Delta]]:
        rest = b""
        while piece := await answer.read():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line + b"\n" == END:
                    yield (Finished(FinishReason.STOP),)
                    return
                yield (TextDelta(line.decode()),)
        raise Fault(FaultKind.INCOMPLETE, "The toy stopped in the middle.")


class ToyKind:
    """Implements `ports.UpstreamKind`."""

    name = "toy"
    options = ToyOptions
    words = WORDS
    forms: Sequence[CredentialForm] = ()
    features: frozenset[Feature] = frozenset()
    dialect = ""

    @asynccontextmanager
    async def build(self, options: ToyOptions, parts: UpstreamParts) -> AsyncIterator[Upstream]:
        """Over connections of its own."""
        async with HttpClient(options.http, parts.headers) as http:
            yield ToyUpstream(http, options.base_url)
