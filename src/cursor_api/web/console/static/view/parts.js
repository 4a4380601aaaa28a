// Small parts that several pages are made of.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { duration, name, nowMs, quoted } from "../format.js";
import { has, t } from "../i18n.js";
import { closeDialog } from "./dialog.js";

// The views of one page; each is {id, href, isChosen} and perhaps a mark behind its name.
export function subnav(tabs) {
  return html`<nav class="subnav" aria-label=${t("tab.label")}>
    ${tabs.map(
      ({ id, href, isChosen, mark = nothing }) =>
        html`<a id="tab-${id}" href=${href} aria-current=${isChosen ? "page" : nothing}>${t(`tab.${id}`)}${mark}</a>`,
    )}
  </nav>`;
}

// `options` are pairs of value and words.
export function select(id, label, options, value, onChange) {
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} .value=${live(value)} @change=${(event) => onChange(event.target.value)}>
      ${options.map(([one, words]) => html`<option value=${one} ?selected=${one === value}>${words}</option>`)}
    </select>
  </div>`;
}

// A line of a form. `param` is what the gateway calls it, `form` where its troubles stand.
export function field(draft, key, { id, label, hint, form, param = key, type = "text", mode = "text", isFirst = false, onInput = () => {} }) {
  const isWrong = Boolean(draft.param) && draft.param.startsWith(param);
  const told = [hint && `${id}-hint`, isWrong && `${form}-trouble`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${id}>${t(label)}</label>
    <input
      id=${id}
      type=${type}
      inputmode=${mode}
      spellcheck="false"
      autocomplete="off"
      ?data-first=${isFirst}
      aria-invalid=${isWrong ? "true" : "false"}
      aria-describedby=${told || nothing}
      .value=${live(name(draft[key]))}
      @input=${(event) => {
        draft[key] = event.target.value;
        onInput();
      }}
    />
    ${hint ? html`<p class="hint" id="${id}-hint">${t(hint)}</p>` : nothing}
  </div>`;
}

// What went wrong, and the buttons. `reason` is why the form cannot be sent now.
export function formEnd(draft, id, button, { css = "primary", reason = "", cancel = closeDialog } = {}) {
  return html`${draft.trouble ? html`<div class="trouble" role="alert" id="${id}-trouble"><p>${draft.trouble}</p></div>` : nothing}
    <div class="form-end">
      ${reason && !draft.trouble ? html`<p class="hint" role="status">${reason}</p>` : nothing}
      <button type="button" @click=${cancel}>${t("dialog.cancel")}</button>
      <button type="submit" class=${css} aria-disabled=${draft.isSending || reason ? "true" : "false"} title=${reason || nothing}>${t(button)}</button>
    </div>`;
}

// A sentence with names in `backquotes`; it stays text, whatever is in it.
export function inCode(text) {
  return text.split("`").map((part, at) => (at % 2 ? html`<code>${part}</code>` : part));
}

// The client APIs by the names that their own documents give them.
const APIS = {
  openai_chat: "OpenAI Chat",
  openai_responses: "OpenAI Responses",
  openai_completions: "OpenAI Completions",
  openai_embeddings: "OpenAI Embeddings",
  anthropic_messages: "Anthropic Messages",
};

export function apiName(dialect) {
  return APIS[dialect] ?? name(dialect);
}

// Of a model that nobody serves the name is not kept: it may be anything that a caller sent.
export function modelName(model) {
  return model ? name(model) : t("requests.unknown_model");
}

export function figure(label, value, note = nothing) {
  return html`<div class="figure">
    <dt>${label}</dt>
    <dd>${value}</dd>
    ${note === nothing ? nothing : html`<dd class="hint">${note}</dd>`}
  </div>`;
}

// Why nobody, or not everybody, can be answered now, by its code.
export function reasonText({ code, upstream, fault, until_at: until }) {
  const left = until ? duration((Date.parse(until) - nowMs()) / 1000) : "";
  const key = until ? `reason.${code}_until` : `reason.${code}`;
  const values = { upstream: quoted(upstream ?? ""), fault: fault ? t(`cause.${fault}`) : "", left };
  return t(has(key) ? key : has(`reason.${code}`) ? `reason.${code}` : "reason.unknown", values);
}
