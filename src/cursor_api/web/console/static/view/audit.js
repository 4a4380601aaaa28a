// Who changed what, and when: a row each, the newest above.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { filters, loadAudit, loadOlderActs, setFilters } from "../audit.js";
import { dateTime, name, NONE, shortTime } from "../format.js";
import { entries, has, t } from "../i18n.js";
import { PERIODS } from "../records.js";
import { state } from "../store.js";

export function auditTab() {
  const shown = state.audit;
  if (!shown) return html`<p class="loading" role="status">${t("audit.loading")}</p>`;
  const { acts, trouble } = shown;
  return html`<div class="toolbar"><p class="hint">${t("audit.about")}</p></div>
    ${filterLine(shown)}
    ${trouble
      ? html`<div class="nothing">
          <p role="alert">${trouble}</p>
          <button type="button" @click=${loadAudit}>${t("lost.retry")}</button>
        </div>`
      : nothing}
    ${acts?.length ? table(acts) : nothing} ${ending(shown)}`;
}

function filterLine({ actors }) {
  return html`<div class="filter-line" role="search" aria-label=${t("filter.label")}>
    ${filter("period", t("requests.by_time"), PERIODS, (one) => t(`requests.period_${one}`))}
    ${filter("actor", t("audit.by_actor"), [...actors], actorName)}
    ${filter("kind", t("audit.by_kind"), entries("act"), kindName)}
  </div>`;
}

// A value that a link brought may occur nowhere else.
function filter(key, any, choices, words) {
  const value = filters()[key] ?? "";
  const all = !value || choices.includes(value) ? choices : [value, ...choices];
  return html`<select
    id="acts-${key}"
    class=${value ? "set" : ""}
    aria-label=${any}
    .value=${live(value)}
    @change=${(event) => setFilters({ [key]: event.target.value })}
  >
    <option value="" ?selected=${!value}>${any}</option>
    ${all.map((one) => html`<option value=${one} ?selected=${one === value}>${words(one)}</option>`)}
  </select>`;
}

function table(acts) {
  const column = (words) => html`<th scope="col" role="columnheader">${words}</th>`;
  return html`<table role="table" class="acts">
    <caption class="hidden">${t("audit.caption")}</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${[t("requests.time"), t("audit.actor"), t("audit.kind"), t("audit.subject")].map(column)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${repeat(acts, (one) => one.number, row)}
    </tbody>
  </table>`;
}

function row({ at, actor, kind, subject }) {
  return html`<tr role="row">
    <td role="cell" class="when"><time datetime=${at} title=${dateTime(at)}>${shortTime(at)}</time></td>
    <td role="cell" class="who"><bdi>${actorName(actor)}</bdi></td>
    <td role="cell" class="what">${kindName(kind)}</td>
    <td role="cell" class="about"><bdi>${subject ? name(subject) : NONE}</bdi></td>
  </tr>`;
}

function actorName(actor) {
  return has(`actor.${actor}`) ? t(`actor.${actor}`) : name(actor);
}

// A later version may know more of them.
function kindName(kind) {
  return has(`act.${kind}`) ? t(`act.${kind}`) : name(kind);
}

function ending({ acts, continueFrom, isLoading, trouble }) {
  if (isLoading && !acts?.length) return html`<p class="nothing" role="status">${t("audit.loading")}</p>`;
  if (continueFrom) {
    return html`<p class="more">
      <button type="button" id="older-acts" aria-disabled=${isLoading ? "true" : "false"} @click=${loadOlderActs}>${t("requests.older")}</button>
    </p>`;
  }
  if (acts?.length || trouble) return nothing;
  return html`<p class="nothing">${t(Object.keys(filters()).length ? "audit.no_match" : "audit.none")}</p>`;
}
