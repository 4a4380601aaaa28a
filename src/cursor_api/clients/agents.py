"""Programs that write code with a model: what each reads, as its own documentation says. Data."""

from __future__ import annotations

from typing import Final

from cursor_api.clients.client import Api, Client, ClientFile, Snippet
from cursor_api.options.said import Words

# The variable that a client is told to read the key from. None of ours or of Cursor's begins so.
KEY_VARIABLE: Final = "LLM_GATEWAY_KEY"

CLAUDE_CODE: Final = Client(
    "claude-code",
    "Claude Code",
    Api.MESSAGES,
    uses_tools=True,
    variables=(
        ("ANTHROPIC_BASE_URL", "@root@"),
        ("ANTHROPIC_AUTH_TOKEN", "@key@"),
        ("ANTHROPIC_MODEL", "@model@"),
        ("ANTHROPIC_DEFAULT_OPUS_MODEL", "@model@"),
        ("ANTHROPIC_DEFAULT_SONNET_MODEL", "@model@"),
        ("ANTHROPIC_DEFAULT_HAIKU_MODEL", "@small@"),
        ("ANTHROPIC_SMALL_FAST_MODEL", "@small@"),
        ("CLAUDE_CODE_SUBAGENT_MODEL", "@model@"),
    ),
    # It would be preferred to the token above.
    unset=("ANTHROPIC_API_KEY",),
    steps=(
        Words(
            "Set the variables in the shell that starts `claude`, or as `env` in"
            " `~/.claude/settings.json`. `/status` shows address and model.",
            "在启动 `claude` 的 shell 中设置这些变量，或写入 `~/.claude/settings.json` 的 `env`。"
            "用 `/status` 查看地址与模型。",
        ),
    ),
    program="claude",
    install="npm install -g @anthropic-ai/claude-code",
    aliases=("claude",),
)

CODEX: Final = Client(
    "codex",
    "Codex",
    Api.RESPONSES,
    uses_tools=True,
    variables=((KEY_VARIABLE, "@key@"),),
    file=ClientFile(
        Words("`~/.codex/config.toml`", "`~/.codex/config.toml`"),
        "toml",
        f"""\
model = "@model@"
model_provider = "cursor-api"

[model_providers.cursor-api]
name = "cursor-api"
base_url = "@v1@"
env_key = "{KEY_VARIABLE}"
wire_api = "responses"
""",
    ),
    program="codex",
    arguments=(
        "-c",
        'model="@model@"',
        "-c",
        'model_provider="cursor-api"',
        "-c",
        f'model_providers.cursor-api={{ name = "cursor-api", base_url = "@v1@", env_key ='
        f' "{KEY_VARIABLE}", wire_api = "responses" }}',
    ),
    install="npm install -g @openai/codex",
)

_OPENCODE: Final = (
    """\
{
  "$schema": "https://opencode.ai/config.json",
  "provider": {
    "cursor-api": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "cursor-api",
      "options": { "baseURL": "@v1@", "apiKey": "{env:"""
    + KEY_VARIABLE
    + """}" },
      "models": { @models@ }
    }
  },
  "model": "cursor-api/@model@",
  "small_model": "cursor-api/@small@"
}
"""
)

OPENCODE: Final = Client(
    "opencode",
    "opencode",
    Api.CHAT,
    uses_tools=True,
    variables=((KEY_VARIABLE, "@key@"),),
    file=ClientFile(
        Words(
            "`opencode.json` in the project, or `~/.config/opencode/opencode.json`",
            "项目中的 `opencode.json`，或 `~/.config/opencode/opencode.json`",
        ),
        "json",
        _OPENCODE,
    ),
    program="opencode",
    run_variables=(("OPENCODE_CONFIG_CONTENT", _OPENCODE),),
    install="npm install -g opencode-ai",
)

AIDER: Final = Client(
    "aider",
    "aider",
    Api.CHAT,
    variables=(
        ("OPENAI_API_BASE", "@v1@"),
        ("OPENAI_API_KEY", "@key@"),
        ("AIDER_MODEL", "openai/@model@"),
        ("AIDER_WEAK_MODEL", "openai/@small@"),
    ),
    steps=(
        Words(
            "It warns that it does not know the model; `--no-show-model-warnings` spares that.",
            "它会警告不认识该模型；加 `--no-show-model-warnings` 即不再警告。",
        ),
    ),
    program="aider",
    install="python -m pip install aider-install && aider-install",
)

QWEN_CODE: Final = Client(
    "qwen-code",
    "Qwen Code",
    Api.CHAT,
    uses_tools=True,
    variables=(
        ("OPENAI_BASE_URL", "@v1@"),
        ("OPENAI_API_KEY", "@key@"),
        ("OPENAI_MODEL", "@model@"),
    ),
    steps=(
        Words(
            "Start it with `qwen --auth-type openai`, or choose OpenAI at its first question.",
            "用 `qwen --auth-type openai` 启动，或在首次提问时选择 OpenAI。",
        ),
    ),
    program="qwen",
    arguments=("--auth-type", "openai"),
    install="npm install -g @qwen-code/qwen-code",
    aliases=("qwen",),
)

