// Settings: what the gateway serves with, where each value came from, and what waits for a restart.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { loadAudit } from "../audit.js";
import { copyText } from "../copying.js";
import { name, number } from "../format.js";
import { said, t } from "../i18n.js";
import { link } from "../router.js";
import { change, edit, groups, keepMine, leave, lineOf, loadSettings, save } from "../settings.js";
import { state } from "../store.js";
import { auditTab } from "./audit.js";
import { icons } from "./icons.js";
import { field, formEnd, inCode, subnav } from "./parts.js";

export function settingsPage() {
  const isChanges = isChangesTab();
  return html`${subnav([
      { id: "settings", href: link("settings"), isChosen: !isChanges },
      { id: "changes", href: link("settings", {}, "changes"), isChosen: isChanges },
    ])}
    ${isChanges ? auditTab() : settingsTab()}`;
}

function isChangesTab() {
  return state.route.rest[0] === "changes";
}

export function enterSettings() {
  return isChangesTab() ? loadAudit() : loadSettings();
}

function settingsTab() {
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

// What is wrong, or looks wrong, and where.
export function findings(kind, list, css) {
  if (!list.length) return nothing;
  return html`<div class="notice ${css}" role="status" id="settings-${kind}">
    <p><b>${t(`settings.${kind}`)}</b></p>
    <ul>
      ${list.map((one) => html`<li><code>${name([one.where, one.name].filter(Boolean).join(" "))}</code> ${name(said(one.words))}</li>`)}
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
  const draft = state.settings.edits.get(one.name);
  return html`<li id="setting-${one.name}">
    <div class="setting-head">
      <code class="setting-name">${one.name}</code>
      <code class="setting-value">${valueOf(one)}</code>
      <span class="tags">
        ${one.is_set ? html`<span class="tag live">${source(one.source)}</span>` : html`<span class="tag">${t("settings.default")}</span>`}
        ${one.needs_restart ? html`<span class="tag">${t("settings.restart")}</span>` : nothing}
        ${one.is_waiting ? html`<span class="tag warn">${t("settings.waiting")}</span>` : nothing}
      </span>
      <span class="key-actions">
        ${button("copy", icons.copy, t("settings.copy", { name: one.name }), reason, () => copyText(line))}
        ${button("edit", icons.edit, t("settings.edit", { name: one.name }), one.fixed_by && t(`settings_fixed.${one.fixed_by}`), () => edit(one))}
      </span>
    </div>
    <p class="hint">${inCode(said(one.text))}</p>
    ${draft ? editor(one, draft) : nothing}
    ${one.is_set && said(one.default_text) ? html`<p class="hint">${t("settings.otherwise")}${inCode(said(one.default_text))}</p>` : nothing}
  </li>`;
}

// A button that does nothing says why.
function button(css, icon, label, reason, action) {
  return html`<button
    type="button"
    class="quiet only-icon ${css}"
    aria-label=${label}
    aria-disabled=${reason ? "true" : "false"}
    title=${reason || label}
    @click=${() => reason || action()}
  >
    ${icon}
  </button>`;
}

function editor(one, draft) {
  const id = `edit-${one.name}`;
  const send = (event, value) => {
    event.preventDefault();
    save(one.name, value).then((isSaved) => isSaved && focusOn(one.name));
  };
  const giveUp = () => {
    leave(one.name);
    focusOn(one.name);
  };
  return html`<form class="setting-edit" @submit=${(event) => send(event, draft.value)} novalidate>
    ${field(draft, "value", { id, label: "settings.value", hint: one.is_secret ? "settings.secret_hint" : undefined, form: id })}
    ${draft.theirs ? conflict(one, draft) : nothing}
    ${one.is_set ? html`<button type="button" class="link" @click=${(event) => send(event, null)}>${t("settings.unset")}</button>` : nothing}
    ${formEnd(draft, id, "edit.save", { cancel: giveUp })}
  </form>`;
}

function conflict(one, draft) {
  return html`<div class="conflict">
    <p>${t("settings.theirs")} <code>${valueOf(draft.theirs)}</code></p>
    <div class="buttons">
      <button type="button" @click=${() => edit(draft.theirs)}>${t("conflict.theirs")}</button>
      <button type="button" @click=${() => keepMine(one.name)}>${t("conflict.mine")}</button>
    </div>
  </div>`;
}

function focusOn(name) {
  requestAnimationFrame(() => document.getElementById(`setting-${name}`)?.querySelector("button.edit")?.focus());
}

function valueOf(one) {
  if (!one.is_set) return inCode(said(one.default_text)) || t("settings.empty");
  return one.is_secret ? t("settings.hidden") : name(one.value);
}

function source(text) {
  return text === "environment" ? t("settings.environment") : text === "command line" ? t("settings.command_line") : name(text);
}
