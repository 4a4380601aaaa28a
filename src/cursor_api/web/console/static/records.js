// The records of requests: which are meant, page by page, and what is new since.

import { call } from "./api.js";
import { explain } from "./credentials.js";
import { go, link } from "./router.js";
import { changed, state, update } from "./store.js";

// What a place can say of the requests that it means; `period` is so many hours until now.
export const FILTERS = ["since", "until", "period", "status", "fault", "model", "credential", "caller", "dialect", "route", "text"];
export const PERIODS = ["1", "24", "168", "720"];
const PAGE_ROWS = 50;
const NEW_ROWS_MAX = 200;
// More rows than this no page holds; older ones are asked for again.
const ROWS_MAX = 1000;
// A search without a match goes back by slices; after so many somebody is asked whether to go on.
const SLICES_MAX = 4;
// Ends of several gateways come in this much out of their order.
const LATE_S = 10;

function fresh(key) {
  return { key, rows: null, newer: [], continueFrom: null, isLoading: false, isOver: false, trouble: "", choices: null, single: null };
}

export function filters() {
  const { params } = state.route;
  return Object.fromEntries(FILTERS.filter((one) => params[one]).map((one) => [one, params[one]]));
}

export function setFilters(changes) {
  go(link("requests", { ...filters(), ...changes }), { isReplaced: true });
}

// As the address takes them.
export function queryOf(given, more = {}) {
  const { period, ...rest } = given;
  if (period) rest.since = String(Math.floor(Date.now() / 1000) - Number(period) * 3600);
  return new URLSearchParams({ ...rest, ...more });
}

// The page was gone to, or its filters have changed.
export async function enterRequests() {
  const key = JSON.stringify(filters());
  const isOther = state.requests?.key !== key;
  if (isOther) {
    update({ requests: { ...fresh(key), choices: state.requests?.choices ?? null } });
    await loadOlder();
  }
  const [id] = state.route.rest;
  await Promise.all([id ? loadSingle(id) : null, isOther ? loadChoices() : null]);
  // A link may lead far down; what is opened in place is seen whole.
  if (id) requestAnimationFrame(() => document.querySelector(".detail-row")?.scrollIntoView({ block: "nearest" }));
}

export async function loadOlder() {
  const shown = state.requests;
  if (shown.isLoading) return;
  Object.assign(shown, { isLoading: true, trouble: "" });
  changed();
  try {
    for (let slice = 0; slice < SLICES_MAX; slice += 1) {
      const more = { count: PAGE_ROWS, ...(shown.continueFrom && { before: shown.continueFrom }) };
      const { data } = await call("GET", `api/requests?${queryOf(filters(), more)}`);
      if (state.requests !== shown) return;
      shown.rows = [...(shown.rows ?? []), ...data.requests];
      shown.continueFrom = data.continue_from;
      if (data.requests.length || !data.continue_from) break;
    }
  } catch (error) {
    shown.trouble = explain(error);
  }
  shown.isLoading = false;
  changed();
}

// What ended lately, whenever it began: one that lasted long has its place further down. What is new
// stands there at once, unless that would move what is being read.
export async function pollRequests() {
  const shown = state.requests;
  if (!shown?.rows || shown.isLoading) return;
  const [id] = state.route.rest;
  if (id && shown.single?.status === "pending") loadSingle(id);
  if (shown.newer.length >= NEW_ROWS_MAX) return;
  const known = [...shown.newer, ...shown.rows];
  const ends = known.map(endOf);
  const more = { count: NEW_ROWS_MAX, ...(ends.length && { ended_since: (Math.max(...ends) / 1000 - LATE_S).toFixed(3) }) };
  const { data } = await call("GET", `api/requests?${queryOf(filters(), more)}`);
  if (state.requests !== shown) return;
  const ids = new Set(known.map(({ id }) => id));
  // Where the list goes on, an older one comes by itself.
  const isListed = ({ id }) => !shown.continueFrom || id > shown.continueFrom;
  const unseen = data.requests.filter((one) => !ids.has(one.id) && isListed(one));
  if (!unseen.length) return;
  shown.newer = [...unseen, ...shown.newer];
  if (!id && window.scrollY < 40) showNewer();
  changed();
}

function endOf({ started_at: start, total_ms: total }) {
  return Date.parse(start) + (total ?? 0);
}

export function showNewer() {
  const shown = state.requests;
  shown.rows = [...shown.newer, ...shown.rows].sort((one, other) => (one.id < other.id ? 1 : -1));
  shown.newer = [];
  if (shown.rows.length > ROWS_MAX) {
    shown.rows = shown.rows.slice(0, ROWS_MAX);
    shown.continueFrom = shown.rows.at(-1).id;
  }
  changed();
}

// The one that the place names; it may be under way, or older than everything that is listed.
async function loadSingle(id) {
  const shown = state.requests;
  try {
    const { data } = await call("GET", `api/requests/${encodeURIComponent(id)}`);
    shown.single = data;
    shown.singleTrouble = "";
  } catch (error) {
    shown.single = null;
    shown.singleTrouble = error.status === 404 ? "not_found" : explain(error);
  }
  changed();
}

async function loadChoices() {
  try {
    state.requests.choices = (await call("GET", "api/requests/choices")).data;
  } catch (error) {
    state.requests.trouble ||= explain(error);
  }
  changed();
}
