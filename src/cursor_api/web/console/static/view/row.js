// One credential: what it is, how it does, what can be done with it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { PRIORITY_MAX, PRIORITY_MIN, remove, setEnabled, test } from "../credentials.js";
import { ago, dateTime, milliseconds, name, number, quoted } from "../format.js";
import { openGrid } from "../grid.js";
import { has, t } from "../i18n.js";
import { link } from "../router.js";
import { changed, state } from "../store.js";
import { dragEnd, dragOver, dragStart, dropOn, onArrow, step } from "./drag.js";
import { openEdit } from "./edit.js";
import { icons } from "./icons.js";
import { condition, expiryBadge, sparkline, stateBadge } from "./marks.js";

export function row(credential) {
  const { alias } = credential;
  const working = state.working.get(alias) ?? "";
  const classes = `${credential.enabled ? "" : "off"} ${state.dragged === alias ? "moving" : ""}`;
  return html`<tr
      role="row"
      class="row ${classes}"
      data-alias=${alias}
      aria-busy=${working ? "true" : "false"}
      @dragover=${dragOver}
      @drop=${(event) => dropOn(event, credential.priority)}
    >
      <td role="cell" class="priority">${priorityCell(credential)}</td>
      <th role="rowheader" scope="row" class="who">${whoCell(credential)}</th>
      <td role="cell" class="state">${stateBadge(credential)} ${condition(credential)}</td>
      <td role="cell" class="recent">${recentCell(credential)}</td>
      <td role="cell" class="used">${usedCell(credential)}</td>
      <td role="cell" class="switch">${enabledSwitch(credential, working)}</td>
      <td role="cell" class="actions">${actions(credential, working)}</td>
    </tr>
    ${state.outcomes.has(alias) ? outcomeRow(alias, state.outcomes.get(alias)) : nothing}`;
}

function priorityCell({ alias, priority }) {
  const button = (by, icon, key, css) => {
    const reason =
      by > 0 && priority >= PRIORITY_MAX
        ? t("priority.highest")
        : by < 0 && priority <= PRIORITY_MIN
          ? t("priority.lowest")
          : "";
    return html`<button
      type="button"
      class="quiet only-icon ${css}"
      aria-label=${t(key, { alias: quoted(alias), priority })}
      title=${reason || t(key, { alias: quoted(alias), priority })}
      aria-disabled=${reason ? "true" : "false"}
      @click=${() => step(alias, by)}
      @keydown=${(event) => onArrow(event, alias)}
    >
      ${icon}
    </button>`;
  };
  return html`<span
      class="grip"
      draggable="true"
      title=${t("drag.title")}
      @dragstart=${(event) => dragStart(event, alias)}
      @dragend=${dragEnd}
      >${icons.grip}</span
    >${button(1, icons.up, "priority.raise", "raise")}<span class="value">${priority}</span>${button(-1, icons.down, "priority.lower", "lower")}`;
}

function whoCell(credential) {
  const { alias, secret, weight, concurrency_max: limit, configured, upstream } = credential;
  return html`<span class="alias" title=${name(alias)}><bdi>${name(alias)}</bdi></span>
    <span class="tags">
      <code>${secret}</code> ${kindTag(upstream)}
      ${expiryBadge(credential)}
      ${configured ? html`<span class="tag" title=${t("edit.configured", { upstream: quoted(upstream) })}>${t("tag.configured")}</span>` : nothing}
      ${weight === 1 ? nothing : html`<span class="tag">${t("tag.weight", { weight })}</span>`}
      ${limit === null ? nothing : html`<span class="tag">${t("tag.limit", { limit })}</span>`}
    </span>`;
}

// Where it is used; the kind where the name does not say it.
function kindTag(upstream) {
  const kind = state.now?.upstreams[upstream]?.kind ?? upstream;
  const title = t("tag.upstream", { upstream: quoted(upstream), kind });
  return html`<span class="tag" title=${title}>${name(upstream)}${kind === upstream ? nothing : ` · ${kind}`}</span>`;
}

function recentCell(credential) {
  const { alias, success_count: good, failure_count: bad } = credential;
  return html`${sparkline(credential)}
    <span class="counts">
      <a class="good-text" href=${link("requests", { credential: alias })} title=${t("count.link", { alias: quoted(alias) })}>${t("count.good", { value: number(good) })}</a>
      <a class=${bad ? "bad-text" : ""} href=${link("requests", { credential: alias, status: "failed" })} title=${t("count.link_failed", { alias: quoted(alias) })}
        >${t("count.bad", { value: number(bad) })}</a
      >
    </span>`;
}

