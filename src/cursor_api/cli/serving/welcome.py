"""What the demo tells a newcomer: where it is, and what to paste next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cursor_api.cli.terminal.language import say
from cursor_api.settings.report import display_width, wrap

WIDTH: Final = 100
ASK: Final = """\
  curl -N {url}/v1/chat/completions \\
    -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
    -d '{{"model": "gpt-4o-mini", "stream": true,
         "messages": [{{"role": "user", "content": "{question}"}}]}}'"""
CALL: Final = """\
  curl {url}/v1/chat/completions \\
    -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
    -d '{{"model": "gpt-demo",
         "messages": [{{"role": "user", "content": "{question}"}}],
         "tools": [{{"type": "function", "function": {{"name": "get_weather", "parameters":
           {{"type": "object", "properties": {{"city": {{"type": "string"}}}}}}}}}}]}}'"""
PYTHON: Final = """\
  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="{key}")
  answer = client.chat.completions.create(
      model="gpt-4o-mini", messages=[{{"role": "user", "content": "{question}"}}]
  )
  print(answer.choices[0].message.content)"""

AGENTS: Final = (
    "You can also try an agent with it. All simulated models but those of `cursor` call tools: they"
    " read files that you name, run commands that you quote, search, ask for the weather, fill JSON"
    " schemas, and answer from the results, in English and 中文."
)
FAULTS: Final = (
    "Send the message /sim for a list of faults that you can trigger, such as"
    " /sim 429 retry-after 2"
)


class Served(NamedTuple):
    """Models, the endpoint that has them, and what it stands in for."""

    models: str
    endpoint: str
    about: str


def welcome(url: str, key: str, served: Sequence[Served]) -> str:
    """All of it, in the user's language; `url` has the route prefix, but no /v1."""
    facts = ((say("address"), f"{url}/v1"), (say("key"), key), (say("console"), f"{url}/tokeninfo"))
    width = max(len(one.models) for one in served)
    routes = (f"  {one.models:<{width}}  {one.endpoint}: {say(one.about)}" for one in served)
    parts = (
        say(
            "cursor-api demo: a gateway with simulated upstreams behind it. Nothing leaves this"
            " machine."
        ),
        "\n".join(f"  {name}{' ' * (8 - display_width(name))} {fact}" for name, fact in facts),
        say(
            "Models, and the simulated upstream that serves them (`GET {url}/v1/models` lists"
            " all):",
            url=url,
        ),
        "\n".join(routes),
        say("Ask a model:"),
        ASK.format(url=url, key=key, question=say("Hello!")),
        say("Let a model call a tool:"),
        CALL.format(url=url, key=key, question=say("Weather in Paris and Rome?")),
        say("From Python (pip install openai):"),
        PYTHON.format(url=url, key=key, question=say("Show me some Python code.")),
        "\n".join((*wrap(say(AGENTS), WIDTH), say(FAULTS))),
        say("Ctrl-C stops it."),
    )
    return "\n\n".join(parts)
