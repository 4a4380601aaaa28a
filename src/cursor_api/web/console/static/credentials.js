// What can be done with credentials: each action asks the gateway, then shows what it answered.

import { call, credentialPath, Lost, TEST_TIMEOUT_MS } from "./api.js";
import { quoted } from "./format.js";
import { currentLanguage, has, said, t } from "./i18n.js";
import { endsSession } from "./session.js";
import { changed, state, update } from "./store.js";
import { dropToast, showToast } from "./toasts.js";

const LIMIT = 1000;
export const PRIORITY_MIN = -100;
export const PRIORITY_MAX = 100;

// A list that was asked for before or during one of our own changes is old when it comes.
let changeCount = 0;

async function writing(action) {
  changeCount += 1;
  state.changesUnderWay += 1;
  try {
    return await action();
  } finally {
    state.changesUnderWay -= 1;
    changeCount += 1;
  }
}

export async function loadList() {
  const before = changeCount;
  const { data } = await call("GET", `api/credentials?order=priority&limit=${LIMIT}`);
  if (before !== changeCount || state.changesUnderWay || !state.key || state.dragged) return;
  update({ list: data });
}

export function find(alias) {
  return state.list?.credentials.find((one) => one.alias === alias);
}

// One sentence for whatever went wrong; "" when the sign-in page says it already.
export function explain(error) {
  if (endsSession(error)) return "";
  if (error instanceof Lost) return t("trouble.lost");
  switch (error.code) {
    case "not_found":
      return t("trouble.not_found");
    case "overloaded":
      return t("trouble.overloaded");
    case "rate_limit_exceeded":
      return t("trouble.too_often", { seconds: error.retryAfterS || 60 });
    default:
      return inWords(error);
  }
}

// By the code, and by the field where that says more. The gateway's own sentence, which is English,
// is for readers of English only.
function inWords({ code, param, message, status, findings }) {
  if (findings.length) return findings.map((one) => said(one.words)).join(" ");
  if (currentLanguage() === "en") return message;
  const key = [`code.${code}_${param}`, `code.${code}`].find(has);
  if (!key) return t("trouble.unknown", { status });
  return param && key === `code.${code}` ? t("trouble.field", { text: t(key), field: param }) : t(key);
}

export function complain(error) {
  const text = explain(error);
  if (text) showToast(text, { kind: "trouble" });
}

// What a form asks for: gives {answer}; or null, and what went wrong stands in the draft.
export async function attempt(draft, action, words = explain) {
  if (draft.isSending) return null;
  Object.assign(draft, { isSending: true, trouble: "", param: "" });
  changed();
  try {
    return { answer: await action() };
  } catch (error) {
    Object.assign(draft, { trouble: words(error), param: error.param ?? "" });
    return null;
  } finally {
    draft.isSending = false;
    changed();
  }
}

// Do something with one credential while its row shows that; true when it worked.
async function work(alias, what, action) {
  if (state.working.has(alias)) return false;
  state.working.set(alias, what);
  changed();
  try {
    await writing(action);
    return true;
  } catch (error) {
    complain(error);
    return false;
  } finally {
    state.working.delete(alias);
    changed();
  }
}

function replace(alias, credential) {
  if (!state.list) return;
  const credentials = state.list.credentials.map((one) => (one.alias === alias ? credential : one));
  // As the gateway sorts: higher first, and among equals as they stand.
  credentials.sort((a, b) => b.priority - a.priority);
  state.list = { ...state.list, credentials };
  changed();
}

function setCredentials(credentials) {
  const more = credentials.length - state.list.credentials.length;
  update({ list: { ...state.list, credentials, total_count: state.list.total_count + more } });
}

// Raises Refusal or Lost, for a dialog that shows it.
export async function change(alias, changes) {
  const { data } = await writing(() => call("PATCH", credentialPath(alias), { body: changes }));
  replace(alias, data);
  if (data.alias !== alias) state.outcomes.delete(alias);
  return data;
}

// The switch stays where it was put while the gateway is asked, and goes back if that failed.
export async function setEnabled(alias, isEnabled) {
  const was = find(alias);
  replace(alias, { ...was, enabled: isEnabled });
  const isDone = await work(alias, "save", () => change(alias, { enabled: isEnabled }));
  if (!isDone && find(alias)) replace(alias, { ...find(alias), enabled: was.enabled });
}

