// The settings as the gateway serves with them; which are shown is the reader's choice. Each change
// of one, and what to do when somebody else has changed it meanwhile.

import { call } from "./api.js";
import { attempt, explain } from "./credentials.js";
import { said, t } from "./i18n.js";
import { changed, state, update } from "./store.js";
import { showToast } from "./toasts.js";

// `edits` has a draft by each name that is being changed: {was, value, theirs, trouble, param}.
export async function loadSettings() {
  const before = state.settings ?? { search: "", isAll: false, edits: new Map() };
  try {
    const { data, etag } = await call("GET", "api/settings");
    update({ settings: { ...before, ...state.settings, data, etag, trouble: "" } });
  } catch (error) {
    update({ settings: { ...before, ...state.settings, trouble: explain(error) } });
  }
}

export function change(changes) {
  update({ settings: { ...state.settings, ...changes } });
}

// By heading, in the gateway's order: what is set, or all, as far as it is looked for; and what is
// being changed, whatever else is asked for.
export function groups() {
  const { data, search, isAll, edits } = state.settings;
  const wanted = search.trim().toLowerCase();
  const found = new Map();
  for (const one of data.settings) {
    const isMeant = wanted
      ? `${one.name} ${one.key} ${said(one.text)}`.toLowerCase().includes(wanted)
      : isAll || one.is_set || one.is_waiting;
    if (!isMeant && !edits.has(one.name)) continue;
    const heading = said(one.group);
    if (!found.has(heading)) found.set(heading, []);
    found.get(heading).push(one);
  }
  return [...found];
}

// As it is written in `.env`; "" where the value is not known here. What is no plain word goes into
// quotes, as the gateway reads them.
export function lineOf({ name, key, value, is_secret: isSecret, is_set: isSet, default: byDefault }) {
  if (isSecret || !key) return "";
  const text = isSet ? value : byDefault;
  return `${name}=${/^[\w./:*,@+-]*$/.test(text) ? text : `'${text}'`}`;
}

function find(name) {
  return state.settings.data.settings.find((one) => one.name === name);
}

// A secret is not sent to the page: its new value is written from nothing.
export function edit(one) {
  const value = one.is_set && !one.is_secret ? one.value : "";
  state.settings.edits.set(one.name, { was: one, value, theirs: null, trouble: "", param: "" });
  changed();
}

export function leave(name) {
  state.settings.edits.delete(name);
  changed();
}

// `value` null leaves it to its default. True when it was saved.
export async function save(name, value) {
  const draft = state.settings.edits.get(name);
  const done = await attempt(draft, () => put(name, value), (error) => words(error, draft));
  if (!done) {
    if (draft.theirs) await meet(name, draft, value);
    return false;
  }
  const { reloaded } = done.answer;
  leave(name);
  const isUsed = !reloaded.problems.length;
  showToast(t(isUsed ? "settings.saved" : "settings.not_used", { name }), { kind: isUsed ? "done" : "trouble" });
  await loadSettings();
  return true;
}

async function put(name, value) {
  const { data, etag } = await call("PUT", `api/settings/${encodeURIComponent(name)}`, {
    body: { value },
    headers: { "if-match": state.settings.etag },
  });
  state.settings.etag = etag;
  return data;
}

function words(error, draft) {
  if (error.status === 412) draft.theirs = draft.was;
  return error.status === 412 ? t("conflict.title") : explain(error);
}

// Somebody else has changed the settings: where not this one, it is saved into what is there now.
async function meet(name, draft, value) {
  await loadSettings();
  const theirs = find(name);
  const isSame = ["value", "source", "is_set"].every((key) => theirs[key] === draft.was[key]);
  Object.assign(draft, { theirs: isSame ? null : theirs, was: theirs, wanted: value });
  if (isSame && !draft.isRepeated) {
    draft.isRepeated = true;
    await save(name, value);
  }
  changed();
}

// Mine is saved over the version that was just seen, and over no newer one.
export function keepMine(name) {
  const draft = state.settings.edits.get(name);
  Object.assign(draft, { theirs: null, trouble: "" });
  return save(name, draft.wanted);
}
