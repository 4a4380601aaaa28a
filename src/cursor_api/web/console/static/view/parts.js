// Small parts that several pages are made of.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { name } from "../format.js";
import { t } from "../i18n.js";

// `options` are pairs of value and words.
export function select(id, label, options, value, onChange) {
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} .value=${live(value)} @change=${(event) => onChange(event.target.value)}>
      ${options.map(([one, words]) => html`<option value=${one} ?selected=${one === value}>${words}</option>`)}
    </select>
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
