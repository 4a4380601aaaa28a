"""What Anthropic's API refuses in a message, in its words."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from cursor_api.simulator.anthropic.asks import blocks_of, is_thinking
from cursor_api.simulator.anthropic.errors import invalid
from cursor_api.simulator.anthropic.seals import is_genuine
from cursor_api.simulator.json_api import Json, Refusal

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
CACHE_MARKS_MAX: Final = 4
BUDGET_MIN: Final = 1024
_THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})


def check_model(model: str, models: tuple[str, ...]) -> None:
    """Raise Refusal for a model that is not served."""
    if models and model not in models:
        raise Refusal(HTTPStatus.NOT_FOUND, "not_found_error", f"model: {model}")


def check_context(tokens: int, tokens_max: int) -> None:
    """Raise Refusal for a prompt that is too long."""
    if tokens > tokens_max:
        raise invalid(f"prompt is too long: {tokens} tokens > {tokens_max} maximum")


def check_message(body: Json, *, is_counted_only: bool = False) -> None:
    """Raise Refusal for the first thing that is wrong."""
    required = {"model": str, "messages": list} | ({} if is_counted_only else {"max_tokens": int})
    for name, kind in required.items():
        if name not in body:
            raise invalid(f"{name}: Field required")
        if not isinstance(body[name], kind):
            raise invalid(f"{name}: Input should be a valid {kind.__name__}")
    if not is_counted_only and body["max_tokens"] < 1:
        raise invalid("max_tokens: must be greater than or equal to 1")
    if not body["messages"]:
        raise invalid("messages: at least one message is required")
    _check_temperature(body)
    _check_tools(body)
    _check_thinking(body)
    _check_messages(body)
    _check_cache_marks(body)


def _check_temperature(body: Json) -> None:
    temperature = body.get("temperature")
    if temperature is not None and not 0 <= temperature <= 1:
        raise invalid("temperature: range: 0..1")


def _check_tools(body: Json) -> None:
    names = [_tool_name(tool, f"tools.{at}") for at, tool in enumerate(body.get("tools") or ())]
    if len(set(names)) < len(names):
        raise invalid("tools: Tool names must be unique.")
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not names and choice.get("type") != "none":
        raise invalid("tool_choice may only be specified while providing tools.")
    if choice.get("type") == "tool" and choice.get("name") not in names:
        raise invalid(f"Tool '{choice.get('name')}' not found in provided tools")


def _tool_name(tool: Any, place: str) -> str:
    """The name of a tool that was found good."""
    name = tool.get("name") if isinstance(tool, dict) else None
    if not isinstance(name, str):
        raise invalid(f"{place}.custom.name: Field required")
    if tool.get("type") in {None, "custom"}:
        if not _NAME.fullmatch(name):
            raise invalid(
                f"{place}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )
        schema = tool.get("input_schema")
        if not isinstance(schema, dict):
            raise invalid(f"{place}.custom.input_schema: Field required")
        if schema.get("type") != "object":
            raise invalid(f"{place}.custom.input_schema.type: Field required")
    return name


def _check_thinking(body: Json) -> None:
    thinking = body.get("thinking")
    if not isinstance(thinking, dict) or not is_thinking(body):
        return
    if thinking["type"] == "enabled":
        budget = thinking.get("budget_tokens")
        if not isinstance(budget, int):
            raise invalid("thinking.enabled.budget_tokens: Field required")
        if budget < BUDGET_MIN:
            raise invalid(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to"
                f" {BUDGET_MIN}"
            )
        if budget >= body.get("max_tokens", budget + 1):
            raise invalid(
                "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our"
                " documentation at https://docs.claude.com/en/docs/build-with-claude/"
                "extended-thinking#max-tokens-and-context-window-size"
            )
    if (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        raise invalid("Thinking may not be enabled when tool_choice forces tool use.")
    if body.get("temperature") not in {None, 1}:
        raise invalid("`temperature` may only be set to 1 when thinking is enabled.")


def _check_messages(body: Json) -> None:
    messages: list[Any] = body["messages"]
    owed: dict[str, None] = {}
    for at, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in {"user", "assistant"}:
            raise invalid(
                f'messages: Unexpected role "{role}". The Messages API accepts a top-level'
                ' `system` parameter, not "system" as an input message role.'
            )
        blocks = blocks_of(message.get("content"))
        if not blocks and not (role == "assistant" and at == len(messages) - 1):
            raise invalid(
                "messages.{at}: all messages must have non-empty content except for the optional"
                " final assistant message".replace("{at}", str(at))
            )
        for place, block in enumerate(blocks):
            _check_block(block, f"messages.{at}.content.{place}", owed)
        _check_owed(owed, at - 1)
        calls = (one for one in blocks if one.get("type") == "tool_use" and role == "assistant")
        owed = dict.fromkeys(str(one.get("id")) for one in calls)
    _check_owed(owed, len(messages) - 1)
    _check_continued_thought(body)


def _check_block(block: Json, place: str, owed: dict[str, None]) -> None:
    match block.get("type"):
        case "text":
            if not str(block.get("text") or ""):
                raise invalid("messages: text content blocks must be non-empty")
        case "tool_result":
            call_id = block.get("tool_use_id")
            if call_id not in owed:
                raise invalid(
                    f"{place}: unexpected `tool_use_id` found in `tool_result` blocks: {call_id}."
                    " Each `tool_result` block must have a corresponding `tool_use` block in the"
                    " previous message."
                )
            del owed[call_id]
        case "tool_use":
            if not isinstance(block.get("input"), dict):
                raise invalid(f"{place}.tool_use.input: Input should be a valid dictionary")
        case "thinking":
            signature = block.get("signature")
            if not isinstance(signature, str):
                raise invalid(f"{place}.thinking.signature: Field required")
            if not is_genuine(str(block.get("thinking")), signature):
                raise invalid(f"{place}: Invalid `signature` in `thinking` block")
        case _:
            pass  # images, documents and what the server's own tools gave


def _check_owed(owed: dict[str, None], at: int) -> None:
    if owed:
        raise invalid(
            f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately"
            f" after: {', '.join(owed)}. Each `tool_use` block must have a corresponding"
            " `tool_result` block in the next message."
        )


def _check_continued_thought(body: Json) -> None:
    """With a budget for thoughts, a round of tools goes on with the thought that began it."""
    messages = body["messages"]
    if (body.get("thinking") or {}).get("type") != "enabled":
        return
    at = max((n for n, one in enumerate(messages) if one["role"] == "assistant"), default=-1)
    blocks = blocks_of(messages[at]["content"]) if at >= 0 else []
    is_open = any(one.get("type") == "tool_use" for one in blocks) and at == len(messages) - 2
    if is_open and blocks[0].get("type") not in _THOUGHTS:
        raise invalid(
            f"messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found"
            f" `{blocks[0].get('type')}`. When `thinking` is enabled, a final `assistant` message"
            " must start with a thinking block (preceeding the lastmost set of `tool_use` and"
            " `tool_result` blocks). We recommend you include thinking blocks from previous turns."
        )


def _check_cache_marks(body: Json) -> None:
    blocks = [*(body.get("tools") or ()), *blocks_of(body.get("system"))]
    blocks += [one for message in body["messages"] for one in blocks_of(message["content"])]
    count = sum(1 for one in blocks if one.get("cache_control"))
    if count > CACHE_MARKS_MAX:
        raise invalid(
            f"A maximum of {CACHE_MARKS_MAX} blocks with cache_control may be provided. Found"
            f" {count}."
        )
