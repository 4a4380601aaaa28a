"""Well-known endpoints by name, so that nobody has to look their addresses up. Data only."""

from __future__ import annotations

from typing import Final

from cursor_api.ports.upstream_blocks import Preset

PRESETS: Final = (
    Preset(
        "openai",
        "OpenAI",
        "openai",
        "https://api.openai.com/v1",
        "https://platform.openai.com/api-keys",
    ),
    Preset(
        "anthropic",
        "Anthropic",
        "anthropic",
        "https://api.anthropic.com",
        "https://console.anthropic.com/settings/keys",
        ("claude",),
    ),
    Preset(
        "gemini",
        "Google Gemini, its OpenAI-compatible address",
        "openai",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "https://aistudio.google.com/apikey",
        ("google",),
    ),
    Preset(
        "deepseek",
        "DeepSeek",
        "openai",
        "https://api.deepseek.com/v1",
        "https://platform.deepseek.com/api_keys",
    ),
    Preset(
        "mistral",
        "Mistral",
        "openai",
        "https://api.mistral.ai/v1",
        "https://console.mistral.ai/api-keys",
    ),
    Preset(
        "openrouter",
        "OpenRouter",
        "openai",
        "https://openrouter.ai/api/v1",
        "https://openrouter.ai/keys",
    ),
    Preset(
        "groq", "Groq", "openai", "https://api.groq.com/openai/v1", "https://console.groq.com/keys"
    ),
    Preset("xai", "xAI", "openai", "https://api.x.ai/v1", "https://console.x.ai", ("grok",)),
    Preset(
        "together",
        "Together AI",
        "openai",
        "https://api.together.xyz/v1",
        "https://api.together.ai/settings/api-keys",
    ),
    Preset(
        "fireworks",
        "Fireworks AI",
        "openai",
        "https://api.fireworks.ai/inference/v1",
        "https://fireworks.ai/account/api-keys",
    ),
    Preset(
        "moonshot",
        "Moonshot (Kimi), mainland China",
        "openai",
        "https://api.moonshot.cn/v1",
        "https://platform.moonshot.cn/console/api-keys",
        ("kimi",),
    ),
    Preset(
        "moonshot-global",
        "Moonshot (Kimi), elsewhere",
        "openai",
        "https://api.moonshot.ai/v1",
        "https://platform.moonshot.ai/console/api-keys",
        ("kimi-global",),
    ),
    Preset(
        "zhipu",
        "Zhipu (GLM)",
        "openai",
        "https://open.bigmodel.cn/api/paas/v4",
        "https://open.bigmodel.cn",
        ("glm", "bigmodel"),
    ),
    Preset(
        "qwen",
        "Alibaba Model Studio (Qwen), mainland China",
        "openai",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "https://bailian.console.aliyun.com",
        ("dashscope",),
    ),
    Preset(
        "qwen-global",
        "Alibaba Model Studio (Qwen), elsewhere",
        "openai",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "https://modelstudio.console.alibabacloud.com",
        ("dashscope-intl",),
    ),
    Preset(
        "siliconflow",
        "SiliconFlow",
        "openai",
        "https://api.siliconflow.cn/v1",
        "https://cloud.siliconflow.cn/account/ak",
    ),
    Preset("ollama", "Ollama on this machine", "openai", "http://127.0.0.1:11434/v1"),
    Preset(
        "lmstudio",
        "LM Studio on this machine",
        "openai",
        "http://127.0.0.1:1234/v1",
        aliases=("lm-studio",),
    ),
    Preset("vllm", "vLLM on this machine", "openai", "http://127.0.0.1:8000/v1"),
    Preset(
        "llamacpp",
        "llama.cpp's server on this machine",
        "openai",
        "http://127.0.0.1:8080/v1",
        aliases=("llama.cpp", "llama-cpp"),
    ),
)
