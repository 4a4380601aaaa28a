"""Answers that are no stream: what the HTTP layer, a proxy or a load balancer says."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from cursor_api.simulator.faults import Faults, HttpBody
from cursor_api.simulator.steps import Data, Ending, Head, Step

JSON_MEDIA_TYPE = "application/json"
HTML_MEDIA_TYPE = "text/html; charset=utf-8"
TEXT_MEDIA_TYPE = "text/plain; charset=utf-8"

# Statuses that HTTP does not define but that people have seen.
_PHRASES = {464: "Protocol Mismatch", 499: "Client Closed Request"}


def status_phrase(status: int) -> str:
    """The reason phrase of a status, empty when nobody gave it one."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return _PHRASES.get(status, "")


def plain_answer(status: int, body: bytes = b"", *headers: tuple[str, str]) -> tuple[Step, ...]:
    """A whole answer with a body of known length."""
    head = Head(status, (*headers, ("content-length", str(len(body)))))
    return (head, Data(body), Ending.COMPLETE) if body else (head, Ending.COMPLETE)


def html_page(title: str, text: str) -> bytes:
    """A page as proxies write them."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>{text}</center>\r\n"
        "</body>\r\n</html>\r\n"
    ).encode()


def http_error(faults: Faults, encode_json: Callable[[int, str], bytes]) -> tuple[Step, ...]:
    """The plain HTTP error that `faults` describes.

    `encode_json` makes a body of a status and a message, as this kind of upstream writes it.
    """
    status = faults.http_status
    phrase = status_phrase(status)
    retry = () if faults.retry_after_s is None else (("retry-after", str(faults.retry_after_s)),)
    if faults.http_body is HttpBody.EMPTY:
        return plain_answer(status, b"", *retry)
    if faults.http_body is HttpBody.HTML:
        body = html_page(f"{status} {phrase}".strip(), "simulator")
        return plain_answer(status, body, ("content-type", HTML_MEDIA_TYPE), *retry)
    body = encode_json(status, f"simulated: {status} {phrase}".strip())
    return plain_answer(status, body, ("content-type", JSON_MEDIA_TYPE), *retry)


SIGN_IN_PAGE = plain_answer(
    200, html_page("Welcome", "Please sign in to this network."), ("content-type", HTML_MEDIA_TYPE)
)
