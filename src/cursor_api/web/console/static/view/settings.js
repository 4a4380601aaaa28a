// Settings: what the gateway serves with, where each value came from, and what waits for a restart.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { copyText } from "../copying.js";
import { name, number } from "../format.js";
import { said, t } from "../i18n.js";
import { change, groups, lineOf, loadSettings } from "../settings.js";
import { state } from "../store.js";
import { icons } from "./icons.js";
import { inCode } from "./parts.js";

export function settingsPage() {
  const { data, trouble } = state.settings ?? {};
  if (!data) {
    if (!trouble) return html`<p class="loading" role="status">${t("settings.loading")}</p>`;
    return html`<div class="nothing">
      <p role="alert">${trouble}</p>
      <button type="button" @click=${loadSettings}>${t("lost.retry")}</button>
    </div>`;
  }
  const shown = groups();
  return html`${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
    ${findings("problems", data.problems, "bad")} ${findings("warnings", data.warnings, "warn")} ${toolbar(data)}
    ${shown.map(([heading, rows]) => group(heading, rows))}
    ${shown.length ? nothing : html`<p class="nothing">${t(data.settings.length ? "settings.no_match" : "settings.none")}</p>`}`;
}

function toolbar({ settings }) {
  const { isAll, search } = state.settings;
  const setCount = settings.filter((one) => one.is_set).length;
  const chip = (key, isChosen, count, all) => html`<button
    type="button"
    class="chip"
    id="settings-${key}"
    aria-pressed=${isChosen ? "true" : "false"}
    @click=${() => change({ isAll: all, search: "" })}
  >
    ${t(`settings.${key}`)} <b>${number(count)}</b>
  </button>`;
  return html`<div class="toolbar">
    <div class="filters" role="group" aria-label=${t("filter.label")}>
      ${chip("set", !isAll, setCount, false)} ${chip("all", isAll, settings.length, true)}
    </div>
    <input
      type="search"
      class="search"
      id="settings-search"
      aria-label=${t("settings.search")}
      placeholder=${t("settings.search")}
      .value=${live(search)}
      @input=${(event) => change({ search: event.target.value })}
    />
  </div>`;
}

// The sentences are the gateway's own, about names and files; they are quoted as such.
function findings(kind, list, css) {
  if (!list.length) return nothing;
  return html`<div class="notice ${css}" role="status" id="settings-${kind}">
    <p><b>${t(`settings.${kind}`)}</b></p>
    <ul>
      ${list.map((one) => html`<li><code>${name([one.where, one.name].filter(Boolean).join(" "))}</code> <span class="quote" lang="en">${name(one.text)}</span></li>`)}
    </ul>
  </div>`;
}

function group(heading, rows) {
  return html`<section class="card setting-group">
    <h2>${heading}</h2>
    <ul class="settings">
      ${rows.map(setting)}
    </ul>
  </section>`;
}

function setting(one) {
  const line = lineOf(one);
  const reason = line ? "" : t(one.is_secret ? "settings.hidden_copy" : "settings.block_copy");
  const label = t("settings.copy", { name: one.name });
  return html`<li id="setting-${one.name}">
    <div class="setting-head">
      <code class="setting-name">${one.name}</code>
      <code class="setting-value">${valueOf(one)}</code>
      <span class="tags">
        ${one.is_set ? html`<span class="tag live">${source(one.source)}</span>` : html`<span class="tag">${t("settings.default")}</span>`}
        ${one.needs_restart ? html`<span class="tag">${t("settings.restart")}</span>` : nothing}
        ${one.is_waiting ? html`<span class="tag warn">${t("settings.waiting")}</span>` : nothing}
      </span>
      <button
        type="button"
        class="quiet only-icon copy"
        aria-label=${label}
        aria-disabled=${reason ? "true" : "false"}
        title=${reason || label}
        @click=${() => line && copyText(line)}
      >
        ${icons.copy}
      </button>
    </div>
    <p class="hint">${inCode(said(one.text))}</p>
    ${one.is_set && said(one.default_text) ? html`<p class="hint">${t("settings.otherwise")} ${inCode(said(one.default_text))}</p>` : nothing}
  </li>`;
}

function valueOf(one) {
  if (!one.is_set) return inCode(said(one.default_text)) || t("settings.empty");
  return one.is_secret ? t("settings.hidden") : name(one.value);
}

function source(text) {
  return text === "environment" ? t("settings.environment") : text === "command line" ? t("settings.command_line") : name(text);
}
