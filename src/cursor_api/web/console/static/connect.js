// What a client program needs to be told: asked of the gateway, with this browser's own address.

import { call } from "./api.js";
import { explain } from "./credentials.js";
import { go, link } from "./router.js";
import { rootUrl } from "./server.js";
import { state, update } from "./store.js";

// Which client, key and model stands in the place; `data` is the answer for it.
export function chosen() {
  const { client = "", key = "", model = "" } = state.route.params;
  return { client, key, model };
}

export function choose(changes) {
  go(link("connect", { ...chosen(), ...changes }), { isReplaced: true });
  return loadConnect();
}

let round = 0;

export async function loadConnect() {
  const { key, model } = chosen();
  const mine = ++round;
  const query = new URLSearchParams({ base: rootUrl(), ...(key && { key }), ...(model && { model }) });
  let connect;
  try {
    connect = { data: (await call("GET", `api/clients?${query}`)).data, trouble: "" };
  } catch (error) {
    connect = { data: state.connect?.data ?? null, trouble: explain(error) };
  }
  if (mine === round) update({ connect });
}

export function currentClient() {
  const clients = state.connect?.data?.clients ?? [];
  return clients.find(({ name }) => name === chosen().client) ?? clients[0];
}

// A text as it may stand on a screen: without the key, however the text's language spells it.
export function masked(text, key) {
  if (!key) return text;
  const inJson = JSON.stringify(key).slice(1, -1);
  const inShell = key.replace(/[\\"$`]/g, "\\$&");
  const inQuotes = key.replaceAll("'", `'"'"'`);
  const mask = key.length < 16 ? "…" : `${key.slice(0, 4)}…${key.slice(-4)}`;
  return [key, inJson, inShell, inQuotes].reduce((shown, one) => shown.replaceAll(one, mask), text);
}
