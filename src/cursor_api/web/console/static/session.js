// Signing in and out. The key is in memory; in sessionStorage only when the reader wants this tab
// to keep it over a reload. It is never in an address, a cookie or localStorage.

import { call, Lost } from "./api.js";
import { t } from "./i18n.js";
import { recall, remember, state, update } from "./store.js";
import { dropToasts } from "./toasts.js";

const NAME = "cursor-api-key";

export function restoreKey() {
  const key = recall("sessionStorage", NAME);
  if (key) update({ key });
}

export async function signIn(key, isKept) {
  update({ isSigningIn: true, signInTrouble: null });
  try {
    await call("GET", "api/now", { key });
  } catch (error) {
    update({ isSigningIn: false, signInTrouble: explain(error) });
    return;
  }
  if (isKept) remember("sessionStorage", NAME, key);
  update({ isSigningIn: false, key });
}

// `cursor-api ui` opens the page with a code behind the #, good for one minute and one use. It is
// taken out of the address, and so out of the browser's history, before anything else is done.
export async function signInByCode() {
  const [, code] = location.hash.match(/^#code=([\w-]+)$/) ?? [];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const { data } = await call("POST", "api/ui-session", { body: { code }, key: "" });
    remember("sessionStorage", NAME, data.key);
    update({ key: data.key });
  } catch (error) {
    update({ signInTrouble: error.code === "invalid_code" ? t("signin.code_wrong") : explain(error) });
  }
}

// Everything that was shown goes with the key.
export function signOut(trouble = null) {
  remember("sessionStorage", NAME, null);
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  dropToasts();
  update({
    key: "",
    signInTrouble: trouble,
    isPolling: false,
    changesUnderWay: 0,
    list: null,
    lost: null,
    filter: "all",
    search: "",
    add: null,
    upstream: null,
    edit: null,
    files: null,
    now: null,
    overview: null,
    requests: null,
    usage: null,
    grid: null,
    gridChoice: null,
    deletion: null,
    connect: null,
    chat: null,
    settings: null,
    audit: null,
    keys: null,
    keyForm: null,
    keyAsk: null,
    keySecret: null,
    priceForm: null,
    working: new Map(),
    outcomes: new Map(),
  });
}

// True when the error ends the session: then nothing else needs to be said about it.
export function endsSession(error) {
  if (!state.key || (error.status !== 401 && error.status !== 403)) return false;
  signOut(explain(error, { wasIn: true }));
  return true;
}

function explain(error, { wasIn = false } = {}) {
  if (error instanceof Lost) return t("signin.lost");
  if (error.status === 401) return t(wasIn ? "signin.ended" : "signin.wrong");
  if (error.status === 403) return t("signin.chat_only");
  if (error.status === 429) return t("signin.locked_out", { seconds: error.retryAfterS || 60 });
  return t("trouble.unknown", { status: error.status });
}
