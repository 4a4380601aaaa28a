// API keys and prices: what there is, and each change as the gateway is asked for it.

import { call } from "./api.js";
import { attempt, explain } from "./credentials.js";
import { quoted } from "./format.js";
import { t } from "./i18n.js";
import { state, update } from "./store.js";
import { showToast } from "./toasts.js";

export const COUNTS = ["requests_per_minute", "tokens_per_minute", "requests_per_day", "tokens_per_day", "concurrent_max"];
// A longer list is not asked for again and again.
const POLLED_MAX = 200;

export async function loadKeys() {
  try {
    const [keys, prices] = await Promise.all([call("GET", "api/keys"), call("GET", "api/prices")]);
    update({ keys: { list: keys.data.keys, prices: prices.data.prices, trouble: "" } });
  } catch (error) {
    update({ keys: { ...state.keys, trouble: explain(error) } });
  }
}

export async function pollKeys() {
  if ((state.keys?.list?.length ?? 0) <= POLLED_MAX && !state.keyForm && !state.keyAsk) await loadKeys();
}

// What stands between a new form, or the key that it is about, and what is sent.
export function draftOf(key) {
  const budget = key?.limits.budget ?? null;
  const draft = {
    was: key,
    id: "",
    name: key?.name ?? "",
    owner: key?.owner ?? "",
    note: key?.note ?? "",
    role: key?.role ?? "chat",
    models: key?.models.join(", ") ?? "",
    time_zone: key?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC",
    expires: key?.expires_at ? localTime(key.expires_at) : "",
    unit: budget?.tokens ? "tokens" : "dollars",
    amount: String(budget?.dollars ?? budget?.tokens ?? ""),
    period: budget?.period ?? "month",
    trouble: "",
    param: "",
    isSending: false,
  };
  for (const name of COUNTS) draft[name] = String(key?.limits[name] ?? "");
  return draft;
}

function bodyOf(draft) {
  const limits = Object.fromEntries(COUNTS.map((name) => [name, amountOf(draft[name])]));
  const amount = amountOf(draft.amount);
  limits.budget =
    amount === null ? null : { period: draft.period, [draft.unit]: draft.unit === "tokens" ? amount : draft.amount.trim() };
  return {
    name: draft.name.trim(),
    owner: draft.owner.trim(),
    note: draft.note.trim(),
    role: draft.role,
    models: draft.models.split(/[\s,]+/).filter(Boolean),
    time_zone: draft.time_zone.trim(),
    expires_at: expiryOf(draft),
    limits,
  };
}

// A form has no seconds: what was not touched stays as it was.
function expiryOf({ expires, was }) {
  if (!expires) return null;
  return was?.expires_at && localTime(was.expires_at) === expires ? was.expires_at : new Date(expires).toISOString();
}

// What is no number goes as it is, and the gateway says so.
function amountOf(text) {
  const plain = text.replace(/[\s,_]/g, "");
  if (!plain) return null;
  return /^\d+$/.test(plain) ? Number(plain) : plain;
}

function localTime(instant) {
  const at = new Date(instant);
  return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

// True when it worked; what went wrong stands in the draft then.
export async function saveKey(draft) {
  return send(draft, async () => {
    const body = bodyOf(draft);
    if (draft.was) {
      await call("PATCH", path(draft.was.id), { body: { ...body, version: draft.was.version } });
      showToast(t("keys.saved", { key: quoted(draft.was.id) }));
      return null;
    }
    if (draft.id.trim()) body.id = draft.id.trim();
    const { data } = await call("POST", "api/keys", { body });
    return data;
  });
}

// `ask` is {kind: rotate, revoke or delete, key, keep}.
export async function confirmAsked(ask) {
  return send(ask, async () => {
    if (ask.kind === "delete") await call("DELETE", path(ask.key.id));
    else if (ask.kind === "revoke") await call("POST", path(ask.key.id, "/revoke"));
    else {
      const { data } = await call("POST", path(ask.key.id, "/rotate"), { body: { keep_old_s: Number(ask.keep) } });
      return data;
    }
    showToast(t(`keys.${ask.kind}_done`, { key: quoted(ask.key.id) }));
    return null;
  });
}

export function newPrice() {
  return {
    model: "",
    valid_from: new Date().toISOString().slice(0, 10),
    input: "",
    output: "",
    cache_read: "",
    cache_written: "",
    source: "",
    trouble: "",
    param: "",
    isSending: false,
  };
}

export async function savePrice(draft) {
  return send(draft, async () => {
    const text = (name) => draft[name].trim() || null;
    const body = { model: text("model"), valid_from: text("valid_from"), source: draft.source.trim() };
    for (const name of ["input", "output", "cache_read", "cache_written"]) body[name] = text(name);
    await call("PUT", "api/prices", { body });
    showToast(t("prices.saved"));
    return null;
  });
}

export async function removePrice({ model, valid_from: day }) {
  const query = new URLSearchParams({ model, valid_from: day });
  try {
    const { data } = await call("DELETE", `api/prices?${query}`);
    update({ keys: { ...state.keys, prices: data.prices } });
    showToast(t("prices.removed"));
  } catch (error) {
    showToast(explain(error), { kind: "trouble" });
  }
}

// Gives {answer} when it worked, and has the list anew; null otherwise.
function send(draft, action) {
  const anew = async () => {
    const answer = await action();
    await loadKeys();
    return answer;
  };
  return attempt(draft, anew, words);
}

function words(error) {
  if (error.status === 404) return t("keys.gone");
  if (error.status === 412) return t("keys.stale");
  if (error.status === 409) return t(error.param === "id" ? "keys.id_taken" : "keys.conflict");
  return explain(error);
}

function path(id, rest = "") {
  return `api/keys/${encodeURIComponent(id)}${rest}`;
}
