// Short messages at the lower edge. One with a way back stays long enough to be reached.

import { changed, state } from "./store.js";

const PLAIN_MS = 6_000;
const WITH_ACTION_MS = 60_000;
const PLAIN_COUNT_MAX = 3;
let lastId = 0;

// `action` is {label, run} or nothing; `kind` is "done" or "trouble".
export function showToast(text, { kind = "done", action = null } = {}) {
  const toast = { id: ++lastId, text, kind, action };
  // Old news goes; a way back stays, however many there are.
  const plain = state.toasts.filter((one) => !one.action);
  const old = new Set(plain.slice(0, Math.max(0, plain.length - PLAIN_COUNT_MAX + 1)));
  state.toasts = [...state.toasts.filter((one) => !old.has(one)), toast];
  const stays = action || kind === "trouble";
  toast.timer = setTimeout(() => dropToast(toast.id), stays ? WITH_ACTION_MS : PLAIN_MS);
  changed();
}

export function dropToast(id) {
  const toast = state.toasts.find((one) => one.id === id);
  if (!toast) return;
  clearTimeout(toast.timer);
  state.toasts = state.toasts.filter((one) => one.id !== id);
  changed();
}

export function dropToasts() {
  for (const toast of state.toasts) clearTimeout(toast.timer);
  state.toasts = [];
  changed();
}
