// Dialogs are the browser's own: it keeps the focus inside, gives it back, and closes on Escape.

import { html } from "../vendor/lit-html/lit-html.js";
import { t } from "../i18n.js";
import { icons } from "./icons.js";

// `onClosed` runs however the dialog is closed.
export function dialog({ id, title, content, onClosed }) {
  return html`<dialog id=${id} aria-labelledby="${id}-title" @close=${onClosed}>
    <div class="dialog-head">
      <h2 id="${id}-title">${title}</h2>
      <button type="button" class="quiet only-icon" aria-label=${t("dialog.close")} title=${t("dialog.close")} @click=${closeDialog}>
        ${icons.close}
      </button>
    </div>
    ${content}
  </dialog>`;
}

export function closeDialog() {
  document.querySelector("dialog[open]")?.close();
}

// After each drawing: a dialog that was just made is shown.
export function showNewDialog() {
  const made = document.querySelector("dialog:not([open])");
  if (!made) return;
  made.showModal();
  made.querySelector("[data-first]")?.focus();
}
