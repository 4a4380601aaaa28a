"""The console's addresses: the page, its files, and the headers that keep others out."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest

from cursor_api.web.console.pages import (
    CONTENT_SECURITY_POLICY,
    PAGE_PATHS,
    STATIC_PATH,
    read_static_files,
)
from cursor_api.web.parts import WebOptions
from tests.house import House
from tests.serving import Answer, ask, serve

PREFIX = "/behind"
FILES = read_static_files()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A gateway with a prefix."""
    house = House(options=WebOptions(version="1.2.3", route_prefix=PREFIX))
    async with serve(house.app) as served:
        yield served


def assert_guarded(answer: Answer) -> None:
    """The headers of everything that a browser is given here."""
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PAGE_PATHS, *(PREFIX + path for path in PAGE_PATHS)])
async def test_the_page_asks_for_no_key_and_is_kept_by_nobody(port: int, path: str) -> None:
    """Served bare and behind the prefix; nothing in it is secret, and it is always the newest."""
    answer = await ask(port, "GET", path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body == FILES["index.html"].body
    assert_guarded(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_sent_to_the_page(port: int, method: str) -> None:
    """It is only read."""
    assert (await ask(port, method, "/tokeninfo")).status == 405


async def test_an_address_with_a_slash_too_many_leads_to_the_page(port: int) -> None:
    """The answer's address is relative, so a proxy's own prefix stays in it."""
    answer = await ask(port, "GET", f"{PREFIX}/console/")
    assert (answer.status, answer.headers["location"]) == (308, "../console")


def test_the_policy_has_no_hole() -> None:
    """Nothing unsafe, nothing from elsewhere, no frame around the page."""
    rules = dict(rule.strip().split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split(";"))
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("view/table.js", "text/javascript; charset=utf-8"),
        ("base.css", "text/css; charset=utf-8"),
        ("lang/zh.json", "application/json"),
        ("icon.svg", "image/svg+xml"),
        ("vendor/lit-html/LICENSE.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_a_file_has_its_type_and_is_checked_before_each_use(
    port: int, name: str, content_type: str
) -> None:
    """A browser keeps it and asks whether it is still the same: no update is half seen."""
    for base in ("", PREFIX):
        answer = await ask(port, "GET", f"{base}{STATIC_PATH}/{name}")
        assert answer.status == 200
        assert answer.headers["content-type"] == content_type
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.body == FILES[name].body
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        if name.endswith(".svg"):
            # It could be opened as a page of its own.
            assert_guarded(answer)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_file_that_the_browser_has_is_not_sent_again(port: int, form: str) -> None:
    """304 for its ETag, weak or strong, among others or as a star."""
    headers = {"If-None-Match": form.format(FILES["main.js"].etag)}
    answer = await ask(port, "GET", f"{STATIC_PATH}/main.js", headers=headers)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == FILES["main.js"].etag


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("*", True),
        ("deflate, gzip;q=0.001", True),
        ("", False),
        ("br, identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("gzipped", False),
    ],
)
async def test_what_is_sent_is_compressed_where_the_browser_takes_it(
    port: int, accepted: str, *, is_compressed: bool
) -> None:
    """The page and its files; whoever keeps one of both forms is told what the choice was by."""
    for path, name in (("/console", "index.html"), (f"{STATIC_PATH}/main.js", "main.js")):
        answer = await ask(port, "GET", path, headers={"Accept-Encoding": accepted})
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers.get("content-encoding") == ("gzip" if is_compressed else None)
        body = gzip.decompress(answer.body) if is_compressed else answer.body
        assert body == FILES[name].body


async def test_both_forms_of_a_file_are_told_apart(port: int) -> None:
    """A browser that has the compressed one asks with its tag, and has it still."""
    path = f"{STATIC_PATH}/main.js"
    plain = await ask(port, "GET", path)
    small = await ask(port, "GET", path, headers={"Accept-Encoding": "gzip"})
    assert plain.headers["etag"] != small.headers["etag"]
    asked = {"Accept-Encoding": "gzip", "If-None-Match": small.headers["etag"]}
    assert (await ask(port, "GET", path, headers=asked)).status == 304
    asked["If-None-Match"] = plain.headers["etag"]
    assert (await ask(port, "GET", path, headers=asked)).status == 200


async def test_a_file_that_has_changed_is_sent(port: int) -> None:
    """An ETag of another time is no reason to keep quiet."""
    headers = {"If-None-Match": '"0123456789abcdef0123456789abcdef"'}
    answer = await ask(port, "GET", f"{STATIC_PATH}/main.js", headers=headers)
    assert (answer.status, answer.body) == (200, FILES["main.js"].body)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../pages.py",
        "..%2fpages.py",
        "%2e%2e/pages.py",
        "view/../../pages.py",
        "/etc/passwd",
        "view",
        "view/",
        "main.js/",
        "MAIN.JS",
        "main.js%00",
        "main.js.map",
        "..\\pages.py",
        "vendor//lit-html/lit-html.js",
    ],
)
async def test_only_known_names_are_files(port: int, name: str) -> None:
    """A name is looked up, never followed."""
    answer = await ask(port, "GET", f"{STATIC_PATH}/{name}")
    assert answer.status == 404
    assert answer.json()["error"]["code"] == "not_found"


async def test_the_pages_are_in_the_list_of_addresses(port: int) -> None:
    """`GET /` names them, and no address that is only there to be forgiving."""
    endpoints = (await ask(port, "GET", "/")).json()["endpoints"]
    assert {"/tokeninfo", "/console", f"{PREFIX}/tokeninfo"} <= set(endpoints)
    assert "/console/" not in endpoints


def test_the_page_names_no_address_outside_itself() -> None:
    """All references are relative: any prefix, any proxy path, and no network but the gateway."""
    page = FILES["index.html"].body.decode()
    assert 'src="console/static/main.js"' in page
    for name, file in FILES.items():
        if name.startswith("vendor/") or name == "icon.svg":
            continue
        text = file.body.decode()
        assert "http://" not in text, name
        assert "https://" not in text, name
        assert "innerHTML" not in text, name
        assert "unsafeHTML" not in text, name
        assert " style=" not in text, name
