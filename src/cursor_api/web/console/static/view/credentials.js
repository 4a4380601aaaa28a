// The page of the credentials: the table, and the raw files for those who prefer them.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { isDirty, loadFiles } from "../files.js";
import { link } from "../router.js";
import { state } from "../store.js";
import { filesTab } from "./files.js";
import { dirtyDot } from "./head.js";
import { subnav } from "./parts.js";
import { credentialsTab } from "./table.js";

export function credentialsPage() {
  const isFiles = isFilesTab();
  return html`${subnav([
      { id: "credentials", href: link("credentials"), isChosen: !isFiles },
      { id: "files", href: link("credentials", {}, "files"), isChosen: isFiles, mark: isDirty() ? dirtyDot() : nothing },
    ])}
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
