// Priority by dragging a row or by the arrow keys. Credentials of one priority are a group: which
// of them is next is the pool's choice, so a row is dropped onto a group, never between two rows.

import { html } from "../vendor/lit-html/lit-html.js";
import { find, PRIORITY_MAX, PRIORITY_MIN, setPriority } from "../credentials.js";
import { t } from "../i18n.js";
import { update } from "../store.js";

// Whose row is on its way. The page is told a moment later: a drop may come before that.
let dragged = "";

export function dragStart(event, alias) {
  dragged = alias;
  event.dataTransfer.effectAllowed = "move";
  // Not the secret, not even the name: what is dropped elsewhere is only a word.
  event.dataTransfer.setData("text/plain", "credential");
  const row = event.target.closest("tr");
  if (row) event.dataTransfer.setDragImage(row, 12, 12);
  // Changing the page within this event would end the drag at once.
  setTimeout(() => update({ dragged }), 0);
}

export function dragEnd() {
  dragged = "";
  update({ dragged });
}

export function dragOver(event) {
  if (!dragged) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
}

export function dropOn(event, priority) {
  if (!dragged) return;
  event.preventDefault();
  const alias = dragged;
  dragEnd();
  setPriority(alias, priority);
}

export function bounded(priority) {
  return Math.min(PRIORITY_MAX, Math.max(PRIORITY_MIN, priority));
}

export function dropHint(key, priority) {
  return html`<span class="drop-hint">${t(key, { priority })}</span>`;
}

export function dropZone(key, priority) {
  return html`<tbody role="rowgroup" class="zone" @dragover=${dragOver} @drop=${(event) => dropOn(event, priority)}>
    <tr role="row"><td role="cell" colspan="7">${t(key, { priority })}</td></tr>
  </tbody>`;
}

export function step(alias, by) {
  setPriority(alias, (find(alias)?.priority ?? 0) + by);
}

export function onArrow(event, alias) {
  const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  step(alias, by);
}
