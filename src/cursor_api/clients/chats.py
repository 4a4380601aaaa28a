"""Chat programs and libraries: what each reads, as its own documentation says. Data only."""

from __future__ import annotations

from typing import Final

from cursor_api.clients.client import Api, Client, ClientFile, Snippet
from cursor_api.options.said import Words

OPEN_WEBUI: Final = Client(
    "open-webui",
    "Open WebUI",
    Api.CHAT,
    variables=(("OPENAI_API_BASE_URL", "@v1@"), ("OPENAI_API_KEY", "@key@")),
    steps=(
        Words(
            "The variables count at its first start; later: Admin Panel → Settings → Connections →"
            " OpenAI API, with the same two values.",
            "这两个变量只在首次启动时生效；之后在 管理员面板 → 设置 → 外部连接 → OpenAI API"
            " 中填写同样两个值。",
        ),
        Words(
            "It usually runs in a container, where `127.0.0.1` is the container itself: start the"
            " gateway with `HOST=0.0.0.0` and a key of at least 8 characters, better 16, and write"
            " `host.docker.internal` in place of `127.0.0.1` (on Linux, that container needs"
            " `--add-host host.docker.internal:host-gateway`).",
            "它通常运行在容器中，其中的 `127.0.0.1` 是容器自身：用 `HOST=0.0.0.0` 和至少 8 个"
            "字符（最好 16 个以上）的密钥启动网关，并把地址中的 `127.0.0.1` 写成"
            " `host.docker.internal`（在 Linux 上，启动那个容器时需要"
            " `--add-host host.docker.internal:host-gateway`）。",
        ),
    ),
    program="open-webui",
    arguments=("serve",),
    # Else what it has stored at its first start would count.
    run_variables=(("ENABLE_PERSISTENT_CONFIG", "false"),),
    install="pip install open-webui",
)

LLM: Final = Client(
    "llm",
    "llm",
    Api.CHAT,
    variables=(("OPENAI_API_KEY", "@key@"),),
    file=ClientFile(
        Words(
            "`extra-openai-models.yaml` beside the file that `llm logs path` names",
            "`extra-openai-models.yaml`，放在 `llm logs path` 所示文件旁",
        ),
        "yaml",
        """\
- model_id: gateway
  model_name: "@model@"
  api_base: "@v1@"
  api_key_name: gateway
  supports_schema: true
  supports_tools: true
""",
        name="extra-openai-models.yaml",
        folder_variable="LLM_USER_PATH",
    ),
    steps=(Words("Ask with `llm -m gateway`.", "用 `llm -m gateway` 提问。"),),
    program="llm",
    run_variables=(("LLM_MODEL", "gateway"),),
    install="pip install llm",
)

LOBECHAT: Final = Client(
    "lobechat",
    "LobeChat",
    Api.CHAT,
    snippets=(
        Snippet(
            "sh",
            """\
docker run -d -p 3210:3210 --add-host host.docker.internal:host-gateway \\
  -e OPENAI_PROXY_URL="@v1@" \\
  -e OPENAI_API_KEY="@key@" \\
  -e OPENAI_MODEL_LIST="-all,+@model@,+@small@" \\
  lobehub/lobe-chat
""",
        ),
    ),
    steps=(
        Words(
            "From a container the gateway on the same machine is `host.docker.internal` in place of"
            " `127.0.0.1`. In the program itself: Settings → AI Service Provider → OpenAI.",
            "在容器中，同一台机器上的网关地址是 `host.docker.internal`，而不是 `127.0.0.1`。"
            "也可在程序中设置：设置 → AI 服务商 → OpenAI。",
        ),
    ),
    aliases=("lobe-chat",),
)

CHERRY_STUDIO: Final = Client(
    "cherry-studio",
    "Cherry Studio",
    Api.CHAT,
    steps=(
        Words(
            "Settings → Model Provider → Add, of the type `OpenAI`.",
            "设置 → 模型服务 → 添加，类型选 `OpenAI`。",
        ),
        Words("API key: `@key@`", "API 密钥：`@key@`"),
        Words(
            "API host: `@root@` (it appends `/v1/chat/completions` itself)",
            "API 地址：`@root@`（它会自动补上 `/v1/chat/completions`）",
        ),
        Words(
            "Manage → add the models that it lists, such as `@model@`.",
            "管理 → 添加列出的模型，例如 `@model@`。",
        ),
    ),
)

OPENAI_SDK: Final = Client(
    "openai",
    "OpenAI SDK",
    Api.CHAT,
    variables=(("OPENAI_BASE_URL", "@v1@"), ("OPENAI_API_KEY", "@key@")),
    snippets=(
        Snippet(
            "python",
            """\
from openai import OpenAI

client = OpenAI(base_url="@v1@", api_key="@key@")
stream = client.chat.completions.create(
    model="@model@",
    messages=[{"role": "user", "content": "Say hello."}],
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
""",
        ),
        Snippet(
            "js",
            """\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "@v1@", apiKey: "@key@" });
const answer = await client.chat.completions.create({
  model: "@model@",
  messages: [{ role: "user", content: "Say hello." }],
});
console.log(answer.choices[0].message.content);
""",
        ),
    ),
    aliases=("openai-sdk",),
)

ANTHROPIC_SDK: Final = Client(
    "anthropic",
    "Anthropic SDK",
    Api.MESSAGES,
    variables=(("ANTHROPIC_BASE_URL", "@root@"), ("ANTHROPIC_API_KEY", "@key@")),
    unset=("ANTHROPIC_AUTH_TOKEN",),
    snippets=(
        Snippet(
            "python",
            """\
from anthropic import Anthropic

client = Anthropic(base_url="@root@", api_key="@key@")
answer = client.messages.create(
    model="@model@",
    max_tokens=1024,
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.content[0].text)
""",
        ),
    ),
    aliases=("anthropic-sdk",),
)

CURL: Final = Client(
    "curl",
    "curl",
    Api.CHAT,
    snippets=(
        Snippet(
            "sh",
            """\
curl -N "@v1@/chat/completions" \\
  -H "Authorization: Bearer @key@" -H "Content-Type: application/json" \\
  -d "{\\"model\\": \\"@model@\\", \\"stream\\": true,
       \\"messages\\": [{\\"role\\": \\"user\\", \\"content\\": \\"Say hello.\\"}]}"
""",
        ),
    ),
)

CHATS: Final = (
    OPEN_WEBUI,
    LLM,
    LOBECHAT,
    CHERRY_STUDIO,
    OPENAI_SDK,
    ANTHROPIC_SDK,
    CURL,
)
