// Copying, also where a page may not use the clipboard: over plain HTTP from another machine.

import { t } from "./i18n.js";
import { showToast } from "./toasts.js";

export async function copyText(text) {
  if (await write(text)) showToast(t("copy.done"));
  else showToast(t("copy.failed"), { kind: "trouble" });
}

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeByHand(text);
  }
}

// The old way: a text that is selected. A modal dialog makes everything outside it inert.
function writeByHand(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "hidden";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isDone;
}
