"""OpenAI's Python SDK as a program: orders in, one JSON object a line, and answers out.

Works with the newest generation and with 1.x; which of them is used is a matter of the import
path. See `sdk_clients.py` for the orders.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import openai
from pydantic import BaseModel

Json = dict[str, Any]


def follow(order: Json) -> Json:
    """Do what an order says; what came of it."""
    started = time.monotonic()
    told: Json = {"chunks": []}
    try:
        client = _client(order)
        if order.get("call") == "models":
            told["answer"] = client.models.list().model_dump()
        elif order.get("call") == "model":
            told["answer"] = client.models.retrieve(**order["body"]).model_dump()
        elif order.get("call") == "embeddings":
            told["answer"] = client.embeddings.create(**order["body"]).model_dump()
        elif order.get("call", "").startswith("response"):
            _respond(client, order, told)
        else:
            _chat(client, order, told)
    except openai.APIError as error:
        told["error"] = {
            "type": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "code": getattr(error, "code", None),
            "param": getattr(error, "param", None),
            "message": error.message,
        }
    told["seconds"] = time.monotonic() - started
    return told


def _client(order: Json) -> openai.OpenAI:
    options = {
        name: order[given]
        for name, given in (("max_retries", "max_retries"), ("timeout", "timeout_s"))
        if given in order
    }
    return openai.OpenAI(base_url=order["base_url"], api_key=order["key"], **options)


def _chat(client: openai.OpenAI, order: Json, told: Json) -> None:
    arguments = {**order["body"], "extra_headers": order.get("headers", {})}
    if order.get("call") == "helper":
        with client.chat.completions.stream(**arguments) as stream:
            told["answer"] = stream.get_final_completion().model_dump()
    elif order["body"].get("stream"):
        stream = client.chat.completions.create(**arguments)
        for chunk in stream:
            told["chunks"].append(chunk.model_dump(exclude_unset=True))
            if len(told["chunks"]) == order.get("leave_after"):
                stream.close()
                return
    else:
        told["answer"] = client.chat.completions.create(**arguments).model_dump()


class Place(BaseModel):
    """What `parse` is asked for."""

    place: str


def _respond(client: openai.OpenAI, order: Json, told: Json) -> None:
    body, responses = order["body"], client.responses
    match order["call"]:
        case "response_helper":
            with responses.stream(**body) as stream:
                told["answer"] = stream.get_final_response().model_dump(mode="json")
        case "response_parse":
            parsed = responses.parse(text_format=Place, **body)
            place = parsed.output_parsed
            told["answer"] = {"parsed": place and place.model_dump()}
        case "response_read":
            told["answer"] = responses.retrieve(body["id"]).model_dump(mode="json")
            told["chunks"] = [one.model_dump() for one in responses.input_items.list(body["id"])]
            responses.delete(body["id"])
        case "response_count":
            told["answer"] = responses.input_tokens.count(**body).model_dump(mode="json")
        case _ if body.get("stream"):
            told["chunks"] = [one.model_dump(mode="json") for one in _created(client, body)]
        case _:
            told["answer"] = _created(client, body).model_dump(mode="json")


def _created(client: openai.OpenAI, body: Json) -> Any:
    """An answer, or the events of one."""
    return client.responses.create(**body)


def main() -> None:
    """Say which version this is, then follow orders until there are no more."""
    out = sys.stdout
    print(json.dumps({"version": openai.__version__}), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(follow(json.loads(line))), file=out, flush=True)


if __name__ == "__main__":
    main()
