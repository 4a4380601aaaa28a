// Where the page begins: language, looks, the key of this tab, then the first drawing.

import { render } from "./vendor/lit-html/lit-html.js";
import { isDirty } from "./files.js";
import { preferredLanguage, useLanguage } from "./i18n.js";
import { pollNow, startPolling } from "./polling.js";
import { restoreKey } from "./session.js";
import { changed, onChange, state } from "./store.js";
import { appView } from "./view/app.js";
import { showNewDialog } from "./view/dialog.js";
import { restoreTheme } from "./view/looks.js";

const root = document.getElementById("app");
let wasSignedIn = false;

function draw() {
  const giveBack = keepFocus();
  render(appView(), root);
  giveBack();
  showNewDialog();
  const isSignedIn = Boolean(state.key);
  if (isSignedIn !== wasSignedIn) {
    wasSignedIn = isSignedIn;
    if (isSignedIn) pollNow();
    else document.getElementById("key")?.focus();
  }
}

// A row that moves in the document, because its priority is another now, loses the focus that is
// in it. Gives a function that puts it back, on the same button of the same credential.
function keepFocus() {
  const focused = document.activeElement;
  const alias = focused?.closest("tr[data-alias]")?.dataset.alias;
  const button = ["raise", "lower", "test", "edit", "remove"].find((one) => focused?.classList.contains(one));
  return () => {
    if (alias === undefined || !button || document.activeElement !== document.body) return;
    const row = document.querySelector(`tr[data-alias="${CSS.escape(alias)}"]`);
    row?.querySelector(`button.${button}`)?.focus();
    row?.scrollIntoView({ block: "nearest" });
  };
}

restoreTheme();
restoreKey();
await useLanguage(preferredLanguage());
root.replaceChildren();
onChange(draw);
changed();
startPolling();

window.addEventListener("beforeunload", (event) => {
  if (isDirty()) event.preventDefault();
});
