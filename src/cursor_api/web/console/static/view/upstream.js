// The dialog that adds an upstream: a well-known one and its key, or an address of one's own.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { t } from "../i18n.js";
import { changed, state, update } from "../store.js";
import { showToast } from "../toasts.js";
import { addUpstream, choosePreset, isTyped, presetOf } from "../upstreams.js";
import { closeDialog, dialog } from "./dialog.js";
import { field, formEnd, select } from "./parts.js";

export function upstreamDialog() {
  const draft = state.upstream;
  const preset = presetOf(draft);
  const input = (key, more) => field(draft, key, { id: `upstream-${key}`, label: `upstreams.${key}`, form: "upstream", ...more });
  return dialog({
    id: "upstream",
    title: t("upstreams.title"),
    content: html`<form @submit=${(event) => submit(event, draft)} novalidate>
      ${select("upstream-preset", t("upstreams.preset"), presets(draft), draft.preset, (value) => choosePreset(draft, value))}
      ${draft.preset ? html`<p class="hint"><code>${preset?.base_url}</code></p>` : ownAddress(draft, input)}
      ${input("name", { hint: "upstreams.name_hint" })}
      ${keys(draft, preset)} ${input("models", { hint: "upstreams.models_hint" })}
      ${formEnd(draft, "upstream", "upstreams.add", { reason: whyNot(draft), cancel: giveUp })}
    </form>`,
    onClosed: () => onClosed(draft),
  });
}

function presets(draft) {
  return [["", t("upstreams.own")], ...(draft.known?.presets ?? []).map((one) => [one.name, one.title])];
}

function ownAddress(draft, input) {
  const kinds = [...new Set((draft.known?.presets ?? []).map((one) => one.kind))];
  const set = (key) => (value) => {
    draft[key] = value;
    changed();
  };
  return html`<div class="fields">
      ${input("base_url", { hint: "upstreams.base_url_hint", onInput: changed })}
      ${select("upstream-kind", t("upstreams.kind"), kinds.map((one) => [one, t(`upstreams.kind_${one}`)]), draft.kind, set("kind"))}
    </div>
    ${/^http:/i.test(draft.base_url.trim())
      ? html`<label class="check"
          ><input id="upstream-allow_http" type="checkbox" .checked=${live(draft.allow_http)} @change=${(event) => set("allow_http")(event.target.checked)} />
          ${t("upstreams.allow_http")}</label
        >`
      : nothing}`;
}

function keys(draft, preset) {
  if (preset && !preset.keys_url) return html`<p class="hint">${t("upstreams.no_key")}</p>`;
  const isWrong = draft.param === "keys";
  return html`<div class="field">
    <label for="upstream-keys">${t("upstreams.keys")}</label>
    <textarea
      id="upstream-keys"
      rows="2"
      spellcheck="false"
      autocomplete="off"
      autocapitalize="off"
      aria-invalid=${isWrong ? "true" : "false"}
      aria-describedby=${isWrong ? "upstream-keys-hint upstream-trouble" : "upstream-keys-hint"}
      .value=${live(draft.keys)}
      @input=${(event) => {
        draft.keys = event.target.value;
        changed();
      }}
    ></textarea>
    <div class="hint" id="upstream-keys-hint">
      <p>${preset ? html`${t("upstreams.keys_from")} <code>${preset.keys_url}</code>` : t("upstreams.keys_own")}</p>
      <p>${t("upstreams.keys_hint")}</p>
    </div>
  </div>`;
}

// Why the button does nothing now; "" when it adds.
function whyNot(draft) {
  if (draft.known && !draft.etag) return t("upstreams.no_files");
  if (!draft.preset && !draft.base_url.trim()) return t("upstreams.nothing");
  return presetOf(draft)?.keys_url && !draft.keys.trim() ? t("upstreams.key_missing") : "";
}

async function submit(event, draft) {
  event.preventDefault();
  const reason = whyNot(draft);
  if (reason) {
    draft.trouble = reason;
    changed();
    return;
  }
  if (await addUpstream(draft)) giveUp();
}

// Closed by its own way, so that the focus goes back to where it was.
function giveUp() {
  closeDialog();
  update({ upstream: null });
}

// Whoever gives up says so; Escape and the cross do not throw anything away.
function onClosed(draft) {
  if (state.upstream !== draft) return;
  if (!isTyped(draft)) {
    update({ upstream: null });
    return;
  }
  draft.isOpen = false;
  showToast(t("upstreams.kept"));
}