function usedCell({ last_used_at: at, active_count: active }) {
  return html`${at
      ? html`<time datetime=${at} title=${dateTime(at)}>${ago(at)}</time>`
      : html`<span class="none">${t("used.never")}</span>`}
    ${active ? html`<span class="tag live">${t("used.active", { count: active })}</span>` : nothing}`;
}

function enabledSwitch({ alias, enabled }, working) {
  return html`<label class="toggle">
    <input
      type="checkbox"
      role="switch"
      aria-label=${t("enabled.label", { alias: quoted(alias) })}
      .checked=${live(enabled)}
      ?disabled=${Boolean(working)}
      title=${working ? t("busy.wait") : nothing}
      @change=${(event) => setEnabled(alias, event.target.checked)}
    />
  </label>`;
}

// A button that is disabled loses the focus; these only say that they are.
function actions(credential, working) {
  const { alias, configured } = credential;
  const label = { alias: quoted(alias) };
  const isBusy = working ? "true" : "false";
  return html`<div class="buttons">
    <button type="button" class="test" aria-disabled=${isBusy} title=${working ? t("busy.wait") : nothing} aria-label=${t("test.label", label)} @click=${() => test(alias)}>
      ${icons.play} ${t(working === "test" ? "test.running" : "test.button")}
    </button>
    ${tool("grid", "grid.button", t("grid.open", label), () => openGrid(credential))}
    ${tool("edit", "keys.edit", t("edit.label", label), () => openEdit(alias))}
    ${configured ? nothing : tool("remove", "remove.button", t("remove.label", label), () => removeAndMoveOn(alias), working)}
  </div>`;
}

// A word and no drawing: a finger finds no tooltip.
function tool(css, word, label, action, working = "") {
  return html`<button
    type="button"
    class="quiet ${css}"
    aria-disabled=${working ? "true" : "false"}
    aria-label=${label}
    title=${working ? t("busy.wait") : label}
    @click=${action}
  >
    ${t(word)}
  </button>`;
}

// Who works with the keyboard goes on where the row was, beside the way back.
async function removeAndMoveOn(alias) {
  if (!(await remove(alias))) return;
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) {
      [...document.querySelectorAll(".toast button.undo")].pop()?.focus();
    }
  });
}

function outcomeRow(alias, outcome) {
  const close = () => {
    state.outcomes.delete(alias);
    changed();
  };
  const isOk = Boolean(outcome.is_ok);
  return html`<tr role="row" class="outcome-row">
    <td role="cell" colspan="7">
      <div class="outcome ${isOk ? "ok" : "failed"}" role="status">
        <div>${outcome.error ? html`<p>${outcome.error}</p>` : isOk ? success(outcome) : failure(outcome)}</div>
        <button type="button" class="quiet only-icon" aria-label=${t("test.dismiss")} title=${t("test.dismiss")} @click=${close}>
          ${icons.close}
        </button>
      </div>
    </td>
  </tr>`;
}

function success({ credential, model, latency_ms: latency, duration_ms: total, text }) {
  const values = { model: quoted(model), latency: milliseconds(latency ?? total), total: milliseconds(total) };
  // The upstream may go on taking a token whose date is over.
  const key = credential.state === "expired" ? "test.ok_expired" : "test.ok";
  return html`<p><b>${t(key)}</b> ${t("test.ok_detail", values)}</p>
    ${text ? html`<p class="quote" dir="auto">${text}</p>` : nothing}`;
}

function failure({ fault, model }) {
  const key = has(`fault.${fault?.kind}`) ? `fault.${fault.kind}` : "fault.internal";
  const values = { model: quoted(model) };
  const wait = fault?.retry_after_s;
  return html`<p><b>${t("test.failed")}</b> ${t(key, values)}</p>
    ${wait ? html`<p>${t("test.retry_after", { seconds: Math.ceil(wait) })}</p>` : nothing}
    ${fault?.message
      ? html`<details>
          <summary>${t("test.details")}</summary>
          <p class="quote" dir="auto">${name(fault.message)}</p>
        </details>`
      : nothing}`;
}
