// The credentials: filters above, one row each, groups by priority.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { number } from "../format.js";
import { t } from "../i18n.js";
import { state, update } from "../store.js";
import { openUpstream } from "../upstreams.js";
import { addForm, openAdd, whereFrom } from "./add.js";
import { bounded, dragOver, dropHint, dropOn, dropZone } from "./drag.js";
import { icons } from "./icons.js";
import { row } from "./row.js";

const STATES = ["healthy", "busy", "cooling", "quarantined", "expired", "disabled"];
const ROWS_MORE = 200;

export function credentialsTab() {
  if (!state.list) return html`<p class="loading" role="status">${t("list.loading")}</p>`;
  if (!state.list.total_count) return firstSteps();
  const shown = state.list.credentials.filter(matches);
  return html`
    ${toolbar()} ${shown.length ? table(shown) : html`<p class="nothing">${t("list.no_match")}</p>`}
    ${shown.length > state.rowCountMax
      ? html`<p class="more">
          <button type="button" @click=${() => update({ rowCountMax: state.rowCountMax + ROWS_MORE })}>
            ${t("list.more", { count: shown.length - state.rowCountMax })}
          </button>
        </p>`
      : nothing}
    ${state.list.total_count > state.list.credentials.length
      ? html`<p class="nothing">
          ${t("list.only_first", { shown: number(state.list.credentials.length), count: state.list.total_count })}
        </p>`
      : nothing}
  `;
}

function matches(credential) {
  if (state.filter !== "all" && credential.state !== state.filter) return false;
  return credential.alias.toLowerCase().includes(state.search.trim().toLowerCase());
}

function firstSteps() {
  return html`<section class="first-steps" aria-labelledby="first-title">
    <h2 id="first-title">${t("first.title")}</h2>
    ${whereFrom()} ${addForm({ isInDialog: false })}
    <p class="hint">${t("first.command")} <code>cursor-api token import</code></p>
    <p class="hint">${t("first.upstream")} ${upstreamButton()}</p>
  </section>`;
}

function toolbar() {
  const counts = new Map(STATES.map((name) => [name, 0]));
  for (const one of state.list.credentials) counts.set(one.state, (counts.get(one.state) ?? 0) + 1);
  const present = STATES.filter((name) => counts.get(name) || state.filter === name);
  return html`<div class="toolbar">
    <div class="filters" role="group" aria-label=${t("filter.label")}>
      ${filterButton("all", state.list.credentials.length)}
      ${present.map((name) => filterButton(name, counts.get(name)))}
    </div>
    <div class="tools">
      <input
        type="search"
        class="search"
        aria-label=${t("list.search")}
        placeholder=${t("list.search")}
        .value=${live(state.search)}
        @input=${(event) => update({ search: event.target.value })}
      />
      <button type="button" class="primary" id="open-add" @click=${openAdd}>${icons.plus} ${t("add.open")}</button>
      ${upstreamButton()}
    </div>
  </div>`;
}

function upstreamButton() {
  return html`<button type="button" id="open-upstream" @click=${openUpstream}>${icons.plus} ${t("upstreams.open")}</button>`;
}

function filterButton(name, count) {
  return html`<button
    type="button"
    class="chip ${name}"
    aria-pressed=${state.filter === name ? "true" : "false"}
    @click=${() => update({ filter: name })}
  >
    ${t(name === "all" ? "filter.all" : `state.${name}`)} <b>${number(count)}</b>
  </button>`;
}

function table(shown) {
  const groups = new Map();
  for (const one of shown.slice(0, state.rowCountMax)) {
    if (!groups.has(one.priority)) groups.set(one.priority, []);
    groups.get(one.priority).push(one);
  }
  const priorities = [...groups.keys()];
  // Dropping on the head is dropping above all others: nothing moves when a drag begins.
  const above = bounded(Math.max(...priorities) + 1);
  const column = (key) => html`<th scope="col" role="columnheader">${t(key)}</th>`;
  // The roles are said aloud because narrow screens lay the table out as cards.
  return html`<table role="table" class="credentials ${state.dragged ? "dragging" : ""}">
    <caption class="hidden">${t("list.caption")}</caption>
    <thead role="rowgroup" @dragover=${dragOver} @drop=${(event) => dropOn(event, above)}>
      <tr role="row">
        ${["column.priority", "column.credential", "column.state", "column.recent", "column.last_used", "column.enabled"].map(column)}
        <th scope="col" role="columnheader"><span class="hidden">${t("column.actions")}</span>${state.dragged ? dropHint("drag.above", above) : nothing}</th>
      </tr>
    </thead>
    ${repeat(
      priorities,
      (priority) => priority,
      (priority, at) => group(priority, groups.get(priority), at, priorities.length),
    )}
    ${state.dragged ? dropZone("drag.below", bounded(Math.min(...priorities) - 1)) : nothing}
  </table>`;
}

function group(priority, credentials, at, groupCount) {
  return html`<tbody role="rowgroup">
    ${groupCount > 1
      ? html`<tr role="row" class="group" @dragover=${dragOver} @drop=${(event) => dropOn(event, priority)}>
          <th scope="rowgroup" role="rowheader" colspan="7">
            ${t("group.title", { priority })} <span>${t(at === 0 ? "group.first" : "group.later")}</span>
          </th>
        </tr>`
      : nothing}
    ${repeat(credentials, (one) => one.alias, row)}
  </tbody>`;
}
