"""Both token files together: what they mean, and what their text becomes by a change. No I/O.

Rules of this file:
- A store reads the bytes, asks here, and writes the texts of the `Book` that comes back.
- A token is known by what goes upstream, the part after `::`, however its line spells it.
- The token list is the authority on devices. A checksum that is in it never changes unless its
  user changes it, and no order of writing may make a token come back with a new one.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Self

from msgspec import Struct

from cursor_api.domain.credential import Credential, CredentialChange, CredentialForm, Secret
from cursor_api.domain.errors import LineProblem, StaleTextError, StoreError, UnknownCredentialError
from cursor_api.domain.problems import Problem, ProblemCode
from cursor_api.domain.value import repr_without
from cursor_api.options.said import tell
from cursor_api.upstreams.cursor.forms import SESSION_TOKEN, is_checksum, read_token
from cursor_api.upstreams.cursor.token_files.lines import (
    append_lines,
    remove_lines,
    replace_lines,
    split_lines,
)
from cursor_api.upstreams.cursor.token_files.text import (
    NOT_A_CHECKSUM,
    Entry,
    Repeat,
    TextLimits,
    fingerprint_of,
    parse_token_list,
    parse_tokens,
    too_large,
)

NewChecksum = Callable[[], str]

# How much of a token's fingerprint names it; more only where that much is taken.
_NAME_DIGITS = (8, 16, 64)
_SECOND = Problem(ProblemCode.SECOND, "a second token; the checksum is for one")
_NONE = Problem(ProblemCode.NOTHING, "no token")
_ANOTHER_READING = Problem(ProblemCode.ANOTHER_READING, "it would not be read as it is meant")


class File(enum.Enum):
    """Which of the two."""

    TOKENS = enum.auto()
    LIST = enum.auto()


class Texts(Struct, frozen=True):
    """The bytes of both files; a missing file is an empty one."""

    tokens: bytes = b""
    token_list: bytes = b""

    __repr__ = repr_without("tokens", "token_list")

    @property
    def etag(self) -> str:
        """32 hex digits, the same for the same bytes."""
        digest = hashlib.sha256(len(self.tokens).to_bytes(8, "big"))
        digest.update(self.tokens)
        digest.update(self.token_list)
        return digest.hexdigest()[:32]


class Names(Struct, frozen=True):
    """What the files are called in problems, most often their paths."""

    tokens: str
    token_list: str


class Book(Struct, frozen=True):
    """Both files and what they mean: their usable lines, even where there are problems.

    `repeats` are the lines of both that say again what others say.
    """

    texts: Texts
    tokens: tuple[Entry, ...]
    listed: tuple[Entry, ...]
    error: StoreError | None = None
    forms: tuple[CredentialForm, ...] = (SESSION_TOKEN,)
    repeats: tuple[Repeat, ...] = ()

    @property
    def lacking(self) -> tuple[str, ...]:
        """The tokens of the token file that the list should have a checksum for, in order."""
        listed = {entry.bearer for entry in self.listed}
        return tuple(
            entry.bearer
            for entry in self.tokens
            if entry.bearer not in listed and self._form_of(entry).is_bound
        )

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """Every token that can serve: the token file's order, then those only in the list.

        Each belongs to the endpoint of its form; where that binds it, it has a checksum.

        Each has an alias of its own: the one its user chose, else the account id of its cookie,
        else a name made of its fingerprint, so that it does not depend on the line's place.
        """
        listed = {entry.bearer: entry for entry in self.listed}
        own = {entry.bearer for entry in self.tokens}
        entries = [
            entry
            for entry in self.tokens
            if entry.bearer in listed or not self._form_of(entry).is_bound
        ]
        entries += [entry for entry in self.listed if entry.bearer not in own]
        taken = {entry.alias for entry in self.tokens if entry.is_named}
        credentials = []
        for entry in entries:
            form = self._form_of(entry)
            in_list = listed.get(entry.bearer, entry)
            if entry.alias and entry.is_named and entry.bearer in own:
                alias = entry.alias
            else:
                alias = free_alias(entry.alias or in_list.alias, entry.bearer, taken)
            taken.add(alias)
            binding = in_list.checksum if form.is_bound else ""
            credentials.append(Credential(alias, Secret(entry.bearer), binding, form.endpoint))
        return tuple(credentials)

    def _form_of(self, entry: Entry) -> CredentialForm:
        return next(form for form in self.forms if form.is_form_of(entry.bearer))

    def require_right(self) -> Self:
        """Itself, if every line is usable; raises StoreError with all problems."""
        if self.error is not None:
            raise self.error
        return self

    def get_bearer(self, alias: str) -> str:
        """The token behind an alias; raises UnknownCredentialError."""
        for credential in self.credentials:
            if credential.alias == alias:
                return credential.secret.reveal()
        raise UnknownCredentialError(tell("There is no credential of that alias."))


class Reader(Struct, frozen=True):
    """Reads books under fixed limits and names."""

    names: Names
    limits: TextLimits
    # The first that fits counts, and the last one fits all.
    forms: tuple[CredentialForm, ...] = (SESSION_TOKEN,)

    def survey(self, texts: Texts) -> Book:
        """Both files, whatever is wrong with their lines; StoreError for too large a file."""
        for name, data in (
            (self.names.tokens, texts.tokens),
            (self.names.token_list, texts.token_list),
        ):
            if len(data) > self.limits.file_bytes_max:
                raise StoreError(too_large(name, len(data), self.limits))
        tokens = parse_tokens(texts.tokens, self.names.tokens, self.limits)
        listed = parse_token_list(texts.token_list, self.names.token_list, self.limits)
        problems = (*tokens.problems, *listed.problems)
        error = self._find_error(tokens.problem_count + listed.problem_count, problems)
        repeats = (*tokens.repeats, *listed.repeats)
        return Book(texts, tokens.entries, listed.entries, error, self.forms, repeats)

    def read(self, texts: Texts) -> Book:
        """Both files, or StoreError with all their problems."""
        return self.survey(texts).require_right()

    def read_once(self, texts: Texts, old: Book | None = None) -> Book:
        """As `read` does, and what is there twice is a problem, unless it was in `old`."""
        book = self.read(texts)
        known = {(one.entry.bearer, one.problem.code) for one in old.repeats} if old else set()
        new = [one for one in book.repeats if (one.entry.bearer, one.problem.code) not in known]
        error = self._find_error(len(new), [_told(one) for one in new])
        if error is not None:
            raise error
        return book

    def complete(self, book: Book, new_checksum: NewChecksum) -> Book:
        """Give each token that the list lacks a line there. Raises StoreError as `read` does."""
        lines = [f"{bearer},{new_checksum()}" for bearer in book.require_right().lacking]
        if not lines:
            return book
        listed = append_lines(book.texts.token_list, lines)
        return self.read(Texts(book.texts.tokens, listed))

    def add(self, book: Book, added: str, checksum: str | None = None) -> tuple[Book, list[str]]:
        """Append the lines of `added`, spelled as in a token file; gives the new tokens as well.

        Lists them with `checksum`, which only a single token can have, and else not at all.
        Raises StoreError for a line that is no token and for a token that is there already.
        """
        book.require_right()
        entries = self._read_input(added)
        if checksum is not None:
            _require_checksum(checksum)
            if len(entries) > 1:
                raise StoreError(
                    tell("One checksum cannot be for several tokens."),
                    [_of_input(entries[1].line, _SECOND)],
                )
        known = {entry.bearer: entry.line for entry in book.tokens}
        repeated = [
            _of_input(entry.line, _known(known[entry.bearer]))
            for entry in entries
            if entry.bearer in known
        ]
        if repeated:
            raise StoreError(tell("The token is there already; nothing was changed."), repeated)
        lines = [_spell(entry.alias, entry.bearer) for entry in entries]
        tokens, listed = append_lines(book.texts.tokens, lines), book.texts.token_list
        if checksum is not None:
            listed = self._list(book, entries[0].bearer, entries[0].bearer, checksum)
        return self.read_once(Texts(tokens, listed), book), [entry.bearer for entry in entries]

    def remove(self, book: Book, alias: str) -> Book:
        """Take a credential's line out of both files. Raises UnknownCredentialError."""
        bearer = book.require_right().get_bearer(alias)
        of_tokens, of_list = (self._unused(book, file, bearer) for file in File)
        of_tokens |= {entry.line for entry in book.tokens if entry.bearer == bearer}
        of_list |= {entry.line for entry in book.listed if entry.bearer == bearer}
        tokens = remove_lines(book.texts.tokens, of_tokens)
        return self.read(Texts(tokens, remove_lines(book.texts.token_list, of_list)))

    def change(self, book: Book, alias: str, change: CredentialChange) -> tuple[Book, str]:
        """Rewrite a credential's line in the files that have to change; gives its token as well.

        Raises UnknownCredentialError, and StoreError when a new part is not valid or not free.
        """
        old_bearer = book.require_right().get_bearer(alias)
        entry = next((e for e in book.tokens if e.bearer == old_bearer), None)
        bearer = old_bearer
        if change.secret is not None:
            bearer = read_token(change.secret.reveal())[1]
        name = change.alias if change.alias is not None else entry.alias if entry else None
        name = name or None
        self._require_line(name, bearer)
        if change.binding is not None:
            _require_checksum(change.binding)
        tokens = book.texts.tokens
        if entry and (name, bearer) != (entry.alias, entry.bearer):
            tokens = replace_lines(tokens, {entry.line: _spell(name, bearer)})
        elif not entry and name:
            tokens = append_lines(tokens, [_spell(name, bearer)])
        if bearer != old_bearer:
            tokens = remove_lines(tokens, self._unused(book, File.TOKENS, old_bearer))
        listed = self._list(book, old_bearer, bearer, change.binding)
        return self.read_once(Texts(tokens, listed), book), bearer

    def _read_input(self, text: str) -> tuple[Entry, ...]:
        """The tokens of a text that somebody gave, at least one; raises StoreError."""
        parsed = parse_tokens(text.encode("utf-8", "surrogatepass"), "input", self.limits)
        problems = (*parsed.problems, *map(_told, parsed.repeats))
        error = self._find_error(parsed.problem_count + len(parsed.repeats), problems)
        if error is None and not parsed.entries:
            error = StoreError(tell("There is no token in the input."), [_of_input(1, _NONE)])
        if error is not None:
            raise error
        return parsed.entries

    def _require_line(self, alias: str | None, bearer: str) -> None:
        """Refuse parts that a line would not give back, such as an alias with a line end in it."""
        entries = self._read_input(_spell(alias, bearer))
        if [(entry.alias, entry.bearer) for entry in entries] != [(alias, bearer)]:
            rule = tell(
                "An alias has no `::`, no line end, no space at either end and no `#` first."
            )
            raise StoreError(rule, [_of_input(1, _ANOTHER_READING)])

    def _list(self, book: Book, old: str, new: str, checksum: str | None) -> bytes:
        """The list with another token or checksum in a token's line; appended if it has none."""
        data = book.texts.token_list
        entry = next((entry for entry in book.listed if entry.bearer == old), None)
        if entry is None:
            return append_lines(data, [f"{new},{checksum}"] if checksum else [])
        checksum = checksum or entry.checksum
        if (new, checksum) == (entry.bearer, entry.checksum):
            return data
        data = replace_lines(data, {entry.line: f"{_spell(entry.alias, new)},{checksum}"})
        return remove_lines(data, self._unused(book, File.LIST, old))

    def _unused(self, book: Book, file: File, bearer: str) -> set[int]:
        """The lines of a file that repeat a token."""
        name = self.names.tokens if file is File.TOKENS else self.names.token_list
        return {
            one.entry.line
            for one in book.repeats
            if one.file == name and one.entry.bearer == bearer and not one.is_used
        }

    def _find_error(self, count: int, problems: Sequence[LineProblem]) -> StoreError | None:
        """`problems` may be fewer than there are."""
        if not count:
            return None
        problems = problems[: self.limits.problems_max]
        if count == 1:
            message = tell("A line cannot be used; nothing was changed.")
        elif count == len(problems):
            message = tell("{count} lines cannot be used; nothing was changed.", count=count)
        else:
            message = tell(
                "{count} lines cannot be used (the first {shown} are named); nothing was changed.",
                count=count,
                shown=len(problems),
            )
        return StoreError(message, problems)


