from __future__ import annotations

from cursor_api.simulator.cursor.directives import LANGUAGE, OUTDATED
from cursor_api.simulator.directives import (
    ERROR_DIRECTIVES,
    FRAME_DIRECTIVES,
    NUMBERED_DIRECTIVES,
    STREAM_DIRECTIVES,
)
from cursor_api.simulator.faults import Faults


def test_an_outdated_client_can_be_asked_for() -> None:
    """Dashed in a token or in a message, and shown in the manual among the errors."""
    outdated = Faults(error_before_text=1, error_number=28)
    assert LANGUAGE.token_faults("sim-outdated", Faults()) == outdated
    assert LANGUAGE.apply("OUTDATED", Faults()) == outdated
    assert OUTDATED.spelling in LANGUAGE.manual
    assert OUTDATED.meaning in LANGUAGE.manual


def test_every_word_of_the_simulator_is_known() -> None:
    """And the credential is what Cursor's users call it."""
    own = {*NUMBERED_DIRECTIVES, OUTDATED, *FRAME_DIRECTIVES}
    assert set(LANGUAGE.rows) == {*ERROR_DIRECTIVES, *STREAM_DIRECTIVES, *own}
    assert "as a session token" in LANGUAGE.manual
