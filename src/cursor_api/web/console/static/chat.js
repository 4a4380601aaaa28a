// A conversation with a model, over the same address and by the same bytes as any client's.

import { authorization, call } from "./api.js";
import { endsSession } from "./session.js";
import { rootUrl } from "./server.js";
import { readEvents } from "./sse.js";
import { changed, state, update } from "./store.js";

// What is kept of a stream to be looked at; a model may talk for hours.
const RAW_LENGTH_MAX = 200_000;

export function freshChat() {
  return { models: null, model: "", system: "", draft: "", turns: [], controller: null, trouble: null };
}

// The models, and which of them to begin with: the one that last answered somebody.
export async function loadModels() {
  state.chat ??= freshChat();
  const { chat } = state;
  try {
    const [models, last] = await Promise.all([call("GET", `${rootUrl()}/v1/models`), lastAnswered()]);
    chat.models = models.data.data.map(({ id }) => id);
    if (!chat.models.includes(chat.model)) {
      chat.model = chat.models.includes(last) ? last : (chat.models[0] ?? "");
    }
    chat.trouble = null;
  } catch (error) {
    if (endsSession(error)) return;
    chat.trouble = error;
  }
  changed();
}

// A database that is away keeps nobody from chatting.
async function lastAnswered() {
  try {
    const { data } = await call("GET", "api/requests?status=success&count=1");
    return data.requests[0]?.model ?? "";
  } catch (error) {
    if (error.status === 401) throw error;
    return "";
  }
}

export function startAnew() {
  stop();
  update({ chat: { ...freshChat(), models: state.chat.models, model: state.chat.model, system: state.chat.system } });
}

export function stop() {
  state.chat?.controller?.abort();
}

// What is sent: the whole conversation, as every client does it.
export function bodyOf(chat, turns) {
  const messages = chat.system.trim() ? [{ role: "system", content: chat.system }] : [];
  for (const { prompt, answer } of turns) {
    messages.push({ role: "user", content: prompt });
    if (answer) messages.push({ role: "assistant", content: answer });
  }
  return { model: chat.model, messages, stream: true, stream_options: { include_usage: true } };
}

export async function send() {
  const { chat } = state;
  const prompt = chat.draft.trim();
  if (!prompt || !chat.model || chat.controller) return;
  const turn = newTurn(chat.model, prompt);
  turn.body = bodyOf(chat, [...chat.turns.filter((one) => one.answer), turn]);
  chat.turns = [...chat.turns, turn];
  chat.draft = "";
  chat.controller = new AbortController();
  changed();
  const began = performance.now();
  try {
    await ask(turn, chat.controller.signal, began);
  } catch (error) {
    if (endsSession(error)) return;
    if (error.name === "AbortError") turn.isStopped = true;
    else turn.error ??= { code: "", message: "" };
  }
  turn.totalMs = performance.now() - began;
  turn.isUnderWay = false;
  chat.controller = null;
  changed();
  await lookUp(turn);
}

function newTurn(model, prompt) {
  return {
    model,
    prompt,
    answer: "",
    thoughts: "",
    isUnderWay: true,
    isStopped: false,
    error: null, // {code, message} as the gateway said it; an empty code is a broken line
    firstMs: null,
    totalMs: null,
    usage: null,
    id: "",
    attempts: [], // {credential, fault}, as the answer's header says
    record: null, // what the gateway has noted of it
    body: null,
    raw: "",
    status: 0,
  };
}

async function ask(turn, signal, began) {
  const response = await fetch(`${rootUrl()}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization(state.key) },
    body: JSON.stringify(turn.body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
    signal,
  });
  turn.status = response.status;
  turn.id = response.headers.get("x-request-id") ?? "";
  turn.attempts = readAttempts(response.headers.get("x-attempts") ?? "");
  if (!response.ok) {
    turn.raw = await response.text();
    refuse(turn, turn.raw, response.status);
    return;
  }
  let isDone = false;
  await readEvents(response.body, (data, text) => {
    if (turn.raw.length < RAW_LENGTH_MAX) turn.raw += text;
    isDone ||= take(turn, data, began);
    changed();
  });
  if (!isDone && !turn.error) turn.error = { code: "upstream_incomplete", message: "" };
}

// "work";fault=rate_limited;ms=120, "home";ms=310
function readAttempts(header) {
  return [...header.matchAll(/"([^"]*)"([^,]*)/g)].map(([, credential, rest]) => ({
    credential: decodeURIComponent(credential),
    fault: rest.match(/;fault=(\w+)/)?.[1] ?? "",
  }));
}

// One event of the stream; true for the last one.
function take(turn, data, began) {
  if (data === "[DONE]") return true;
  const chunk = JSON.parse(data);
  if (chunk.error) turn.error = { code: chunk.error.code ?? "", message: chunk.error.message ?? "" };
  if (chunk.usage) turn.usage = chunk.usage;
  const delta = chunk.choices?.[0]?.delta ?? {};
  const text = delta.content ?? "";
  const thought = delta.reasoning_content ?? "";
  if ((text || thought) && turn.firstMs === null) turn.firstMs = performance.now() - began;
  turn.answer += text;
  turn.thoughts += thought;
  return false;
}

function refuse(turn, text, status) {
  let error = {};
  try {
    ({ error = {} } = JSON.parse(text));
  } catch {
    // Something between us and the gateway has answered.
  }
  turn.error = { code: error.code ?? "", message: error.message ?? `HTTP ${status}` };
  if (status === 401) throw Object.assign(new Error(turn.error.message), { status });
}

// Which credential it was, and how often it was tried, the gateway knows. It writes in batches.
async function lookUp(turn) {
  if (!/^[0-9a-f]{32}$/.test(turn.id)) return;
  try {
    turn.record = (await call("GET", `api/requests/${turn.id}`)).data;
  } catch (error) {
    endsSession(error);
  }
  changed();
}
