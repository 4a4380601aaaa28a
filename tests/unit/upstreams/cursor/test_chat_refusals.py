"""Answers over HTTP that are no StreamChat stream."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from tests.chat_stage import END, ask, fault_of, text, upstream
from tests.scripted_server import Turn
from tests.vectors.load import load


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, FaultKind.UPSTREAM_ERROR),
        (401, FaultKind.UPSTREAM_ERROR),  # a page is no word about the key
        (410, FaultKind.CLIENT_OUTDATED),
        (429, FaultKind.RATE_LIMITED),
        (464, FaultKind.CLIENT_OUTDATED),
        (503, FaultKind.UPSTREAM_OVERLOADED),
        (204, FaultKind.PROTOCOL_ERROR),
    ],
)
async def test_an_http_error_is_a_fault_and_not_an_empty_answer(
    status: int, kind: FaultKind
) -> None:
    """The body of a page is not shown, Retry-After is kept, and no redirect is followed."""

    async def refuse(turn: Turn) -> None:
        body = b"" if status == 204 else b"<html>PAGE</html>"
        await turn.answer(
            body, status, content_type="text/html", retry_after="7", location="/elsewhere"
        )

    async with upstream(refuse) as (chat, server):
        with pytest.raises(Fault) as caught:
            await ask(chat)
        assert len(server.requests) == 1
    assert (caught.value.kind, caught.value.retry_after_s) == (kind, 7)
    assert "PAGE" not in caught.value.message


async def test_a_connect_error_in_an_http_error_is_read() -> None:
    """The number in its details counts, not the status."""
    detail = load("streamchat")["error_details"][0]

    async def refuse(turn: Turn) -> None:
        body = (
            '{"code":"unavailable","message":"Error","details":'
            f'[{{"type":"aiserver.v1.ErrorDetails","value":"{detail["base64"]}"}}]}}'
        )
        await turn.answer(body.encode(), 503, content_type="application/json")

    fault = await fault_of(refuse)
    assert fault.kind is FaultKind.CREDENTIAL_REJECTED
    assert fault.message.endswith(": Not logged in. Please log in.")


async def test_an_endless_error_page_is_cut_off() -> None:
    """Of a failed answer only the beginning is read."""

    async def endless(turn: Turn) -> None:
        await turn.head(500, content_type="text/html")
        while not turn.writer.is_closing():
            await turn.chunk(b"<p>" * 1000)

    assert (await fault_of(endless)).kind is FaultKind.UPSTREAM_ERROR


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "application/proto", ""])
async def test_another_content_type_is_a_protocol_error(media_type: str) -> None:
    """A captive portal's 200 is no answer."""

    async def page(turn: Turn) -> None:
        await turn.answer(text("Hello") + END, content_type=media_type)

    fault = await fault_of(page)
    assert fault.kind is FaultKind.PROTOCOL_ERROR
    assert "CURSOR_BASE_URL" in fault.message
