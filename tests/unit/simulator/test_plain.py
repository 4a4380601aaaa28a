from __future__ import annotations

from cursor_api.simulator.faults import Faults, HttpBody
from cursor_api.simulator.plain import SIGN_IN_PAGE, http_error, plain_answer, status_phrase
from cursor_api.simulator.steps import Data, Ending, Head


def test_a_plain_answer_knows_its_length() -> None:
    """With a body and without one."""
    head, body, ending = plain_answer(400, b"four", ("x-note", "1"))
    assert head == Head(400, (("x-note", "1"), ("content-length", "4")))
    assert (body, ending) == (Data(b"four"), Ending.COMPLETE)
    assert plain_answer(404) == (Head(404, (("content-length", "0"),)), Ending.COMPLETE)


def encode(status: int, message: str) -> bytes:
    """As some kind of upstream writes it."""
    return f"{status}: {message}".encode()


def test_json_errors_are_written_by_the_kind() -> None:
    """From the status and a message, and with Retry-After where it is given."""
    head, body, _ = http_error(Faults(http_status=429, retry_after_s=2), encode)
    assert isinstance(head, Head)
    assert body == Data(b"429: simulated: 429 Too Many Requests")
    assert ("retry-after", "2") in head.headers
    assert ("content-type", "application/json") in head.headers


def test_proxies_write_pages_or_nothing() -> None:
    """A page is HTML and says so; 464 has a phrase of its own."""
    head, body, _ = http_error(Faults(http_status=502, http_body=HttpBody.HTML), encode)
    assert isinstance(head, Head)
    assert isinstance(body, Data)
    assert dict(head.headers)["content-type"].startswith("text/html")
    assert b"<title>502 Bad Gateway</title>" in body.data
    assert http_error(Faults(http_status=464, http_body=HttpBody.EMPTY), encode)[0] == Head(
        464, (("content-length", "0"),)
    )
    assert status_phrase(464) == "Protocol Mismatch"
    assert status_phrase(599) == ""


def test_the_sign_in_page_is_a_success_that_is_none() -> None:
    """Status 200, and no stream."""
    head = SIGN_IN_PAGE[0]
    assert isinstance(head, Head)
    assert head.status == 200
    assert "html" in dict(head.headers)["content-type"]
