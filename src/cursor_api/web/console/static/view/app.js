// Every page with its head, notices, dialogs and toasts.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { loadModels } from "../chat.js";
import { loadConnect } from "../connect.js";
import { t } from "../i18n.js";
import { loadKeys, pollKeys } from "../keys.js";
import { enterOverview, pollOverview } from "../overview.js";
import { enterRequests, pollRequests } from "../records.js";
import { state } from "../store.js";
import { dropToast } from "../toasts.js";
import { loadUsage } from "../usage.js";
import { addDialog } from "./add.js";
import { chatPage } from "./chat.js";
import { connectPage } from "./connect.js";
import { credentialsPage, enterCredentials } from "./credentials.js";
import { deletionDialog } from "./deletion.js";
import { editDialog } from "./edit.js";
import { gridDialog } from "./grid.js";
import { head } from "./head.js";
import { icons } from "./icons.js";
import { keyDialogs } from "./key_dialogs.js";
import { keysPage } from "./keys.js";
import { notices } from "./notices.js";
import { overviewPage } from "./overview.js";
import { requestsPage } from "./requests.js";
import { enterSettings, settingsPage } from "./settings.js";
import { signInView } from "./signin.js";
import { upstreamDialog } from "./upstream.js";
import { usagePage } from "./usage.js";

// In the order of the navigation.
// `enter` asks for what a page needs when it is gone to, `poll` again and again while it is shown;
// a page that `hasList` shows the credentials.
export const PAGES = [
  { id: "overview", view: overviewPage, enter: enterOverview, poll: pollOverview, hasList: true },
  { id: "connect", view: connectPage, enter: loadConnect },
  { id: "chat", view: chatPage, enter: loadModels },
  { id: "requests", view: requestsPage, enter: enterRequests, poll: pollRequests },
  { id: "usage", view: usagePage, enter: loadUsage },
  { id: "credentials", view: credentialsPage, enter: enterCredentials, hasList: true },
  { id: "keys", view: keysPage, enter: loadKeys, poll: pollKeys },
  { id: "settings", view: settingsPage, enter: enterSettings },
];

export function findPage(route) {
  return PAGES.find(({ id }) => id === route.page);
}

export function appView() {
  if (!state.key) return html`${signInView()}${toasts()}`;
  const page = findPage(state.route);
  return html`${head(PAGES)}
    <main>
      <h1 class="hidden" id="title" tabindex="-1">${t(page ? `page.${page.id}` : "page.unknown")}</h1>
      ${notices()}
      <div id="panel">${page ? page.view() : unknownPage()}</div>
    </main>
    ${state.add?.isOpen ? addDialog() : nothing} ${state.upstream?.isOpen ? upstreamDialog() : nothing} ${state.edit?.isOpen ? editDialog() : nothing} ${state.grid ? gridDialog() : nothing} ${state.deletion ? deletionDialog() : nothing} ${keyDialogs()} ${toasts()}`;
}

function unknownPage() {
  return html`<p class="nothing">${t("page.unknown")}</p>`;
}

function toasts() {
  return html`<div class="toasts" role="region" aria-label=${t("toast.label")}>
    <div aria-live="polite">
      ${repeat(
        state.toasts,
        (toast) => toast.id,
        (toast) => html`<div class="toast ${toast.kind}">
          <span>${toast.text}</span>
          ${toast.action
            ? html`<button type="button" class="undo" @click=${() => toast.action.run(toast.id)}>${toast.action.label}</button>`
            : nothing}
          <button type="button" class="quiet only-icon" aria-label=${t("toast.close")} title=${t("toast.close")} @click=${() => dropToast(toast.id)}>
            ${icons.close}
          </button>
        </div>`,
      )}
    </div>
  </div>`;
}
