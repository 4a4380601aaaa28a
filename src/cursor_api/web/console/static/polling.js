// Keeps what is shown fresh while somebody looks at it, and says so when the gateway does not answer.

import { call, Lost } from "./api.js";
import { explain, loadList } from "./credentials.js";
import { endsSession } from "./session.js";
import { changed, state, update } from "./store.js";

// A request that ended is seen within two seconds.
const PERIOD_MS = 1_500;
const PERIOD_MS_MAX = 15_000;
const TICK_MS = 1_000;

let timer = 0;
let failureCount = 0;
// Somebody has come to another page meanwhile, which wants to be asked for something else.
let isWanted = false;

let currentPage = () => undefined;

// `findCurrentPage` gives the page that is shown, with what it wants to be asked.
export function startPolling(findCurrentPage) {
  currentPage = findCurrentPage;
  document.addEventListener("visibilitychange", () => pollNow());
  window.addEventListener("online", () => pollNow());
  setInterval(() => {
    // Countdowns and "5 s ago" move on between two answers.
    if (state.now && !document.hidden && !state.dragged) changed();
  }, TICK_MS);
  pollNow();
}

export function pollNow() {
  clearTimeout(timer);
  if (document.hidden || !state.key) return;
  isWanted = state.isPolling;
  if (!state.isPolling) poll();
}

async function poll() {
  state.isPolling = true;
  try {
    const page = currentPage();
    await Promise.all([loadNow(), page?.hasList ? loadList() : null]);
    await page?.poll?.();
    failureCount = 0;
    if (state.lost) update({ lost: null });
  } catch (error) {
    failureCount += 1;
    if (!endsSession(error)) {
      const text = error instanceof Lost ? "" : explain(error);
      update({ lost: { sinceMs: state.lost?.sinceMs ?? Date.now(), text } });
    }
  }
  state.isPolling = false;
  clearTimeout(timer);
  if (!document.hidden && state.key) {
    timer = setTimeout(pollNow, isWanted ? 0 : Math.min(PERIOD_MS * 2 ** failureCount, PERIOD_MS_MAX));
  }
}

// How things stand now, on every page.
async function loadNow() {
  const { data } = await call("GET", "api/now");
  if (state.key) update({ now: data, clockOffsetMs: Date.parse(data.now) - Date.now() });
}
