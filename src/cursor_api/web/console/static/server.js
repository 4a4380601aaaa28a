// What the gateway says of itself without a key: where its client APIs are.

import { call } from "./api.js";
import { state, update } from "./store.js";

const CHAT = "/v1/chat/completions";
const MESSAGES = "/v1/messages";

export async function loadServer() {
  if (state.server) return;
  const { data } = await call("GET", "./");
  update({ server: { version: data.version, endpoints: data.endpoints } });
}

// The address that this browser reaches the gateway at, without a slash at the end. A proxy's own
// path stays in it; the route prefix is added where the page was opened without it.
export function rootUrl() {
  const here = new URL(".", document.baseURI).href.replace(/\/$/, "");
  const prefix = find(CHAT).slice(0, -CHAT.length);
  return prefix && !here.endsWith(prefix) ? here + prefix : here;
}

// For each client API: what its clients call a base URL, and the addresses that they add to it.
export function baseUrls() {
  if (!state.server) return [];
  const root = rootUrl();
  const has = (path) => find(path) !== "";
  const openai = [CHAT, "/v1/responses"].filter(has).map((path) => path.slice("/v1".length));
  const apis = [{ name: "OpenAI", url: `${root}/v1`, paths: openai }];
  if (has(MESSAGES)) apis.push({ name: "Anthropic", url: root, paths: [MESSAGES] });
  return apis;
}

function find(path) {
  return state.server?.endpoints.find((one) => one.endsWith(path)) ?? "";
}
