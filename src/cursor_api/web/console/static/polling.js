// Keeps the list fresh while somebody looks at it, and says so when the gateway does not answer.

import { Lost } from "./api.js";
import { explain, loadList } from "./credentials.js";
import { loadServer } from "./server.js";
import { endsSession } from "./session.js";
import { changed, state, update } from "./store.js";

const PERIOD_MS = 2_500;
const PERIOD_MS_MAX = 15_000;
const TICK_MS = 1_000;

let timer = 0;
let failureCount = 0;
let isAsking = false;

export function startPolling() {
  document.addEventListener("visibilitychange", () => pollNow());
  window.addEventListener("online", () => pollNow());
  setInterval(() => {
    // Countdowns and "5 s ago" move on between two answers.
    if (state.list && !document.hidden && !state.dragged) changed();
  }, TICK_MS);
  pollNow();
}

export function pollNow() {
  clearTimeout(timer);
  if (isAsking || document.hidden || !state.key) return;
  poll();
}

async function poll() {
  isAsking = true;
  try {
    await Promise.all([loadList(), loadServer()]);
    failureCount = 0;
    if (state.lost) update({ lost: null });
  } catch (error) {
    failureCount += 1;
    if (!endsSession(error)) {
      const text = error instanceof Lost ? "" : explain(error);
      update({ lost: { sinceMs: state.lost?.sinceMs ?? Date.now(), text } });
    }
  }
  isAsking = false;
  clearTimeout(timer);
  if (!document.hidden && state.key) {
    timer = setTimeout(pollNow, Math.min(PERIOD_MS * 2 ** failureCount, PERIOD_MS_MAX));
  }
}
