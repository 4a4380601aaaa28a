"""Images that are named by a web address, fetched before an upstream is asked that takes none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Final, Protocol

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Image, LinkedImage, Message, Part, ToolResult
from cursor_api.domain.errors import invalid_request
from cursor_api.domain.value import replace
from cursor_api.ports.upstream import DeltaBatches

# What a request's images may have together, fetched: twice the size of a request as it comes.
FETCHED_BYTES_MAX: Final = 20 << 20
# They are fetched one after the other, and the caller waits for all.
FETCHED_COUNT_MAX: Final = 16

Open = Callable[[ChatRequest], AbstractAsyncContextManager[DeltaBatches]]


class ImageSource(Protocol):
    """Where images come from that callers name by a web address."""

    async def fetch(self, url: str) -> Image:
        """The image there; raises Fault(INVALID_REQUEST)."""
        ...


class AnswerWithImages:
    """Fetches when it is entered, then asks."""

    __slots__ = ("_chat", "_images", "_open", "_opened")

    def __init__(self, open_: Open, chat: ChatRequest, images: ImageSource) -> None:
        self._open = open_
        self._chat = chat
        self._images = images

    async def __aenter__(self) -> DeltaBatches:
        self._opened = self._open(await fetch_images(self._chat, self._images))
        # A request can be megabytes, and is sent: this may last for hours without it.
        del self._chat
        return await self._opened.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._opened.__aexit__(kind, error, traceback)


async def fetch_images(chat: ChatRequest, images: ImageSource) -> ChatRequest:
    """The same request with the images themselves; raises Fault(INVALID_REQUEST)."""
    fetched: dict[str, Image] = {}
    size_bytes = 0
    for link in _links(chat):
        if link.url in fetched:
            continue
        if len(fetched) == FETCHED_COUNT_MAX:
            raise invalid_request(
                f"More than {FETCHED_COUNT_MAX} images are named by their addresses.",
                code="too_many_images",
            )
        fetched[link.url] = image = await images.fetch(link.url)
        size_bytes += len(image.data)
        if size_bytes > FETCHED_BYTES_MAX:
            raise invalid_request(
                "The images that are named by their addresses have more than"
                f" {FETCHED_BYTES_MAX >> 20} MiB together.",
                code="image_too_large",
            )
    messages = tuple(
        Message(message.role, tuple(_filled(part, fetched) for part in message.parts))
        for message in chat.messages
    )
    return chat.with_messages(messages, replace(chat.origin, native=None))


def _links(chat: ChatRequest) -> list[LinkedImage]:
    return [
        part
        for message in chat.messages
        for part in message.all_parts()
        if isinstance(part, LinkedImage)
    ]


def _filled(part: Part, fetched: dict[str, Image]) -> Part:
    if isinstance(part, LinkedImage):
        return replace(fetched[part.url], cache=part.cache, detail=part.detail)
    if isinstance(part, ToolResult):
        inner: tuple[Any, ...] = tuple(_filled(one, fetched) for one in part.parts)
        return replace(part, parts=inner)
    return part
