"""What this gateway is made of: its client APIs, its kinds of upstreams, its credential files.

The only file that names them, one line each.
"""

from __future__ import annotations

from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.domain.credential import CredentialForm
from cursor_api.ports import Dialect, UpstreamKind
from cursor_api.upstreams.cursor.forms import split_token
from cursor_api.upstreams.cursor.kind import CursorKind
from cursor_api.upstreams.cursor.passthrough import passthrough_reader
from cursor_api.upstreams.cursor.token_files.book import Book, Names
from cursor_api.upstreams.cursor.token_files.files import FileOptions, TokenFiles
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from cursor_api.upstreams.cursor.token_files.paste import read_paste
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from cursor_api.upstreams.cursor.token_files.text import TextLimits

__all__ = [
    "DIALECTS",
    "FORMS",
    "UPSTREAM_KINDS",
    "Book",
    "FileCredentialStore",
    "FileOptions",
    "MemoryCredentialStore",
    "Names",
    "TextLimits",
    "TokenFiles",
    "passthrough_reader",
    "read_paste",
    "split_token",
]

# The first one's errors are what addresses of no client API answer.
DIALECTS: tuple[Dialect, ...] = (OpenAiChat(),)
# Where two know a secret by its form, the first has it: what takes any text comes last.
UPSTREAM_KINDS: tuple[UpstreamKind, ...] = (CursorKind(),)
FORMS: tuple[CredentialForm, ...] = tuple(form for kind in UPSTREAM_KINDS for form in kind.forms)
