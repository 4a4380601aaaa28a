// Deleting records: what is meant is said and counted first, and only that many are deleted.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { name, number } from "../format.js";
import { has, t } from "../i18n.js";
import { confirmDeletion } from "../removal.js";
import { state, update } from "../store.js";
import { closeDialog, dialog } from "./dialog.js";
import { apiName } from "./parts.js";

const WORDS = { status: "status", fault: "cause" };

export function deletionDialog() {
  const { given, count, trouble, isSending } = state.deletion;
  const reason = isSending ? t("busy.wait") : count === null ? t("deletion.counting") : count ? "" : t("deletion.none");
  return dialog({
    id: "deletion",
    title: t("deletion.title"),
    content: html`<p>${t("deletion.meant")}</p>
      <ul class="given">
        ${Object.entries(given).map(([key, value]) => html`<li>${t(`requests.${key}`)}: <b>${words(key, value)}</b></li>`)}
      </ul>
      <p role="status">${count === null ? t("deletion.counting") : t("deletion.count", { count, value: number(count) })}</p>
      ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
      <div class="form-end">
        <button type="button" data-first @click=${closeDialog}>${t("dialog.cancel")}</button>
        <button type="button" class="danger" id="confirm-deletion" aria-disabled=${reason ? "true" : "false"} title=${reason || nothing} @click=${confirmDeletion}>
          ${count ? t("deletion.confirm", { count, value: number(count) }) : t("deletion.delete")}
        </button>
      </div>`,
    onClosed: () => update({ deletion: null }),
  });
}

function words(key, value) {
  if (key === "period") return t(`requests.period_${value}`);
  if (key === "dialect") return apiName(value);
  const entry = `${WORDS[key]}.${value}`;
  return has(entry) ? t(entry) : name(value);
}
