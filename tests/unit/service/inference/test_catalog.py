"""The catalogue: what models there are, and which routes lead to each."""

from __future__ import annotations

import pytest

from cursor_api.domain.catalog import Model, NamedModel, Route
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import Feature
from cursor_api.service.inference.catalog import (
    COMPARED_CHARS_MAX,
    COMPARED_COUNT_MAX,
    MODELS_PER_ENDPOINT_MAX,
    OWN,
    Catalog,
)
from tests.endpoints import catalog_of

NONE: frozenset[Feature] = frozenset()


def listed(*names: str) -> tuple[Model, ...]:
    """Models of these names."""
    return tuple(Model(name, "owner", 1) for name in names)


def test_models_keep_the_endpoints_order_and_the_first_to_serve_a_name_comes_first() -> None:
    """Users put the endpoint they prefer first."""
    catalog = catalog_of({"one": listed("b", "a"), "two": listed("a", "c")})
    assert [model.id for model in catalog.models] == ["b", "a", "c"]
    assert catalog.resolve("a") == (Route("one", "a"), Route("two", "a"))
    assert catalog.resolve("c") == (Route("two", "c"),)
    assert catalog.get_model("c").routes == (Route("two", "c"),)


def test_a_route_can_be_named() -> None:
    """`endpoint/model` leads there and nowhere else, and is not listed."""
    catalog = catalog_of({"one": listed("a"), "two": listed("a")})
    assert catalog.resolve("two/a") == (Route("two", "a"),)
    assert [model.id for model in catalog.models] == ["a"]


def test_the_operator_s_own_names_come_first() -> None:
    """With their routes in the order given; aliases mean the same and are not listed."""
    routes = (Route("two", "a"), Route("one", "b"))
    catalog = Catalog([NamedModel("fast", routes, ("quick",)), NamedModel("a", routes[:1])])
    catalog.put("one", listed("a", "b"))
    assert [model.id for model in catalog.models] == ["fast", "a", "b"]
    assert catalog.resolve("fast") == catalog.resolve("quick") == routes
    assert catalog.resolve("a") == routes[:1]
    assert catalog.get_model("fast").owned_by == OWN


def test_an_endpoint_s_models_have_its_own_names_for_them() -> None:
    """Those it lists, and those that the operator's routes lead to."""
    catalog = Catalog([NamedModel("fast", (Route("two", "a"), Route("one", "b")))])
    catalog.use(
        [NamedModel("fast", (Route("two", "a"), Route("one", "b")))], {"one": NONE, "two": NONE}
    )
    catalog.put("one", [Model("c", "owner", 1)])
    assert catalog.names_at("one") == ["c", "b"]
    assert catalog.names_at("two") == ["a"]
    assert catalog.names_at("three") == []


def test_a_list_is_replaced_while_requests_go_on() -> None:
    """An upstream's models may change; an endpoint that is gone takes its models along."""
    catalog = catalog_of({"one": listed("a"), "two": listed("b")})
    catalog.put("one", listed("c"))
    assert [model.id for model in catalog.models] == ["c", "b"]
    assert catalog.models_of("one") == listed("c")
    catalog.use((), {"two": NONE})
    assert [model.id for model in catalog.models] == ["b"]
    assert catalog.models_of("one") == ()


def test_a_list_is_bounded() -> None:
    """Whatever an upstream says that it serves."""
    catalog = catalog_of({"one": listed(*map(str, range(MODELS_PER_ENDPOINT_MAX + 9)))})
    assert len(catalog.models) == MODELS_PER_ENDPOINT_MAX


def test_an_unknown_model_names_the_nearest() -> None:
    """A typing mistake is mended by reading the error."""
    catalog = catalog_of({"one": listed("gpt-4o", "claude-3-opus")})
    with pytest.raises(Fault, match="Did you mean gpt-4o") as caught:
        catalog.resolve("gpt4o")
    assert (caught.value.kind, caught.value.param) == (FaultKind.MODEL_NOT_FOUND, "model")
    with pytest.raises(Fault, match="/v1/models"):
        catalog.get_model("zzzzzzz")
    with pytest.raises(Fault, match=r"'gpt4o' does not exist. GET"):
        catalog.get_model("gpt4o", tells_near=False)


def test_a_hostile_model_name_is_quoted_and_cut() -> None:
    """The name comes from the caller and goes into a message."""
    with pytest.raises(Fault) as caught:
        Catalog().resolve("x\n" * 10_000)
    assert len(caught.value.message) < 600
    assert "\n" not in caught.value.message


def test_a_name_longer_than_any_is_compared_with_none() -> None:
    """It may be all of an address, and comparing takes quadratic time."""
    name = "".join(chr(97 + n % 26) * (n % 5) for n in range(100))
    catalog = catalog_of({"one": listed(name)})
    with pytest.raises(Fault, match="Did you mean"):
        catalog.get_model(name[1:])
    with pytest.raises(Fault, match="/v1/models lists all"):
        catalog.get_model(name + "x" * COMPARED_CHARS_MAX)


