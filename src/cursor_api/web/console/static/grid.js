// One credential, tried with several models by several client APIs: real requests, each as short as
// its API allows, sent only after their number was said.

import { authorization, call } from "./api.js";
import { explain } from "./credentials.js";
import { baseUrls, rootUrl } from "./server.js";
import { readEvents } from "./sse.js";
import { changed, state, update } from "./store.js";

const PROMPT = "Reply with the single word OK.";
const MODELS_CHOSEN = 2;
const TIMEOUT_MS = 180_000;

// What each API is asked, and which of its events bring the first text and the end. A model that
// thinks may spend its one token on thought: an answer without text is one as well.
const SHAPES = {
  "/v1/chat/completions": {
    body: (model) => ({ model, stream: true, max_tokens: 1, messages: [{ role: "user", content: PROMPT }] }),
    isText: (event) => Boolean(event.choices?.[0]?.delta?.content || event.choices?.[0]?.delta?.reasoning_content),
    isEnd: (event) => Boolean(event.choices?.[0]?.finish_reason),
  },
  "/v1/responses": {
    body: (model) => ({ model, stream: true, max_output_tokens: 16, store: false, input: PROMPT }),
    isEnd: (event) => /^response\.(completed|incomplete)$/.test(event.type),
    isText: (event) => /^response\.(output_text|reasoning_summary_text|reasoning_text)\.delta$/.test(event.type),
  },
  "/v1/messages": {
    body: (model) => ({ model, stream: true, max_tokens: 1, messages: [{ role: "user", content: PROMPT }] }),
    isText: (event) => event.type === "content_block_delta",
    isEnd: (event) => event.type === "message_stop",
  },
};

export function apisOfGateway() {
  const served = new Set(baseUrls().flatMap(({ url, paths }) => paths.map((path) => url.slice(rootUrl().length) + path)));
  return Object.keys(SHAPES).filter((path) => served.has(path));
}

// What was chosen for the last test stays chosen, as far as this credential has it.
export async function openGrid(credential) {
  const last = state.gridChoice;
  const grid = { alias: credential.alias, models: null, chosen: new Set(), apis: new Set(last?.apis ?? apisOfGateway()), cells: new Map(), controller: null, trouble: "" };
  update({ grid });
  try {
    const { data } = await call("GET", `${rootUrl()}/v1/models`);
    const here = `${credential.upstream}/`;
    grid.models = data.data.filter((one) => one.cursor_api?.routes?.some((route) => route.startsWith(here))).map(({ id }) => id);
    const again = grid.models.filter((model) => last?.chosen.has(model));
    (again.length ? again : grid.models.slice(0, MODELS_CHOSEN)).forEach((model) => grid.chosen.add(model));
  } catch (error) {
    grid.models = [];
    grid.trouble = explain(error);
  }
  changed();
}

export function toggle(set, value) {
  if (set.has(value)) set.delete(value);
  else set.add(value);
  changed();
}

export function planned() {
  const { grid } = state;
  return grid.models.filter((model) => grid.chosen.has(model)).flatMap((model) => [...grid.apis].map((api) => ({ model, api })));
}

export function cellKey({ model, api }) {
  return `${api} ${model}`;
}

export async function runGrid() {
  const { grid } = state;
  const plan = planned();
  if (grid.controller || !plan.length) return;
  grid.controller = new AbortController();
  grid.cells = new Map(plan.map((one) => [cellKey(one), { isWaiting: true }]));
  changed();
  for (const one of plan) {
    if (grid.controller.signal.aborted) break;
    grid.cells.set(cellKey(one), { isRunning: true });
    changed();
    grid.cells.set(cellKey(one), await probe(one, grid));
    changed();
  }
  for (const [key, cell] of grid.cells) if (cell.isWaiting) grid.cells.delete(key);
  grid.controller = null;
  changed();
}

export function stopGrid() {
  state.grid?.controller?.abort();
}

async function probe({ model, api }, { alias, controller }) {
  const began = performance.now();
  const cell = { id: "", firstMs: null, error: null, fault: "" };
  try {
    const response = await fetch(rootUrl() + api, {
      method: "POST",
      headers: { "content-type": "application/json", "x-credential": encodeURIComponent(alias), ...authorization(state.key) },
      body: JSON.stringify(SHAPES[api].body(model)),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.any([controller.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    cell.id = response.headers.get("x-request-id") ?? "";
    if (response.ok) await listen(response.body, api, cell, began);
    else cell.error = errorOf(JSON.parse(await response.text()));
  } catch (error) {
    cell.error = { code: error.name === "AbortError" ? "stopped" : "", message: String(error) };
  }
  if (cell.error) await findFault(cell);
  return cell;
}

async function listen(body, api, cell, began) {
  let isWhole = false;
  await readEvents(body, (data) => {
    if (data === "[DONE]") return;
    const event = JSON.parse(data);
    if (SHAPES[api].isText(event)) cell.firstMs ??= performance.now() - began;
    isWhole ||= SHAPES[api].isEnd(event);
    const failure = event.error ?? event.response?.error;
    if (failure) cell.error = errorOf({ error: failure });
  });
  if (!isWhole && !cell.error) cell.error = { code: "upstream_incomplete", message: "" };
}

// Anthropic names the kind where the others have a code.
function errorOf({ error }) {
  return { code: error?.code ?? error?.type ?? "", message: error?.message ?? "" };
}

// The record says whose fault it was.
async function findFault(cell) {
  if (!/^[0-9a-f]{32}$/.test(cell.id)) return;
  try {
    cell.fault = (await call("GET", `api/requests/${cell.id}`)).data.fault ?? "";
  } catch {
    // Then the code has to do.
  }
}
