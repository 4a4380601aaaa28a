"""The token files as text, and `GET /checksum`: the earlier program's addresses, in its shapes.

`GET /update-tokeninfo` asks for no key, as in the earlier program. It takes no input, shows nothing
of the files, and does no more than the gateway does by itself every second: read what changed.
How often is for all who bring no key together; the operator, who does, is never kept waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cursor_api.domain.act import ActKind
from cursor_api.domain.credential import FileTexts
from cursor_api.domain.errors import Fault, FaultKind, StaleTextError, StoreAwayError, StoreError
from cursor_api.ports.process import Clock
from cursor_api.service.credentials.roster import Roster
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.allowance import Allowance
from cursor_api.web.http.etags import read_if_match
from cursor_api.web.http.json_body import read_json, reply, too_large
from cursor_api.web.http.operation import Acts, Key, Operation, Parameter
from cursor_api.web.management.store_errors import GivenTextError

# Anybody may ask; each time costs a few looks at the disk. A person who saves and reloads stays
# far below.
RELOAD_BURST_COUNT = 10
RELOADS_PER_S = 1.0

# JSON spells a line end with two characters and 中 with six instead of three.
ESCAPED_FACTOR = 2
# Names of fields, brackets.
FRAME_BYTES = 1024

RELOADED = "Token list has been reloaded"
UPDATED = "Token files have been updated and reloaded"
TOO_OFTEN = (
    "This is asked too often. The gateway notices changed files by itself, within two seconds."
)
UNUSABLE = (
    "The token files cannot be used as they are; the tokens read before serve on. The gateway's"
    " log names the lines, and so does the page /tokeninfo."
)


class TokenTextsIn(msgspec.Struct):
    """New text for the token file and, unless it is absent or null, for the token list."""

    tokens: str
    token_list: str | None = None


class TokenTextsOut(msgspec.Struct):
    """Both files as they are, secrets included."""

    status: str
    token_file: str
    token_list_file: str
    tokens: str
    token_list: str


class TokenUpdateOut(msgspec.Struct):
    """What is there after an update; `token_count` counts the credentials."""

    status: str
    message: str
    token_file: str
    token_list_file: str
    token_count: int


class ReloadOut(msgspec.Struct):
    """The files were read again where they had changed."""

    status: str
    message: str


_DECODER = msgspec.json.Decoder(TokenTextsIn)


class TokenFileOptions(Struct, frozen=True):
    """What the files are called, and how large each may be (the store's limit)."""

    token_file: str
    token_list_file: str
    text_bytes_max: int = 16 * 1024 * 1024


class TokenTexts:
    """Answers `/get-tokeninfo` and `/update-tokeninfo`."""

    def __init__(
        self, roster: Roster, clock: Clock, options: TokenFileOptions, authenticator: Authenticator
    ) -> None:
        self._roster = roster
        self._authenticator = authenticator
        self._options = options
        self._reloads = Allowance(clock, RELOAD_BURST_COUNT, RELOADS_PER_S, TOO_OFTEN)

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        etag = {"ETag": "Of both texts together."}
        return (
            Operation(
                method="GET",
                path="/update-tokeninfo",
                handler=self.reload,
                key=Key.NONE,
                summary="Read the token files again where they changed",
                good={200: ReloadOut},
                bad=(409, 429, 503),
            ),
            Operation(
                method="POST",
                path="/update-tokeninfo",
                handler=self.replace,
                summary="Replace the token files, whole or not at all",
                acts=Acts(ActKind.TOKENS_REPLACED, lambda _request, _answer: ""),
                parameters=(Parameter("If-Match", "header", {"type": "string"}),),
                body=TokenTextsIn,
                good={200: TokenUpdateOut},
                bad=(400, 401, 403, 409, 412, 413, 500),
                headers=etag,
            ),
            Operation(
                method="POST",
                path="/get-tokeninfo",
                handler=self.read,
                summary="Both token files as text, secrets included",
                good={200: TokenTextsOut},
                bad=(400, 401, 403, 409, 500),
                headers=etag,
            ),
        )

    async def reload(self, request: Request) -> Response:
        """Read what changed; nothing else, and the answer says nothing about it."""
        caller = await self._authenticator.find(request.scope, is_own_taken=False)
        if caller is None or not caller.is_admin:
            self._reloads.take()
        try:
            await self._roster.refresh()
        except StoreAwayError:
            raise
        except StoreError as error:
            raise Fault(FaultKind.CONFLICT, UNUSABLE) from error
        return reply(ReloadOut("success", RELOADED))

    async def read(self, _request: Request) -> Response:
        """Both texts, valid or not, with their ETag."""
        texts = await self._roster.read_text()
        names = self._options
        return reply(
            TokenTextsOut(
                "success",
                names.token_file,
                names.token_list_file,
                texts.token_text,
                texts.token_list_text,
            ),
            headers=_etag_of(texts),
        )

    async def replace(self, request: Request) -> Response:
        """Put new texts in place, whole or not at all; only over those that If-Match names."""
        names = self._options
        bytes_max = 2 * ESCAPED_FACTOR * names.text_bytes_max + FRAME_BYTES
        given = await read_json(request, _DECODER, bytes_max)
        for text in (given.tokens, given.token_list or ""):
            if len(text.encode()) > names.text_bytes_max:
                raise too_large(names.text_bytes_max)
        if_match = await self._find_match(request.headers.getlist("if-match"))
        try:
            texts = await self._roster.replace_text(given.tokens, given.token_list, if_match)
        except StoreError as error:
            if error.problems:
                raise GivenTextError(error, self._param_of(error)) from error
            raise
        return reply(
            TokenUpdateOut(
                "success",
                UPDATED,
                names.token_file,
                names.token_list_file,
                self._roster.credential_count,
            ),
            headers=_etag_of(texts),
        )

    async def _find_match(self, values: list[str]) -> str | None:
        """The one etag that the texts must have; None when any will do."""
        found = read_if_match(values)
        if found is None:
            return None
        if len(found) == 1:
            return found[0]
        current = (await self._roster.read_text()).etag
        if current not in found:
            raise StaleTextError("The token files are none of those that you name.")
        return current

    def _param_of(self, error: StoreError) -> str | None:
        """The field of the request that all the problems are in."""
        fields = {self._options.token_file: "tokens", self._options.token_list_file: "token_list"}
        params = {fields.get(problem.file) for problem in error.problems}
        return params.pop() if len(params) == 1 else None


class NewBinding:
    """Answers `GET /checksum`: what a new token of a new device is bound to."""

    def __init__(self, new_binding: Callable[[], str]) -> None:
        self._new_binding = new_binding

    def operations(self) -> Sequence[Operation]:
        """The one operation; pages may use it."""
        new = Operation(
            method="GET", path="/checksum", handler=self.new, key=Key.NONE, is_for_pages=True
        )
        return (new,)

    async def new(self, _request: Request) -> Response:
        """One that nobody has had before; write it behind a token in the token list."""
        return JSONResponse({"checksum": self._new_binding()})


def _etag_of(texts: FileTexts) -> dict[str, str]:
    return {"etag": f'"{texts.etag}"'}
