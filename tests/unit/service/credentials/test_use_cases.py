"""What the operator does with credentials, over real stores that forget."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cursor_api.domain.credential import Credential, CredentialChange, Secret
from cursor_api.domain.credential_health import Cooldown, Preferences
from cursor_api.domain.errors import Fault, FaultKind, LineProblem, StoreAwayError, StoreError
from cursor_api.service.credentials.report import State
from cursor_api.service.credentials.use_cases import (
    ADDED_COUNT_MAX,
    SLICE_COUNT,
    Keep,
    Order,
    PreferenceChange,
    Undo,
)
from cursor_api.stores.files.pool_state import FilePoolStateStore
from tests.endpoints import FAKE
from tests.unit.service.credentials.office import Office, checksum

NOTHING = CredentialChange()
NO_WISH = PreferenceChange()


async def problems_of(office: Office, text: str, checksum: str | None = None) -> dict[int, str]:
    """By line, from the preview; adding must refuse the same lines and store nothing."""
    preview = await office.credentials.preview(text, checksum)
    found = {line.line: line.problem for line in preview.lines if line.problem}
    before = await office.tokens()
    if preview.can_add:
        return {}
    with pytest.raises(StoreError) as caught:
        await office.credentials.add(text, checksum)
    assert await office.tokens() == before
    assert {problem.file for problem in caught.value.problems} == {"input"}
    if preview.lines:
        assert {item.line: item.problem for item in caught.value.problems} == found
    return found


async def test_a_page_is_some_of_all_in_order() -> None:
    """As in the file, or those that are used first; the instants count from `now`."""
    office = Office("abcd")
    office.pool.set_preferences("c", Preferences(priority=5))
    office.pool.set_preferences("a", Preferences(priority=-5))
    assert await office.aliases() == "a b c d"
    assert await office.aliases(Order.PRIORITY) == "c b d a"
    assert await office.aliases(Order.PRIORITY, 1, 2) == "b d"
    assert await office.aliases(offset=4) == ""
    before = office.clock.seconds
    page = await office.credentials.list(Order.FILE, 1, 1)
    assert page.total_count == 4
    assert page.now.timestamp() == before + 1
    assert (page.warnings, page.trouble) == ((), None)
    assert [(one.name, one.state.value) for one in page.upstreams] == [("fake", "closed")]


async def test_a_long_page_lets_others_have_a_turn() -> None:
    """And misses nobody at the seams."""
    office = Office("")
    count = SLICE_COUNT * 2 + 3
    office.pools.replace(
        [Credential(f"n{n}", Secret(f"t{n}"), checksum(n), FAKE) for n in range(count)]
    )
    page = await office.credentials.list(Order.FILE, 0, count)
    assert [item.alias for item in page.credentials] == [f"n{n}" for n in range(count)]


async def test_an_endpoint_that_goes_while_a_page_is_made_is_still_on_it() -> None:
    """A reload may come in between: the page is of the moment in which it was asked for."""
    office = Office("")
    count = SLICE_COUNT + 1
    office.pools.replace(
        [Credential(f"n{n}", Secret(f"t{n}"), checksum(n), FAKE) for n in range(count)]
    )
    making = asyncio.create_task(office.credentials.list(Order.FILE, 0, count))
    await asyncio.sleep(0)
    office.endpoints.replace(())
    office.pools.replace(())
    assert len((await making).credentials) == count


async def test_a_page_tells_what_is_wrong_with_the_files() -> None:
    """The old credentials serve on, and the owner sees why the new ones do not."""
    office = Office()
    problem = LineProblem(".token", 3, "a space inside the token")
    office.roster.trouble = StoreError("A line cannot be used.", [problem])
    trouble = (await office.credentials.list(Order.FILE, 0, 9)).trouble
    assert trouble is not None
    assert (trouble.message, trouble.problems) == ("A line cannot be used.", (problem,))


def test_an_unknown_alias_is_not_found() -> None:
    """Whatever was to be done with it."""
    office = Office()
    for action in (office.credentials.get, office.credentials.clear):
        with pytest.raises(Fault) as caught:
            action("nobody")
        assert caught.value.kind is FaultKind.NOT_FOUND


async def test_an_unknown_alias_is_neither_changed_nor_removed() -> None:
    """And the files are as they were."""
    office = Office()
    before = await office.tokens()
    for action in (
        office.credentials.change("nobody", CredentialChange(alias="x"), NO_WISH),
        office.credentials.remove("nobody"),
        office.credentials.test("nobody", None),
    ):
        with pytest.raises(Fault) as caught:
            await action
        assert caught.value.kind is FaultKind.NOT_FOUND
    assert await office.tokens() == before


async def test_what_was_added_elsewhere_a_moment_ago_is_found() -> None:
    """At another worker or node: as soon as somebody names it, and only then the store is asked."""
    office = Office("a")
    looks = 0

    async def has_changed() -> bool:
        nonlocal looks
        looks += 1
        return True

    office.store.has_changed = has_changed  # type: ignore[method-assign]
    await office.store.add("b::token-of-b")
    await office.credentials.look_for("a")
    assert looks == 0
    await office.credentials.look_for("b")
    assert office.credentials.get("b").alias == "b"


async def test_who_cannot_be_looked_for_is_not_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away says so; those that are known are found all the same."""
    office = Office("a")

    async def refuse() -> bool:
        raise StoreAwayError("no answer")

    monkeypatch.setattr(office.store, "has_changed", refuse)
    await office.credentials.look_for("a")
    with pytest.raises(StoreAwayError):
        await office.credentials.look_for("b")


