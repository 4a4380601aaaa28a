// Vercel's ai SDK with its three providers; does what programs/client.py says, and tells it the same
// way. The argument is the way: chat, compatible, responses or messages.
import { readFileSync } from "node:fs";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const way = process.argv[2];
const { targets, words, features } = JSON.parse(readFileSync(0, "utf-8"));
const quiet = { maxRetries: 0 };

class Lacking extends Error {}

const expect = (isSo, what) => {
  if (!isSo) throw new Error(`not so: ${typeof what === "string" ? what : JSON.stringify(what)}`);
};

function modelOf({ url, key }, name) {
  const settings = { baseURL: `${url}/v1`, apiKey: key };
  if (way === "chat") return createOpenAI(settings).chat(name);
  if (way === "responses") return createOpenAI(settings).responses(name);
  if (way === "messages") return createAnthropic(settings)(name);
  const compatible = { name: "gateway", includeUsage: true, supportsStructuredOutputs: true };
  return createOpenAICompatible({ ...settings, ...compatible })(name);
}

const weather = tool({
  description: words.TOOL_ABOUT,
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => words.RESULT.replace("{city}", city),
});
const tools = { [words.TOOL]: weather };
const report = z.object({ city: z.string(), degrees: z.number().int() });

async function round(model, prompt, ...cities) {
  const answer = await generateText({ model, tools, prompt, stopWhen: stepCountIs(3), ...quiet });
  const calls = answer.steps.flatMap((step) => step.toolCalls);
  if (!calls.length) throw new Lacking("");
  const asked = JSON.stringify(calls.map((call) => call.input.city));
  expect(asked === JSON.stringify(cities), asked);
  const said = cities.every((city) => answer.text.includes(words.RESULT.replace("{city}", city)));
  expect(said, answer.text);
}

async function refusal(model, order, status, pattern) {
  try {
    await generateText({ model, prompt: `${order}\nHello`, ...quiet });
  } catch (error) {
    expect(error.statusCode === status, `${error.statusCode}: ${error.message}`);
    return expect(pattern.test(error.message), error.message);
  }
  return expect(false, "no error");
}

const thinking = {
  chat: { openai: { reasoningEffort: "high" } },
  compatible: { gateway: { reasoningEffort: "high" } },
  responses: { openai: { reasoningEffort: "high", reasoningSummary: "auto", forceReasoning: true } },
  messages: { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } },
}[way];

const all = {
  async chat(model) {
    expect((await generateText({ model, prompt: words.SAY_TEA, ...quiet })).text === "tea", "text");
  },
  async turns(model) {
    const asked = { role: "user", content: words.SAY_TEA };
    const { response } = await generateText({ model, messages: [asked], ...quiet });
    const messages = [asked, ...response.messages, { role: "user", content: words.SAY_MILK }];
    const { text } = await generateText({ model, messages, ...quiet });
    expect(text === "milk", text);
  },
  async stream(model) {
    const pieces = [];
    const answer = streamText({ model, prompt: words.LONG_QUESTION, ...quiet });
    for await (const piece of answer.textStream) pieces.push(piece);
    expect(pieces.length > 1 && pieces.join("").includes("def "), pieces);
    expect((await answer.finishReason) === "stop", await answer.finishReason);
  },
  async usage(model) {
    const streamed = streamText({ model, prompt: words.SAY_TEA, ...quiet });
    await streamed.consumeStream();
    const whole = await generateText({ model, prompt: words.SAY_TEA, ...quiet });
    for (const one of [whole.usage, await streamed.usage]) {
      expect(one.inputTokens > 0 && one.outputTokens > 0, one);
    }
  },
  tools: (model) => round(model, words.WEATHER_QUESTION, "Paris"),
  parallel: (model) => round(model, words.TWO_WEATHERS, "Paris", "Rome"),
  async required(model) {
    const order = { model, tools, prompt: words.CALL_QUESTION, toolChoice: "required", ...quiet };
    expect((await generateText(order)).toolCalls.length === 1, "no call");
  },
  async image(model) {
    const image = { type: "file", mediaType: "image/png", data: words.PNG };
    const content = [{ type: "text", text: words.IMAGE_QUESTION }, image];
    const answer = await generateText({ model, messages: [{ role: "user", content }], ...quiet });
    expect(answer.text.includes("1 image"), answer.text);
  },
  async structured(model) {
    // For models whose names it does not know it would demand a tool instead.
    const providerOptions = { anthropic: { structuredOutputMode: "outputFormat" } };
    const order = { model, prompt: words.FORM_QUESTION, providerOptions, ...quiet };
    const { output } = await generateText({ ...order, output: Output.object({ schema: report }) });
    expect(output.city === "Paris" && output.degrees === 18, output);
  },
  async reasoning(_model, target) {
    const model = modelOf(target, target.thinker);
    const order = { model, prompt: words.SAY_TEA, providerOptions: thinking, ...quiet };
    const answer = await generateText(order);
    expect(answer.text === "tea", answer.text);
    expect(answer.reasoningText, "no thought");
  },
  async stop(model) {
    const order = { model, prompt: words.STOP_QUESTION, stopSequences: [words.STOP_TEXT], ...quiet };
    const { text } = await generateText(order);
    expect(text.trim() === "one two", text);
  },
  async output_max(model) {
    const order = { model, prompt: words.LONG_QUESTION, maxOutputTokens: 16, ...quiet };
    const { finishReason } = await generateText(order);
    expect(finishReason === "length", finishReason);
  },
  error_400: (model, target) => refusal(model, target.too_long, 400, /context|too long/i),
  error_429: (model, target) => refusal(model, target.limited, 429, /limit|429|too many/i),
};
// The API has no stop texts, and this provider knows no reasoning of chat completions.
if (way === "responses") delete all.stop;
if (way === "chat") delete all.reasoning;

async function tell(feature, target) {
  try {
    await all[feature](modelOf(target, target.model), target);
    return { outcome: "works", said: "" };
  } catch (error) {
    if (error instanceof Lacking) return { outcome: "lacking", said: "" };
    return { outcome: error.statusCode === 400 ? "refused" : "failed", said: String(error) };
  }
}

for (const target of targets) {
  for (const feature of features.filter((one) => one in all)) {
    const told = { route: target.route, feature, ...(await tell(feature, target)) };
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
}