CONTINUE: Final = Client(
    "continue",
    "Continue",
    Api.CHAT,
    uses_tools=True,
    steps=(
        Words(
            "The extensions for VS Code and JetBrains read the same file, and again as soon as it"
            " is saved.",
            "VS Code 与 JetBrains 扩展读取同一文件，保存后立即生效。",
        ),
    ),
    file=ClientFile(
        Words("`~/.continue/config.yaml`", "`~/.continue/config.yaml`"),
        "yaml",
        """\
name: cursor-api
version: 0.0.1
schema: v1
models:
  - name: "@model@"
    provider: openai
    model: "@model@"
    apiBase: "@v1@"
    apiKey: "@key@"
    roles: [chat, edit, apply]
""",
        name="config.yaml",
    ),
    program="cn",
    arguments=("--config", "@file@"),
    install="npm install -g @continuedev/cli",
    aliases=("cn",),
)

COPILOT: Final = Client(
    "copilot",
    "GitHub Copilot CLI",
    Api.CHAT,
    uses_tools=True,
    variables=(
        ("COPILOT_PROVIDER_BASE_URL", "@v1@"),
        ("COPILOT_PROVIDER_API_KEY", "@key@"),
        ("COPILOT_MODEL", "@model@"),
    ),
    steps=(
        Words(
            "It needs no GitHub account then. With `COPILOT_PROVIDER_WIRE_API=responses` it speaks"
            " `/v1/responses`; with `COPILOT_PROVIDER_TYPE=anthropic` and the address without"
            " `/v1`, `/v1/messages`.",
            "这样便不需要 GitHub 账号。设置 `COPILOT_PROVIDER_WIRE_API=responses` 时使用"
            " `/v1/responses`；设置 `COPILOT_PROVIDER_TYPE=anthropic` 且地址不带 `/v1` 时使用"
            " `/v1/messages`。",
        ),
    ),
    program="copilot",
    install="npm install -g @github/copilot",
)

PI: Final = Client(
    "pi",
    "pi",
    Api.CHAT,
    uses_tools=True,
    variables=((KEY_VARIABLE, "@key@"),),
    steps=(
        Words(
            "Start it with `pi --model cursor-api/@model@`, or choose the model with `/model`.",
            "用 `pi --model cursor-api/@model@` 启动，或用 `/model` 选择模型。",
        ),
    ),
    file=ClientFile(
        Words("`~/.pi/agent/models.json`", "`~/.pi/agent/models.json`"),
        "json",
        """\
{
  "providers": {
    "cursor-api": {
      "baseUrl": "@v1@",
      "api": "openai-completions",
      "apiKey": "$"""
        + KEY_VARIABLE
        + """",
      "models": [{ "id": "@model@" }]
    }
  }
}
""",
        name="models.json",
        folder_variable="PI_CODING_AGENT_DIR",
    ),
    program="pi",
    arguments=("--model", "cursor-api/@model@"),
    install="npm install -g @earendil-works/pi-coding-agent",
)

GPTME: Final = Client(
    "gptme",
    "gptme",
    Api.CHAT,
    uses_tools=True,
    variables=(
        ("OPENAI_BASE_URL", "@v1@"),
        ("OPENAI_API_KEY", "@key@"),
        ("MODEL", "local/@model@"),
    ),
    # It would be preferred to the address above.
    unset=("OPENAI_API_BASE",),
    program="gptme",
    install="pip install gptme",
)

CLINE: Final = Client(
    "cline",
    "Cline",
    Api.CHAT,
    uses_tools=True,
    snippets=(Snippet("sh", 'cline auth -p openai -b "@v1@" -k "@key@" -m "@model@"\n'),),
    steps=(
        Words(
            "In the editor, choose the API provider `OpenAI Compatible` in its settings.",
            "在编辑器中，把设置里的 API Provider 选为 `OpenAI Compatible`。",
        ),
        Words("Base URL: `@v1@`", "Base URL：`@v1@`"),
        Words("API key: `@key@`", "API Key：`@key@`"),
        Words("Model ID: `@model@`", "Model ID：`@model@`"),
        Words(
            "Its program for the command line is set up by this command:",
            "其命令行版用下面的命令设置：",
        ),
    ),
)

CURSOR: Final = Client(
    "cursor",
    "Cursor",
    Api.CHAT,
    uses_tools=True,
    steps=(
        Words(
            "Cursor's servers send the requests, not your computer: the gateway needs an address"
            " that the internet reaches, with TLS. `127.0.0.1` cannot work.",
            "请求由 Cursor 的服务器发出，而不是你的电脑：网关须有公网可达且带 TLS 的地址，"
            "`127.0.0.1` 不可用。",
        ),
        Words("Settings → Models → API Keys.", "Settings → Models → API Keys。"),
        Words("OpenAI API Key: `@key@`", "OpenAI API Key：`@key@`"),
        Words("Override OpenAI Base URL: `@v1@`", "Override OpenAI Base URL：`@v1@`"),
        Words("Add the model `@model@` by its name.", "按名称添加模型 `@model@`。"),
    ),
)

AGENTS: Final = (
    CLAUDE_CODE,
    CODEX,
    OPENCODE,
    AIDER,
    QWEN_CODE,
    CONTINUE,
    COPILOT,
    PI,
    GPTME,
    CLINE,
    CURSOR,
)
