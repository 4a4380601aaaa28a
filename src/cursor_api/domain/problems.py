"""What can be wrong with stored credentials, as closed sets of codes.

A person reads the sentence, which is English; a page that speaks another language looks the code up
in its own table and puts the values into what it finds there.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from cursor_api.domain.value import Value


class ProblemCode(enum.Enum):
    """The closed set. Where one has a value, it stands behind it."""

    # the text itself
    NOT_UTF8 = "not_utf8"
    UTF16 = "utf16"
    CONTROL = "control"  # the character's number and name
    MANY_LINES = "many_lines"  # how many are allowed
    LONG_LINE = "long_line"  # how many bytes are allowed
    # the form of a line
    COMMA = "comma"
    TWO_COMMAS = "two_commas"
    TWO_COLONS = "two_colons"
    NOTHING = "nothing"
    SWAPPED = "swapped"
    SECOND = "second"
    ANOTHER_READING = "another_reading"
    # the token
    SPACE = "space"  # the character's number and name
    CHARACTER = "character"  # the same
    HASH = "hash"
    QUOTE = "quote"
    SEVERAL = "several"
    ENCODED = "encoded"
    NAMED = "named"
    OTHER_SERVICE = "other_service"
    SEALED = "sealed"
    # the alias
    LONG_ALIAS = "long_alias"  # how many characters are allowed
    INVISIBLE = "invisible"  # the character's number and name
    IMPOSSIBLE_ALIAS = "impossible_alias"
    # what it is bound to
    NO_BINDING = "no_binding"
    BAD_BINDING = "bad_binding"
    BINDING_ALONE = "binding_alone"
    OTHER_BINDING = "other_binding"
    # what is there already
    AGAIN = "again"  # the line that has it
    AGAIN_OTHERWISE = "again_otherwise"  # the same, with another binding
    ALIAS_AGAIN = "alias_again"  # the line that has it
    KNOWN = "known"  # the line of the file
    TAKEN = "taken"  # the alias that has it
    ALIAS_TAKEN = "alias_taken"
    MANY = "many"  # how many are allowed at once


class Problem(Value, frozen=True):
    """What is wrong. `text` is a sentence in English; neither it nor `value` holds a secret."""

    code: ProblemCode
    text: str
    value: str = ""

    def __str__(self) -> str:
        return self.text


class NoticeCode(enum.Enum):
    """What is told of a store as a whole. Where one has values, they stand behind it."""

    # it serves, and its owner should know
    OPEN_TO_OTHERS = "open_to_others"  # path, mode
    SET_ASIDE = "set_aside"  # path, aside
    OLD_MOUNT = "old_mount"  # path
    LINE_REPEATED = "line_repeated"  # path, lines
    ALIAS_REPEATED = "alias_repeated"  # path, lines
    NOT_SEALED = "not_sealed"  # path, cause
    STATE_NOT_SAVED = "state_not_saved"  # cause
    ROW_NO_KEY = "row_no_key"  # count, key, name
    ROW_OTHER_KEY = "row_other_key"  # names, count, key
    ROW_ALTERED = "row_altered"  # name, row, key
    ROW_DOUBLE = "row_double"  # name, row
    NOT_COPIED = "not_copied"  # path
    # it cannot be read
    TOO_LARGE = "too_large"  # path, size, limit
    UNREADABLE = "unreadable"  # path, cause
    SAME_FILE = "same_file"  # path
    SEALED_NO_KEY = "sealed_no_key"  # path, lines, key
    SEALED_OTHER_KEY = "sealed_other_key"  # path, lines, key
    SEALED_ALTERED = "sealed_altered"  # path, lines, key


class Notice(Value, frozen=True):
    """What is told. `text` is in English, `values` are the parts that are no words of it."""

    code: NoticeCode
    text: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        return self.text
