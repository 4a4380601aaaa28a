// The dialogs of the keys: one to make or change a key, one to be sure, one that shows a secret once,
// and one for a price.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { copyText } from "../copying.js";
import { quoted } from "../format.js";
import { t } from "../i18n.js";
import { confirmAsked, COUNTS, saveKey, savePrice } from "../keys.js";
import { state, update } from "../store.js";
import { closeDialog, dialog } from "./dialog.js";
import { icons } from "./icons.js";
import { field, formEnd, select } from "./parts.js";

const KEEPS = ["0", "3600", "86400", "604800"];

export function keyDialogs() {
  if (state.keySecret) return secretDialog();
  if (state.keyForm) return keyDialog();
  if (state.keyAsk) return askDialog();
  return state.priceForm ? priceDialog() : nothing;
}

function keyDialog() {
  const draft = state.keyForm;
  const set = (key) => (value) => {
    draft[key] = value;
  };
  const input = (key, more) => field(draft, key, { id: `key-${key}`, label: `keys.${key}`, form: "key-form", ...more });
  return dialog({
    id: "key-form",
    title: draft.was ? t("keys.edit_title", { key: quoted(draft.was.id) }) : t("keys.new"),
    content: html`<form @submit=${(event) => submit(event, draft, saveKey, "keyForm")} novalidate>
      <div class="fields">
        ${input("name", { isFirst: true })} ${draft.was ? nothing : input("id", { hint: "keys.id_hint" })} ${input("owner")}
        ${select("key-role", t("keys.role"), [["chat", t("keys.role_chat")], ["admin", t("keys.role_admin")]], draft.role, set("role"))}
      </div>
      ${input("models", { hint: "keys.models_hint" })} ${input("note")}
      <fieldset>
        <legend>${t("keys.limits")}</legend>
        <div class="fields">
          ${COUNTS.map((key) => field(draft, key, { id: `key-${key}`, label: `limit.${key}`, param: `limits.${key}`, mode: "numeric", form: "key-form" }))}
        </div>
        <div class="fields">
          ${input("amount", { label: "keys.budget", param: "limits.budget", mode: "decimal" })}
          ${select("key-unit", t("keys.unit"), ["dollars", "tokens"].map((one) => [one, t(`unit.${one}`)]), draft.unit, set("unit"))}
          ${select("key-period", t("keys.period"), ["day", "week", "month"].map((one) => [one, t(`period.${one}`)]), draft.period, set("period"))}
        </div>
        <p class="hint">${t("keys.limits_hint")}</p>
      </fieldset>
      <div class="fields">
        ${input("time_zone", { hint: "keys.time_zone_hint" })} ${input("expires", { type: "datetime-local", param: "expires_at" })}
      </div>
      ${formEnd(draft, "key-form", draft.was ? "keys.save" : "keys.create")}
    </form>`,
    onClosed: () => update({ keyForm: null }),
  });
}

function askDialog() {
  const ask = state.keyAsk;
  return dialog({
    id: "key-ask",
    title: t(`keys.${ask.kind}_title`, { key: quoted(ask.key.id) }),
    content: html`<form @submit=${(event) => submit(event, ask, confirmAsked, "keyAsk")} novalidate>
      <p>${t(`keys.${ask.kind}_about`)}</p>
      ${ask.kind === "rotate"
        ? select("key-keep", t("keys.keep"), KEEPS.map((one) => [one, t(`keep.${one}`)]), ask.keep, (value) => {
            ask.keep = value;
          })
        : nothing}
      ${formEnd(ask, "key-ask", `keys.${ask.kind}`, { css: ask.kind === "rotate" ? "primary" : "danger" })}
    </form>`,
    onClosed: () => update({ keyAsk: null }),
  });
}

// Nobody can show it again: Escape closes this, and a click beside it does not.
function secretDialog() {
  const { key, secret } = state.keySecret;
  return dialog({
    id: "key-secret",
    title: t("keys.secret_title", { key: quoted(key.id) }),
    content: html`<p>${t("keys.secret_about")}</p>
      <div class="setting-head">
        <code class="setting-value" id="secret">${secret}</code>
        <button type="button" class="primary copy" data-first @click=${() => copyText(secret)}>${icons.copy} ${t("copy.button")}</button>
      </div>
      <div class="form-end"><button type="button" @click=${closeDialog}>${t("dialog.close")}</button></div>`,
    onClosed: () => update({ keySecret: null }),
  });
}

function priceDialog() {
  const draft = state.priceForm;
  const input = (key, more) => field(draft, key, { id: `price-${key}`, label: `prices.${key}`, form: "price-form", ...more });
  return dialog({
    id: "price-form",
    title: t("prices.new"),
    content: html`<form @submit=${(event) => submit(event, draft, savePrice, "priceForm")} novalidate>
      ${input("model", { isFirst: true, hint: "prices.model_hint" })}
      <div class="fields">
        ${["input", "output", "cache_read", "cache_written"].map((key) => input(key, { mode: "decimal" }))}
      </div>
      <div class="fields">${input("valid_from", { type: "date" })} ${input("source", { hint: "prices.source_hint" })}</div>
      ${formEnd(draft, "price-form", "keys.save")}
    </form>`,
    onClosed: () => update({ priceForm: null }),
  });
}

async function submit(event, draft, action, form) {
  event.preventDefault();
  const done = await action(draft);
  if (!done) return;
  if (!done.answer) {
    closeDialog();
    return;
  }
  // The dialog stays open and shows what came of it.
  update({ [form]: null, keySecret: done.answer });
  requestAnimationFrame(() => document.querySelector("#key-secret [data-first]")?.focus());
}
