"""A sentence knows the words and the facts that it is made of."""

from __future__ import annotations

import msgspec
import pytest

from cursor_api.options.said import encode_said, fill, tell, told_by, translate

TABLE = {"has {count} of {what}": "{what}有 {count} 个", "apples": "苹果", "is empty": "是空的"}


def test_it_is_the_english_sentence() -> None:
    """Whoever knows nothing of other languages reads it as a text."""
    assert tell("has {count} of {what}", count=3, what="apples") == "has 3 of apples"
    assert tell("has { in it") == "has { in it"


def test_it_is_said_in_other_words() -> None:
    """With its facts in their places, which may be such sentences themselves."""
    said = tell("has {count} of {what}", count=3, what=tell("apples"))
    assert translate(said, TABLE) == "苹果有 3 个"
    assert translate(tell("is empty"), TABLE) == "是空的"
    # A fact is no sentence, whatever it looks like.
    plain = tell("has {count} of {what}", count=3, what="apples")
    assert translate(plain, TABLE) == "apples有 3 个"


def test_one_of_a_table_gets_its_facts_later() -> None:
    """It has the words that it had there."""
    said = fill(tell("has {count} of {what}"), count=3, what=tell("apples"))
    assert said == "has 3 of apples"
    assert translate(said, TABLE) == "苹果有 3 个"


def test_it_goes_into_json_as_a_text() -> None:
    """And nothing else does that has no form there."""
    assert msgspec.json.encode({"said": tell("is empty")}, enc_hook=encode_said) == (
        b'{"said":"is empty"}'
    )
    with pytest.raises(NotImplementedError, match="object is no JSON"):
        msgspec.json.encode(object(), enc_hook=encode_said)


def test_what_has_no_other_words_stays() -> None:
    """A sentence that the table lacks, and a text that is none."""
    assert translate(tell("is {colour}", colour="red"), TABLE) == "is red"
    assert translate("is empty", TABLE) == "is empty"


def test_an_error_is_asked_for_what_it_was_raised_with() -> None:
    """Its text has forgotten the words."""
    assert translate(told_by(ValueError(tell("is empty"))), TABLE) == "是空的"
    assert told_by(ValueError()) == ""
    assert told_by(OSError(2, "gone")) == "[Errno 2] gone"
