// What operators did: which acts are meant, page by page.

import { call } from "./api.js";
import { explain } from "./credentials.js";
import { queryOf } from "./records.js";
import { go, link } from "./router.js";
import { changed, state, update } from "./store.js";

const FILTERS = ["period", "actor", "kind"];
// Those that are no API keys.
export const ACTORS = ["operator", "command-line", "files", "signal"];
const PAGE_ROWS = 50;

export function filters() {
  const { params } = state.route;
  return Object.fromEntries(FILTERS.filter((one) => params[one]).map((one) => [one, params[one]]));
}

export function setFilters(changes) {
  go(link("settings", { ...filters(), ...changes }, "changes"), { isReplaced: true });
}

// Asked for anew each time: what was there stays until the answer comes.
export async function loadAudit() {
  const key = JSON.stringify(filters());
  const before = state.audit?.key === key ? state.audit : {};
  const { acts = null, continueFrom = null } = before;
  const actors = state.audit?.actors ?? new Set(ACTORS);
  update({ audit: { key, acts, continueFrom, actors, isLoading: false, trouble: "" } });
  await load([]);
}

export function loadOlderActs() {
  return load(state.audit.acts);
}

// The next page behind these.
async function load(acts) {
  const shown = state.audit;
  if (shown.isLoading) return;
  Object.assign(shown, { isLoading: true, trouble: "" });
  changed();
  try {
    const more = { count: PAGE_ROWS, ...(acts.length && { before: shown.continueFrom }) };
    const { data } = await call("GET", `api/audit?${queryOf(filters(), more)}`);
    shown.acts = [...acts, ...data.acts];
    shown.continueFrom = data.continue_from;
    for (const { actor } of data.acts) shown.actors.add(actor);
  } catch (error) {
    shown.trouble = explain(error);
  }
  shown.isLoading = false;
  changed();
}