// Key presses come faster than answers: the row moves at once, and what is wanted last is sent.
const wantedPriorities = new Map();

export async function setPriority(alias, priority) {
  const was = find(alias);
  const wanted = Math.min(PRIORITY_MAX, Math.max(PRIORITY_MIN, priority));
  if (!was || wanted === was.priority) return;
  const isSending = wantedPriorities.has(alias);
  wantedPriorities.set(alias, wanted);
  replace(alias, { ...was, priority: wanted });
  if (isSending) return;
  try {
    let sent;
    do {
      sent = wantedPriorities.get(alias);
      const body = { priority: sent };
      const { data } = await writing(() => call("PATCH", credentialPath(alias), { body }));
      replace(alias, { ...data, priority: wantedPriorities.get(alias) });
    } while (wantedPriorities.get(alias) !== sent);
  } catch (error) {
    complain(error);
    if (find(alias)) replace(alias, { ...find(alias), priority: was.priority });
  }
  wantedPriorities.delete(alias);
}

export function clear(alias) {
  return work(alias, "save", async () => {
    const { data } = await call("POST", credentialPath(alias, "/clear"));
    replace(alias, data);
    showToast(t("clear.done", { alias: quoted(alias) }));
  });
}

export async function test(alias) {
  if (state.working.has(alias)) return;
  state.outcomes.delete(alias);
  state.working.set(alias, "test");
  changed();
  let outcome;
  try {
    const path = credentialPath(alias, "/test");
    const { data } = await call("POST", path, { timeoutMs: TEST_TIMEOUT_MS });
    outcome = data;
    changeCount += 1; // lists that were asked for meanwhile are older than this
    replace(alias, data.credential);
  } catch (error) {
    const text = explain(error);
    outcome = text ? { error: text } : null;
  }
  state.working.delete(alias);
  if (outcome) state.outcomes.set(alias, outcome);
  changed();
}

export function remove(alias) {
  const was = find(alias);
  return work(alias, "remove", async () => {
    const { data } = await call("DELETE", credentialPath(alias));
    state.outcomes.delete(alias);
    setCredentials(state.list.credentials.filter((one) => one.alias !== alias));
    showToast(t("remove.done", { alias: quoted(alias) }), {
      // What is needed to have it back holds the secret. It lives in this closure only.
      action: { label: t("remove.undo"), run: (toastId) => undo(toastId, was, data.undo) },
    });
  });
}

async function undo(toastId, was, body) {
  dropToast(toastId);
  try {
    const { data } = await writing(() => call("POST", "api/credentials", { body }));
    const [back] = data.credentials;
    const settings = ["priority", "weight", "concurrency_max", "enabled"];
    const lost = settings.filter((key) => was && back[key] !== was[key]);
    const restored = lost.length
      ? await change(back.alias, Object.fromEntries(lost.map((key) => [key, was[key]])))
      : back;
    setCredentials([...state.list.credentials, restored]);
    replace(restored.alias, restored);
    showToast(t("remove.undone", { alias: quoted(restored.alias) }));
  } catch (error) {
    // The way back stays open: the secret is nowhere else any more.
    const text = explain(error);
    if (text) {
      showToast(text, {
        kind: "trouble",
        action: { label: t("remove.again"), run: (id) => undo(id, was, body) },
      });
    }
  }
}

// What the pasted lines hold, without storing anything.
export async function preview(tokens) {
  const { data } = await call("POST", "api/credentials", { body: { tokens, dry_run: true } });
  return data;
}

export async function add(tokens, checksum) {
  const body = checksum ? { tokens, checksum } : { tokens };
  const { data } = await writing(() => call("POST", "api/credentials", { body }));
  const added = new Set(data.credentials.map((one) => one.alias));
  const others = state.list.credentials.filter((one) => !added.has(one.alias));
  setCredentials([...others, ...data.credentials].sort((a, b) => b.priority - a.priority));
  showToast(t("add.done", { count: data.credentials.length }));
  return data.credentials;
}
