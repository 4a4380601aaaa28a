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
  render(appView(), root);
  showNewDialog();
  const isSignedIn = Boolean(state.key);
  if (isSignedIn !== wasSignedIn) {
    wasSignedIn = isSignedIn;
    if (isSignedIn) pollNow();
    else document.getElementById("key")?.focus();
  }
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
