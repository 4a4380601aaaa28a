// Everything that can be changed about one credential, in one dialog.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { change, explain, find, PRIORITY_MAX, PRIORITY_MIN } from "../credentials.js";
import { quoted } from "../format.js";
import { t } from "../i18n.js";
import { changed, state, update } from "../store.js";
import { showToast } from "../toasts.js";
import { closeDialog, dialog } from "./dialog.js";
import { problemText } from "./problems.js";

export function openEdit(alias, first = "alias") {
  const credential = find(alias);
  if (!credential) return;
  const kept = state.edit;
  if (kept?.was.alias === alias) {
    update({ edit: Object.assign(kept, { was: credential, isOpen: true, trouble: "", param: "" }) });
    return;
  }
  update({
    edit: {
      was: credential,
      first: credential.configured ? "priority" : first,
      alias,
      priority: String(credential.priority),
      weight: String(credential.weight),
      limit: credential.concurrency_max === null ? "" : String(credential.concurrency_max),
      token: "",
      checksum: "",
      trouble: "",
      param: "",
      isSending: false,
      isOpen: true,
    },
  });
}

// Only what is different is sent; a number that is none goes as it is, and the gateway says so.
function changes(draft) {
  const { was } = draft;
  const asNumber = (text) => (/^[+-]?\d+$/.test(text.trim()) ? Number(text) : text);
  const now = {
    alias: draft.alias.trim(),
    priority: asNumber(draft.priority),
    weight: asNumber(draft.weight),
    concurrency_max: draft.limit.trim() === "" ? null : asNumber(draft.limit),
  };
  const different = Object.entries(now).filter(([key, value]) => value !== was[key]);
  for (const key of ["token", "checksum"]) {
    if (draft[key].trim()) different.push([key, draft[key].trim()]);
  }
  return Object.fromEntries(different);
}

async function save(event) {
  event.preventDefault();
  const draft = state.edit;
  if (!draft || draft.isSending) return;
  const wanted = changes(draft);
  if (!Object.keys(wanted).length) {
    giveUp();
    return;
  }
  draft.isSending = true;
  draft.trouble = "";
  changed();
  try {
    const credential = await change(draft.was.alias, wanted);
    giveUp();
    const key = wanted.token ? "edit.renewed" : "edit.done";
    showToast(t(key, { alias: quoted(credential.alias) }));
    refocus(credential.alias);
  } catch (error) {
    const problems = (error.problems ?? []).map(problemText);
    draft.trouble = [explain(error), ...problems].filter(Boolean).join(" ");
    draft.param = error.param ?? "";
  }
  draft.isSending = false;
  changed();
}

// Closed by its own way, so that the focus goes back to where it was.
function giveUp() {
  closeDialog();
  update({ edit: null });
}

// Escape is easily pressed by mistake, and a token is not easily fetched again: what was typed is
// there when the same credential is opened again.
function onClosed(draft) {
  if (state.edit !== draft) return;
  if (!Object.keys(changes(draft)).length) {
    update({ edit: null });
    return;
  }
  draft.isOpen = false;
  showToast(t("edit.kept"));
}

// A new name or priority makes a new row; its button takes the focus of the old one.
function refocus(alias) {
  requestAnimationFrame(() => {
    if (document.activeElement !== document.body) return;
    document.querySelector(`tr[data-alias="${CSS.escape(alias)}"] button.edit`)?.focus();
  });
}

// What stands in the settings has its name and its key there.
export function editDialog() {
  const draft = state.edit;
  const isConfigured = draft.was.configured;
  return dialog({
    id: "edit",
    title: t("edit.title", { alias: quoted(draft.was.alias) }),
    content: html`<form @submit=${save} novalidate>
      ${isConfigured
        ? html`<p class="hint">${t("edit.configured", { upstream: quoted(draft.was.upstream) })}</p>`
        : field("alias", "edit.alias", { hint: "edit.alias_hint" })}
      <div class="fields">
        ${field("priority", "edit.priority", { type: "number", min: PRIORITY_MIN, max: PRIORITY_MAX, hint: "edit.priority_hint" })}
        ${field("weight", "edit.weight", { type: "number", min: 1, max: 100, hint: "edit.weight_hint" })}
        ${field("limit", "edit.limit", { type: "number", min: 1, max: 1000, hint: "edit.limit_hint", param: "concurrency_max" })}
      </div>
      ${isConfigured
        ? nothing
        : html`<fieldset>
            <legend>${t("edit.renew_title")}</legend>
            ${field("token", "edit.token", { hint: "edit.token_hint" })}
            ${field("checksum", "edit.checksum", { hint: "edit.checksum_hint" })}
          </fieldset>`}
      ${draft.trouble ? html`<div class="trouble" role="alert" id="edit-trouble"><p>${draft.trouble}</p></div>` : nothing}
      <div class="form-end">
        <button type="button" @click=${giveUp}>${t("dialog.cancel")}</button>
        <button type="submit" class="primary" aria-disabled=${draft.isSending ? "true" : "false"}>${t("edit.save")}</button>
      </div>
    </form>`,
    onClosed: () => onClosed(draft),
  });
}

function field(key, label, { type = "text", min = "", max = "", hint, param = key }) {
  const draft = state.edit;
  const isWrong = draft.param === param;
  return html`<div class="field">
    <label for="edit-${key}">${t(label)}</label>
    <input
      id="edit-${key}"
      type=${type}
      min=${min}
      max=${max}
      step="1"
      spellcheck="false"
      autocomplete="off"
      ?data-first=${draft.first === key}
      aria-invalid=${isWrong ? "true" : "false"}
      aria-describedby=${isWrong ? `edit-${key}-hint edit-trouble` : `edit-${key}-hint`}
      .value=${live(draft[key])}
      @input=${(event) => {
        draft[key] = event.target.value;
      }}
    />
    <p class="hint" id="edit-${key}-hint">${t(hint)}</p>
  </div>`;
}