async def test_what_is_added_serves_at_once() -> None:
    """Several spellings in one text; the answer is what was added, masked."""
    office = Office()
    text = "# mine\nwork::a-new-token-0123456789\n\nWorkosCursorSessionToken=user_9%3A%3Aother;\n"
    preview = await office.credentials.preview(text)
    assert preview.can_add
    assert [(line.line, line.alias, line.problem) for line in preview.lines] == [
        (2, "work", None),
        (4, "user_9", None),
    ]
    assert await office.aliases() == "a b"
    added = await office.credentials.add(text)
    assert [item.alias for item in added] == ["work", "user_9"]
    assert added[0].secret == "a-ne…6789"
    assert await office.aliases() == "a b work user_9"
    assert (await office.tokens())[2:] == ["work::a-new-token-0123456789", "user_9::other"]


async def test_a_device_comes_with_the_only_token() -> None:
    """In its line or beside it; another one each way is a mistake."""
    office = Office()
    (one,) = await office.credentials.add(f"\nx,{checksum(7)}")
    assert office.pool.get_slot(one.alias).credential.binding == checksum(7)
    await office.credentials.add("y::y", checksum(8))
    assert office.pool.get_slot("y").credential.binding == checksum(8)
    assert await problems_of(office, f"z,{checksum(1)}", checksum(2)) == {
        1: "another checksum than the one given for it"
    }
    assert "known form" in (await problems_of(office, "\n\nz,abc"))[3]
    assert "added alone" in (await problems_of(office, f"q\nz,{checksum(1)}"))[2]
    assert "a second token" in (await problems_of(office, "q\nz", checksum(1)))[2]


async def test_every_line_that_cannot_be_added_is_named() -> None:
    """With the reason, in the preview and in the refusal alike, and no secret in either."""
    office = Office()
    text = "ok::fine\nbad token\nz::token-of-a\na::free\n..::dots\nok::twice"
    found = await problems_of(office, text)
    assert "space" in found[2]
    assert found[3] == "this token is there already, as 'a'"
    assert found[4] == "another credential has this alias"
    assert "address" in found[5]
    assert "alias of line 1 again" in found[6]
    assert "token-of-a" not in str(found)


async def test_an_accounts_name_may_come_twice() -> None:
    """It was chosen by nobody; the second credential gets a name of its own."""
    office = Office()
    await office.credentials.add("user_1::one")
    (second,) = await office.credentials.add("user_1%3A%3Atwo")
    assert second.alias.startswith("user_1-")


