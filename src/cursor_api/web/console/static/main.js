// Where the page begins: language, looks, the key of this tab, then the first drawing.

import { render } from "./vendor/lit-html/lit-html.js";
import { complain } from "./credentials.js";
import { isDirty } from "./files.js";
import { preferredLanguage, t, useLanguage } from "./i18n.js";
import { pollNow, startPolling } from "./polling.js";
import { startRouter } from "./router.js";
import { loadServer } from "./server.js";
import { restoreKey, signInByCode } from "./session.js";
import { changed, onChange, state } from "./store.js";
import { appView, findPage } from "./view/app.js";
import { showNewDialog } from "./view/dialog.js";
import { restoreTheme } from "./view/looks.js";

// Their views change like pages.
const WITH_TABS = ["credentials", "keys", "settings"];

const root = document.getElementById("app");
let wasSignedIn = false;
let isFirst = true;

function draw() {
  const giveBack = keepFocus();
  render(appView(), root);
  giveBack();
  showNewDialog();
  document.title = title();
  const isSignedIn = Boolean(state.key);
  if (isSignedIn !== wasSignedIn) {
    wasSignedIn = isSignedIn;
    if (isSignedIn) arrive();
    // Nobody had the focus in a page that has only just been opened.
    if (!isFirst || !isSignedIn) document.getElementById(isSignedIn ? "title" : "key")?.focus();
  }
  isFirst = false;
}

function title() {
  const page = state.key && findPage(state.route);
  return page ? `${t(`page.${page.id}`)} · ${t("app.title")}` : t("app.title");
}

// Another place is shown: its page asks for what it needs, and who listens hears its name. A row
// that is opened in place, or another filter, leaves the focus where it is.
function arrive(before) {
  if (!state.key) return;
  const { page, rest } = state.route;
  const isOtherPage = before?.page !== page || (WITH_TABS.includes(page) && before.rest[0] !== rest[0]);
  if (isOtherPage) pollNow();
  // Its addresses are what every page is about.
  loadServer().then(() => findPage(state.route)?.enter(), complain);
  if (before && isOtherPage) {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    window.scrollTo(0, 0);
    requestAnimationFrame(() => document.getElementById("title")?.focus());
  }
}

// A row that moves in the document, because its priority is another now, loses the focus that is
// in it. Gives a function that puts it back, on the same button of the same credential.
function keepFocus() {
  const focused = document.activeElement;
  const alias = focused?.closest("tr[data-alias]")?.dataset.alias;
  const button = ["raise", "lower", "test", "grid", "edit", "remove"].find((one) => focused?.classList.contains(one));
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
await signInByCode();
startRouter(arrive);
onChange(draw);
changed();
startPolling(() => findPage(state.route));

window.addEventListener("beforeunload", (event) => {
  if (isDirty()) event.preventDefault();
});
