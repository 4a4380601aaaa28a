"""Images that are fetched before an upstream is asked."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import CacheMark, Image, LinkedImage, Message, Role, Text, ToolResult
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind, invalid_request
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.pool.pool import Pool
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference import linked_images
from cursor_api.service.inference.linked_images import fetch_images
from tests.endpoints import FAKE, FakeKind, endpoint_of
from tests.fakes import ScriptedUpstream, StillClock

MARK = CacheMark(300)


class Images:
    """ports.ImageSource that has every image but `bad`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, url: str) -> Image:
        """Its address is what it shows."""
        self.asked.append(url)
        if url == "bad":
            raise invalid_request("not there", code="invalid_image_url")
        return Image(url.encode(), "image/png")


def request(*urls: str) -> ChatRequest:
    """Images in a question and in a tool's result."""
    links = tuple(LinkedImage(url, MARK) for url in urls)
    messages = (
        Message(Role.USER, (Text("Look:"), *links)),
        Message(Role.USER, (ToolResult("c", (Text("see"), *links)),)),
    )
    feature = RequestedFeature(Feature.IMAGE_LINKS, "here")
    return ChatRequest("m", messages, is_stream=True, origin=Origin(Native("d", b""), (feature,)))


async def test_each_address_is_fetched_once_and_its_image_put_where_it_stood() -> None:
    """With its cache mark; the request as it came still has the addresses and goes nowhere."""
    images = Images()
    chat = await fetch_images(request("a", "b"), images)
    found = (Image(b"a", "image/png", cache=MARK), Image(b"b", "image/png", cache=MARK))
    assert images.asked == ["a", "b"]
    assert chat.messages[0].parts == (Text("Look:"), *found)
    assert chat.messages[1].parts == (ToolResult("c", (Text("see"), *found)),)
    assert (chat.is_stream, chat.origin.native) == (True, None)


async def test_what_a_request_may_fetch_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number and in bytes."""
    with pytest.raises(Fault) as caught:
        await fetch_images(request(*map(str, range(17))), Images())
    assert caught.value.code == "too_many_images"
    monkeypatch.setattr(linked_images, "FETCHED_BYTES_MAX", 3)
    with pytest.raises(Fault) as caught:
        await fetch_images(request("ab", "cd"), Images())
    assert caught.value.code == "image_too_large"


@pytest.mark.parametrize("kind", [FakeKind(), FakeKind(frozenset({Feature.IMAGE_LINKS}))])
async def test_an_upstream_that_takes_addresses_is_given_them(kind: FakeKind) -> None:
    """Another is asked when they are fetched, and not at all where one cannot be had."""
    seen: list[ChatRequest] = []

    class Upstream(ScriptedUpstream):
        def open(
            self, request: ChatRequest, route: Route, credential: Credential
        ) -> AbstractAsyncContextManager[DeltaBatches]:
            seen.append(request)
            return super().open(request, route, credential)

    pool = Pool(StillClock(), lambda: 0.5)
    endpoint = endpoint_of(Upstream({"a": []}), pool, kind=kind)
    endpoint.images = images = Images()
    route, credential = Route(FAKE, "m"), Credential("a", Secret("s"), "", FAKE)
    async with endpoint.open(request("a"), route, credential):
        pass
    is_taken = not kind.lacks
    assert images.asked == ([] if is_taken else ["a"])
    assert isinstance(seen[0].messages[0].parts[1], LinkedImage if is_taken else Image)
    if not is_taken:
        with pytest.raises(Fault) as caught:
            async with endpoint.open(request("bad"), route, credential):
                pass
        assert caught.value.kind is FaultKind.INVALID_REQUEST
        assert len(seen) == 1
