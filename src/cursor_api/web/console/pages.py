"""`/tokeninfo`, `/console` and the files of the page.

The page holds nothing secret, so it asks for no key; what it shows comes from the management API,
which does. Rules of this file:
- Only what lies in `static/` when somebody first asks is served, by its exact name: a name is
  looked up in a table and never joined to a path.
- No address here changes anything.
- Each file is compressed when it is first asked for, and then kept: nothing in it is secret. A
  start of the gateway waits for neither, and a gateway whose page nobody opens does not hold them.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cursor_api.domain.errors import Fault, FaultKind

PAGE_PATHS = ("/tokeninfo", "/console")
STATIC_PATH = "/console/static"
_PAGE = "index.html"

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}

# Nothing inline, nothing from elsewhere, no frame around the page, no form that posts by itself.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
# Those that mean something of a file that is part of a page: seventy heads with the rest of them
# would be a quarter of all bytes. An image can be opened as a page of its own.
FILE_HEADERS = {
    name: SECURITY_HEADERS[name]
    for name in ("x-content-type-options", "cross-origin-resource-policy")
}
PAGE_TYPES = (CONTENT_TYPES["html"], CONTENT_TYPES["svg"])
# The page is asked for anew each time. Its files are kept, but never used without asking whether
# they are still the same: after an update no browser mixes old files with new ones.
PAGE_CACHE = "no-store"
FILE_CACHE = "no-cache"


# Both forms of a file have a strong ETag of their own.
_GZIP_MARK = "-gzip"
# `gzip` or any coding, and not refused by a quality of zero.
_GZIP_TAKEN = re.compile(
    r"(?:^|,)\s*(?:x-)?(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)"
)
_VARY = {"vary": "accept-encoding"}


class StaticFile(Struct, frozen=True):
    """One file of the page. `etag` is a strong one, with its quotes."""

    body: bytes
    content_type: str
    etag: str


@functools.cache
def read_static_files() -> Mapping[str, StaticFile]:
    """Every file of the page by its name below `static/`, such as `view/table.js`.

    They are read once: a reload of the settings brings no others.
    """
    folder = Path(__file__).with_name("static")
    # A file of another kind (a backup copy, say) is not part of the page.
    found = sorted(path for path in folder.rglob("*") if path.suffix[1:] in CONTENT_TYPES)
    return {path.relative_to(folder).as_posix(): _read_static(path) for path in found}


class Console:
    """Answers with the page and its files."""

    def routes(self, prefix: str) -> list[Route]:
        """The addresses behind a prefix ("" for none)."""
        return [
            *(Route(prefix + path, self.page) for path in PAGE_PATHS),
            Route(f"{prefix}/console/", self.without_slash),
            Route(f"{prefix}{STATIC_PATH}/{{name:path}}", self.file),
        ]

    async def page(self, request: Request) -> Response:
        """The page itself."""
        headers = SECURITY_HEADERS | _VARY | {"cache-control": PAGE_CACHE}
        return self._answer(request, _PAGE, headers)

    async def without_slash(self, _request: Request) -> Response:
        """The page's files are found relative to its address, which ends without a slash."""
        return Response(status_code=308, headers=SECURITY_HEADERS | {"location": "../console"})

    async def file(self, request: Request) -> Response:
        """One file; 304 when the browser has it already; raises Fault(NOT_FOUND)."""
        name = request.path_params["name"]
        found = read_static_files().get(name)
        if found is None:
            raise Fault(FaultKind.NOT_FOUND, "The console has no file of this name.")
        etag = _gzip_etag(found.etag) if _takes_gzip(request) else found.etag
        is_page = found.content_type in PAGE_TYPES
        headers = SECURITY_HEADERS if is_page else FILE_HEADERS
        headers = headers | _VARY | {"cache-control": FILE_CACHE, "etag": etag}
        if _is_known(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        return self._answer(request, name, headers)

    def _answer(self, request: Request, name: str, headers: dict[str, str]) -> Response:
        file = read_static_files()[name]
        if not _takes_gzip(request):
            return Response(file.body, headers=headers, media_type=file.content_type)
        headers = headers | {"content-encoding": "gzip"}
        return Response(_compress(file.body), headers=headers, media_type=file.content_type)


@functools.cache
def _compress(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _takes_gzip(request: Request) -> bool:
    return _GZIP_TAKEN.search(request.headers.get("accept-encoding", "").lower()) is not None


def _gzip_etag(etag: str) -> str:
    return f'{etag[:-1]}{_GZIP_MARK}"'


def _is_known(if_none_match: str, etag: str) -> bool:
    """Whether the browser named this ETag; a proxy may have made it a weak one."""
    named = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return etag in named or "*" in named


def _read_static(path: Path) -> StaticFile:
    body = path.read_bytes()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return StaticFile(body, CONTENT_TYPES[path.suffix[1:]], etag)
