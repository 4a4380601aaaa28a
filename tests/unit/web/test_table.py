"""The table of all addresses."""

from __future__ import annotations

from starlette.routing import Route

from cursor_api.installed import DIALECTS
from cursor_api.web.inference.counting import CountsTokens
from cursor_api.web.table import INFERENCE_FOLDER
from tests.house import House


def test_no_management_address_is_in_the_folder_that_is_open_to_pages() -> None:
    """What is below /v1/ is a dialect's, a kept answer, the list of models, or one's own usage."""
    routes = [route.path for route in House().app._rest.routes if isinstance(route, Route)]
    inside = {path for path in routes if path.startswith(INFERENCE_FOLDER)}
    own = {path for dialect in DIALECTS for path in dialect.paths}
    counts = {one.count_path for one in DIALECTS if isinstance(one, CountsTokens)}
    kept = {path for path in inside if path.startswith("/v1/responses/")}
    others = {"/v1/models", "/v1/models/{model_id:path}", "/v1/usage"}
    assert inside == {*own, *counts, *kept, *others}