def test_endpoint_and_model_name_one_route_whatever_else_is_called_so() -> None:
    """A reseller's model may have the name of another endpoint in it: it is not failed over to."""
    lists = {"reseller": listed("first/a", "b"), "first": listed("a")}
    catalog = catalog_of(lists)
    assert catalog.resolve("first/a") == (Route("first", "a"),)
    assert catalog.resolve("reseller/first/a") == (Route("reseller", "first/a"),)
    assert "first/a" not in [model.id for model in catalog.models]


def test_every_name_of_a_request_is_a_models() -> None:
    """An alias, and a route; only those without one are unknown."""
    catalog = Catalog([NamedModel("fast", (Route("one", "a"),), ("quick",))])
    catalog.put("one", listed("a"))
    for name in ("quick", "one/a"):
        assert catalog.get_model(name) == Model(name, "owner", 1, None, NONE, (Route("one", "a"),))
    with pytest.raises(Fault):
        catalog.get_model("two/a")


def test_an_unknown_name_is_compared_with_a_bounded_number() -> None:
    """Resellers list thousands, and everybody waits for a comparison."""
    catalog = catalog_of({"one": listed(*(f"model-{number}" for number in range(4000)))})
    with pytest.raises(Fault, match="Did you mean model-1"):
        catalog.resolve("model-1x")
    with pytest.raises(Fault) as caught:
        catalog.resolve(f"model-{COMPARED_COUNT_MAX + 3600}x")
    assert f"model-{COMPARED_COUNT_MAX + 3600}," not in caught.value.message


def test_a_pattern_leads_to_every_model_that_fits_it() -> None:
    """With the same text in its routes; it is no model itself, and exact names come before it."""
    routes = (Route("two", "vendor/*"), Route("one", "x-*"))
    catalog = Catalog([NamedModel("x-*", routes, ("any-*-x",)), NamedModel("x-own", routes[1:])])
    assert catalog.models == (catalog.get_model("x-own"),)
    assert catalog.resolve("x-5") == (Route("two", "vendor/5"), Route("one", "x-5"))
    assert catalog.resolve("any-5-x") == catalog.resolve("x-5")
    assert catalog.resolve("x-own") == (Route("one", "x-*"),)
    assert catalog.resolve("x-") == (Route("two", "vendor/"), Route("one", "x-"))
    for name in ("y-5", "any-x", "x"):
        with pytest.raises(Fault):
            catalog.resolve(name)


def test_a_pattern_leads_only_to_who_lists_the_model_where_anybody_does() -> None:
    """And comes before the endpoints' own names, which are listed all the same."""
    catalog = Catalog([NamedModel("*", (Route("one", "*"), Route("two", "*")))])
    catalog.use(
        [NamedModel("*", (Route("one", "*"), Route("two", "*")))], {"one": NONE, "two": NONE}
    )
    catalog.put("two", listed("a"))
    assert catalog.resolve("a") == (Route("two", "a"),)
    assert catalog.resolve("b") == (Route("one", "b"), Route("two", "b"))
    assert catalog.resolve("two/a") == (Route("two", "a"),)
    assert [model.id for model in catalog.models] == ["a"]


def test_a_model_can_do_what_one_of_its_routes_can() -> None:
    """Unless its upstream says more exactly what it can."""
    catalog = Catalog()
    tools, images = frozenset({Feature.TOOLS}), frozenset({Feature.IMAGES})
    catalog.use((), {"one": tools, "two": images})
    catalog.put("one", [Model("a", "o", 1, 9), Model("b", "o", 1, features=NONE)])
    catalog.put("two", listed("a"))
    assert catalog.get_model("a").features == tools | images
    assert catalog.get_model("a").context_count == 9
    assert catalog.get_model("b").features == NONE


def test_an_endpoint_may_list_how_names_begin() -> None:
    """A model with parameters behind its name is asked for as it is called; nothing is shown."""
    catalog = catalog_of({"one": listed("a", "a:*", "*"), "two": listed("a", "b", "a:x")})
    assert [model.id for model in catalog.models] == ["a", "b", "a:x"]
    assert catalog.names_at("one") == ["a"]
    assert catalog.resolve("a:fast,effort=high") == (Route("one", "a:fast,effort=high"),)
    assert catalog.resolve("one/a:fast") == (Route("one", "a:fast"),)
    assert catalog.resolve("a:x") == (Route("two", "a:x"),)
    assert catalog.get_model("a:fast").routes == (Route("one", "a:fast"),)
    for name in ("b:fast", "two/a:fast", "other"):
        with pytest.raises(Fault, match="does not exist"):
            catalog.resolve(name)
