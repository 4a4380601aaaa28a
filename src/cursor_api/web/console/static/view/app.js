// The page around the two tabs: head, notices, dialogs, toasts.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { isDirty, loadFiles } from "../files.js";
import { duration, name, nowMs } from "../format.js";
import { t } from "../i18n.js";
import { pollNow } from "../polling.js";
import { signOut } from "../session.js";
import { state, update } from "../store.js";
import { dropToast } from "../toasts.js";
import { addDialog } from "./add.js";
import { editDialog } from "./edit.js";
import { filesTab } from "./files.js";
import { icons } from "./icons.js";
import { languageButton, themeButton } from "./looks.js";
import { problemText } from "./problems.js";
import { signInView } from "./signin.js";
import { credentialsTab } from "./table.js";

export function appView() {
  if (!state.key) return html`${signInView()}${toasts()}`;
  return html`${head()}
    <main>
      <h1 class="hidden">${t("app.title")}</h1>
      ${notices()}
      <div role="tabpanel" id="panel" aria-labelledby="tab-${state.tab}">
        ${state.tab === "files" ? filesTab() : credentialsTab()}
      </div>
    </main>
    ${state.add?.isOpen ? addDialog() : nothing} ${state.edit ? editDialog() : nothing} ${toasts()}`;
}

function head() {
  return html`<header>
    <span class="brand">${icons.logo} <span>cursor-api</span></span>
    <div role="tablist" aria-label=${t("tab.label")} @keydown=${onTabKey}>
      ${tab("credentials", "tab.credentials")} ${tab("files", "tab.files")}
    </div>
    <div class="looks">
      ${languageButton()} ${themeButton()}
      <button type="button" class="quiet" id="sign-out" @click=${leave}>${t("signin.out")}</button>
    </div>
  </header>`;
}

function tab(id, key) {
  const isChosen = state.tab === id;
  const isMarked = id === "files" && isDirty();
  return html`<button
    type="button"
    role="tab"
    id="tab-${id}"
    aria-selected=${isChosen ? "true" : "false"}
    aria-controls="panel"
    tabindex=${isChosen ? 0 : -1}
    @click=${() => openTab(id)}
  >
    ${t(key)}${isMarked ? html`<span class="dot" title=${t("files.dirty")}></span>` : nothing}
  </button>`;
}

// Drafts in the files' tab stay when another tab is looked at.
export function openTab(id) {
  update({ tab: id });
  if (id === "files" && !isDirty()) loadFiles();
}

function onTabKey(event) {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const other = state.tab === "files" ? "credentials" : "files";
  openTab(other);
  document.getElementById(`tab-${other}`).focus();
}

function leave() {
  if (isDirty() && !window.confirm(t("files.really_leave"))) return;
  signOut();
}

function notices() {
  const { lost, list } = state;
  return html`${lost ? lostNotice(lost) : nothing} ${list?.trouble ? fileTrouble(list.trouble) : nothing}
  ${(list?.upstreams ?? []).filter(({ state: now }) => now !== "closed").map(upstreamNotice)}
  ${(list?.warnings ?? []).map((text) => html`<div class="notice warn" role="status"><p>${name(text)}</p></div>`)}`;
}

function lostNotice(lost) {
  const text = lost.text
    ? t("lost.refused", { message: lost.text })
    : t("lost.text", { since: duration((Date.now() - lost.sinceMs) / 1000) });
  return html`<div class="notice bad" id="lost">
    <p role="alert"><b>${t("lost.title")}</b></p>
    <p>${text}</p>
    <button type="button" @click=${pollNow}>${t("lost.retry")}</button>
  </div>`;
}

// Healthy credentials are of no use while this lasts: it stands above them.
function upstreamNotice({ state: now, failure_count: count, until_at: until, cause }) {
  const left = duration((Date.parse(until) - nowMs()) / 1000);
  return html`<div class="notice bad" id="upstream">
    <p role="alert"><b>${t("upstream.title")}</b></p>
    <p>${t(`fault.${cause}`)} ${now === "open" ? t("upstream.text", { count, left }) : t("upstream.due")}</p>
  </div>`;
}

function fileTrouble({ message, problems }) {
  return html`<div class="notice bad" role="alert">
    <p><b>${t("disk.title")}</b> ${name(message)}</p>
    <ul>
      ${problems.map(
        (one) => html`<li>
          <bdi>${name(one.file)}</bdi> ${t("problem.line", { line: one.line })} ${problemText(one.problem)}
        </li>`,
      )}
    </ul>
  </div>`;
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
