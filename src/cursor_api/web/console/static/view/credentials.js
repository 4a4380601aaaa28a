// The page of the credentials: the table, and the raw files for those who prefer them.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { isDirty, loadFiles } from "../files.js";
import { t } from "../i18n.js";
import { link } from "../router.js";
import { state } from "../store.js";
import { filesTab } from "./files.js";
import { dirtyDot } from "./head.js";
import { credentialsTab } from "./table.js";

export function credentialsPage() {
  const isFiles = isFilesTab();
  return html`<nav class="subnav" aria-label=${t("tab.label")}>
      ${tab("credentials", link("credentials"), !isFiles, nothing)}
      ${tab("files", link("credentials", {}, "files"), isFiles, isDirty() ? dirtyDot() : nothing)}
    </nav>
    ${isFiles ? filesTab() : credentialsTab()}`;
}

function isFilesTab() {
  return state.route.page === "credentials" && state.route.rest[0] === "files";
}

// Drafts in the files' tab stay when another page is looked at.
export function enterCredentials() {
  if (!isFilesTab() || isDirty()) return;
  if (state.files) state.files.isShown = false;
  loadFiles();
}

function tab(id, href, isChosen, mark) {
  return html`<a id="tab-${id}" href=${href} aria-current=${isChosen ? "page" : nothing}>${t(`tab.${id}`)}${mark}</a>`;
}