async def test_nothing_to_add_is_a_mistake() -> None:
    """An empty text, or comments only."""
    office = Office()
    for text in ("", "\n\n", "# only a comment"):
        preview = await office.credentials.preview(text)
        assert (preview.lines, preview.can_add) == ((), False)
        assert await problems_of(office, text) == {}


async def test_too_many_tokens_at_once_are_refused() -> None:
    """A text of that length is a file, and has its own address."""
    office = Office("")
    lines = [f"t{number}" for number in range(ADDED_COUNT_MAX + 1)]
    assert (await office.credentials.preview("\n".join(lines[:-1]))).can_add
    found = await problems_of(office, "\n".join(lines))
    assert found == {ADDED_COUNT_MAX + 1: f"more than {ADDED_COUNT_MAX} tokens at once"}


async def test_wishes_change_one_by_one() -> None:
    """What is not named stays; a limit can be taken away; the pool's memory has a new state."""
    office = Office()
    revision = office.pool.revision
    wish = PreferenceChange(priority=3, weight=2, concurrency_max=4)
    shown = await office.credentials.change("a", NOTHING, wish)
    assert (shown.priority, shown.weight, shown.concurrency_max, shown.enabled) == (3, 2, 4, True)
    assert office.pool.revision == revision + 1
    shown = await office.credentials.change("a", NOTHING, PreferenceChange(is_enabled=False))
    assert (shown.priority, shown.concurrency_max, shown.state) == (3, 4, State.DISABLED)
    shown = await office.credentials.change("a", NOTHING, PreferenceChange(concurrency_max=None))
    assert shown.concurrency_max is None
    revision = office.pool.revision
    await office.credentials.change("a", NOTHING, PreferenceChange(concurrency_max=Keep.KEEP))
    assert office.pool.revision == revision


async def test_a_renamed_credential_keeps_everything() -> None:
    """State, device and preferences; a wish of the same request counts as well."""
    office = Office()
    office.pool.get_slot("a").cooldowns["m"] = Cooldown(9e9, 1, "rate_limited")
    office.pool.set_preferences("a", Preferences(weight=7))
    shown = await office.credentials.change(
        "a", CredentialChange(alias="ünï/x"), PreferenceChange(priority=1)
    )
    assert (shown.alias, shown.weight, shown.priority) == ("ünï/x", 7, 1)
    assert shown.state is State.COOLING
    assert await office.tokens() == ["ünï/x::token-of-a", "b::token-of-b"]


async def test_a_renewed_credential_keeps_its_wishes_and_its_device() -> None:
    """Its record begins anew: the old token's faults are not its own."""
    office = Office()
    office.pool.get_slot("a").cooldowns["m"] = Cooldown(9e9, 1, "rate_limited")
    office.pool.set_preferences(
        "a", Preferences(priority=2, weight=7, concurrency_max=3, is_enabled=False)
    )
    change = CredentialChange(secret=Secret("Bearer user_1%3A%3Anew-token\n"))
    shown = await office.credentials.change("a", change, PreferenceChange(is_enabled=True))
    assert (shown.alias, shown.state, shown.cooldowns) == ("a", State.HEALTHY, ())
    assert (shown.priority, shown.weight, shown.concurrency_max) == (2, 7, 3)
    credential = office.pool.get_slot("a").credential
    assert (credential.secret.reveal(), credential.binding) == ("new-token", checksum(0))


async def test_a_device_can_be_given() -> None:
    """Beside the token, or in its line."""
    office = Office()
    await office.credentials.change("a", CredentialChange(binding=checksum(5)), NO_WISH)
    assert office.pool.get_slot("a").credential.binding == checksum(5)
    change = CredentialChange(secret=Secret(f"new,{checksum(6)}"))
    await office.credentials.change("a", change, NO_WISH)
    assert office.pool.get_slot("a").credential.binding == checksum(6)