def require_match(book: Book, if_match: str | None) -> None:
    """Raises StaleTextError where the book is not the one with this etag; None fits any."""
    if if_match is not None and if_match != book.texts.etag:
        raise StaleTextError(
            tell("The tokens were changed since you read them; nothing was saved.")
        )


def plan_writes(old: Book, new: Book) -> list[tuple[File, bytes]]:
    """The files to write, in an order in which a crash between two of them loses no device.

    What the list gains is written first, what it loses last, and in between it still has the
    lines of tokens that the old token file names: were one of them gone from the list and, by a
    crash, not yet from the token file, the next load would give it a new checksum.
    """
    both = old.texts.token_list
    if not {(e.bearer, e.checksum) for e in new.listed} <= {
        (e.bearer, e.checksum) for e in old.listed
    }:
        named = {entry.bearer for entry in old.tokens} - {entry.bearer for entry in new.listed}
        lines = split_lines(old.texts.token_list)
        kept = [
            lines[entry.line - 1].decode().strip("\ufeff\r\n")
            for entry in old.listed
            if entry.bearer in named
        ]
        both = append_lines(new.texts.token_list, kept)
    writes = []
    if both != old.texts.token_list:
        writes.append((File.LIST, both))
    if new.texts.tokens != old.texts.tokens:
        writes.append((File.TOKENS, new.texts.tokens))
    if new.texts.token_list != both:
        writes.append((File.LIST, new.texts.token_list))
    return writes


def free_alias(wanted: str | None, bearer: str, taken: AbstractSet[str | None]) -> str:
    """The wanted name, or one made of it and of the token's fingerprint where it is taken."""
    if wanted is not None and wanted not in taken:
        return wanted
    fingerprint = fingerprint_of(bearer)
    names = [f"{wanted or 'token'}-{fingerprint[:digits]}" for digits in _NAME_DIGITS]
    return next((name for name in names if name not in taken), names[-1])


def _spell(alias: str | None, bearer: str) -> str:
    return f"{alias}::{bearer}" if alias else bearer


def _of_input(line: int, problem: Problem) -> LineProblem:
    return LineProblem.of("input", line, problem)


def _told(repeat: Repeat) -> LineProblem:
    return LineProblem.of(repeat.file, repeat.entry.line, repeat.problem)


def _known(line: int) -> Problem:
    text = f"line {line} of the token file has this token"
    return Problem(ProblemCode.KNOWN, text, str(line))


def _require_checksum(text: str) -> None:
    if not is_checksum(text):
        raise StoreError(tell("The checksum cannot be used."), [_of_input(1, NOT_A_CHECKSUM)])
