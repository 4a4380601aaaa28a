// The settings as the gateway serves with them; which are shown is the reader's choice.

import { call } from "./api.js";
import { explain } from "./credentials.js";
import { said } from "./i18n.js";
import { state, update } from "./store.js";

export async function loadSettings() {
  const before = state.settings ?? { search: "", isAll: false };
  try {
    const { data } = await call("GET", "api/settings");
    update({ settings: { ...before, ...state.settings, data, trouble: "" } });
  } catch (error) {
    update({ settings: { ...before, ...state.settings, trouble: explain(error) } });
  }
}

export function change(changes) {
  update({ settings: { ...state.settings, ...changes } });
}

// By heading, in the gateway's order: what is set, or all, as far as it is looked for.
export function groups() {
  const { data, search, isAll } = state.settings;
  const wanted = search.trim().toLowerCase();
  const found = new Map();
  for (const one of data.settings) {
    const isMeant = wanted
      ? `${one.name} ${one.key} ${said(one.text)}`.toLowerCase().includes(wanted)
      : isAll || one.is_set || one.is_waiting;
    if (!isMeant) continue;
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