@pytest.mark.parametrize(
    ("change", "kind", "param"),
    [
        (CredentialChange(alias="b"), FaultKind.CONFLICT, "alias"),
        (CredentialChange(secret=Secret("token-of-b")), FaultKind.CONFLICT, "token"),
        (CredentialChange(secret=Secret("x::token-of-b")), FaultKind.CONFLICT, "token"),
        (CredentialChange(secret=Secret("one\ntwo")), FaultKind.INVALID_REQUEST, "token"),
        (CredentialChange(secret=Secret("")), FaultKind.INVALID_REQUEST, "token"),
        (CredentialChange(alias=".."), FaultKind.INVALID_REQUEST, "alias"),
    ],
)
async def test_a_change_that_cannot_be_made_changes_nothing(
    change: CredentialChange, kind: FaultKind, param: str
) -> None:
    """Not even the preferences that came with it."""
    office = Office()
    before = await office.tokens()
    with pytest.raises(Fault) as caught:
        await office.credentials.change("a", change, PreferenceChange(priority=9))
    assert (caught.value.kind, caught.value.param) == (kind, param)
    assert "token-of" not in caught.value.message
    assert await office.tokens() == before
    assert office.credentials.get("a").priority == 0


@pytest.mark.parametrize("alias", ["a::b", " x", "#x", "x\ny", "\x00", "a,b", "x" * 500])
async def test_an_alias_that_no_line_can_hold_is_refused(alias: str) -> None:
    """The store knows its lines; the problem is the input's."""
    office = Office()
    with pytest.raises(StoreError) as caught:
        await office.credentials.change("a", CredentialChange(alias=alias), NO_WISH)
    assert {problem.file for problem in caught.value.problems} == {"input"}
    assert await office.aliases() == "a b"


async def test_its_own_alias_and_token_are_no_conflict() -> None:
    """A form that sends everything changes nothing."""
    office = Office()
    change = CredentialChange(alias="a", secret=Secret("token-of-a"))
    assert (await office.credentials.change("a", change, NO_WISH)).alias == "a"


async def test_an_alias_can_be_taken_away() -> None:
    """A made-up name comes in its place, and the answer says which."""
    office = Office()
    shown = await office.credentials.change("a", CredentialChange(alias=""), NO_WISH)
    assert shown.alias.startswith("token-")
    assert (await office.tokens())[0] == "token-of-a"


async def test_a_removal_can_be_taken_back() -> None:
    """With its device, its preferences and what was learnt of it."""
    office = Office()
    office.pool.get_slot("a").cooldowns["m"] = Cooldown(9e9, 1, "rate_limited")
    office.pool.set_preferences("a", Preferences(weight=7))
    removal = await office.credentials.remove("a")
    assert removal.removed == "a"
    assert await office.aliases() == "b"
    (back,) = await office.credentials.add(removal.undo.text, removal.undo.binding)
    assert (back.alias, back.weight, back.state) == ("a", 7, State.COOLING)
    assert office.pool.get_slot("a").credential.binding == checksum(0)
    assert repr(removal.undo) == repr(Undo("x", "y"))


async def test_clearing_ends_what_the_pool_learnt() -> None:
    """Cooldown and quarantine; a person says that it is well."""
    office = Office()
    office.pool.get_slot("a").cooldowns["m"] = Cooldown(9e9, 1, "rate_limited")
    shown = office.credentials.clear("a")
    assert (shown.state, shown.cooldowns) == (State.HEALTHY, ())


async def test_what_another_process_has_just_set_is_what_is_changed(tmp_path: Path) -> None:
    """Off here and on there, at once: it is on at both, and not only what the answer says."""
    one, two = (Office(memory=FilePoolStateStore(tmp_path / "state")) for _ in range(2))
    off, on = PreferenceChange(is_enabled=False), PreferenceChange(is_enabled=True)
    await one.credentials.change("a", NOTHING, off)
    assert (await two.credentials.change("a", NOTHING, on)).enabled
    # As their watches do it.
    await one.roster.save()
    await two.roster.save()
    assert one.pool.get_slot("a").preferences.is_enabled
    assert two.pool.get_slot("a").preferences.is_enabled
