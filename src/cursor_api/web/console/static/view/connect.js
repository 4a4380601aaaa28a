// Connect: choose a client, a key and a model, and copy what the client has to be told.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { choose, chosen, currentClient, loadConnect, masked } from "../connect.js";
import { copyText } from "../copying.js";
import { name, quoted } from "../format.js";
import { said, t } from "../i18n.js";
import { state } from "../store.js";
import { icons } from "./icons.js";
import { inCode, select } from "./parts.js";

export function connectPage() {
  const { data, trouble } = state.connect ?? {};
  if (!data) return trouble ? failed(trouble) : html`<p class="loading" role="status">${t("connect.loading")}</p>`;
  const client = currentClient();
  return html`<div class="choices">
      ${select("connect-client", t("connect.client"), data.clients.map((one) => [one.name, one.title]), client.name, (value) =>
        choose({ client: value, model: "" }),
      )}
      ${data.keys.length
        ? select("connect-key", t("connect.key"), data.keys.map((one) => [one, keyName(one)]), data.key_name, (value) =>
            choose({ key: value }),
          )
        : nothing}
      ${data.models.length
        ? select("connect-model", t("connect.model"), [["", t("connect.best")], ...data.models.map((one) => [one, one])], chosen().model, (value) =>
            choose({ model: value }),
          )
        : nothing}
    </div>
    ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing} ${instructions(client, data)}`;
}

function failed(trouble) {
  return html`<div class="nothing">
    <p role="alert">${trouble}</p>
    <button type="button" @click=${loadConnect}>${t("lost.retry")}</button>
  </div>`;
}

function keyName(one) {
  return one === "operator" ? t("connect.operator") : name(one);
}

function instructions(client, data) {
  const secret = data.key_name === null ? "" : data.key;
  return html`<section class="card instructions" aria-labelledby="connect-title">
    <h2 id="connect-title">${client.title}</h2>
    <p class="hint">${t("connect.for", { model: quoted(client.model), path: client.dialect })}</p>
    ${client.is_without_tools ? html`<p class="notice warn">${t("connect.without_tools", { model: quoted(client.model) })}</p>` : nothing}
    ${data.key_name === null ? html`<p class="notice warn">${t("connect.no_key")}</p>` : nothing}
    ${data.models.length ? nothing : html`<p class="notice warn">${t("connect.no_model")}</p>`}
    ${client.install ? block("install", t("connect.install"), client.install, "") : nothing}
    ${client.command ? block("command", t("connect.command"), client.command, "") : nothing}
    ${client.exports ? block("exports", t("connect.exports"), client.exports, secret) : nothing}
    ${client.files.map((file, at) => block(`file-${at}`, html`${t("connect.file")} ${inCode(said(file.path))}`, file.text, secret))}
    ${client.snippets.map((one, at) => block(`snippet-${at}`, t("connect.snippet"), one.text, secret))}
    ${client.steps.length
      ? html`<h3>${t("connect.steps")}</h3>
          <ol>
            ${client.steps.map((step) => html`<li>${inCode(masked(said(step), secret))}</li>`)}
          </ol>`
      : nothing}
    ${secret ? html`<p class="hint">${t("connect.masked")}</p>` : nothing}
  </section>`;
}

// A text that is copied whole, and shown without the key.
function block(id, title, text, secret) {
  return html`<div class="block">
    <div class="block-head">
      <h3 id="block-${id}-title">${title}</h3>
      <button type="button" class="copy" id="copy-${id}" aria-describedby="block-${id}-title" @click=${() => copyText(text)}>
        ${icons.copy} ${t("copy.button")}
      </button>
    </div>
    <pre tabindex="0" role="region" aria-labelledby="block-${id}-title"><code>${masked(text, secret)}</code></pre>
  </div>`;
}
