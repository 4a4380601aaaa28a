// Requests: one line of filters, a row each, and a row opens where it stands.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { dateTime, name, NONE, number, optionalMs, shortNumber, shortTime } from "../format.js";
import { has, t } from "../i18n.js";
import { filters, loadOlder, PERIODS, setFilters, showNewer } from "../records.js";
import { exportAs, openDeletion } from "../removal.js";
import { go, link } from "../router.js";
import { state } from "../store.js";
import { icons } from "./icons.js";
import { apiName, modelName } from "./parts.js";
import { detail } from "./request.js";

const COLUMN_COUNT = 7;
const TYPING_MS = 300;
let typing = 0;

export function requestsPage() {
  const shown = state.requests;
  if (!shown) return html`<p class="loading" role="status">${t("requests.loading")}</p>`;
  return html`${filterLine(shown)} ${shown.trouble ? html`<p class="trouble" role="alert">${shown.trouble}</p>` : nothing}
  ${shown.newer.length
    ? html`<p class="newer">
        <button type="button" id="show-newer" @click=${onNewer}>${t("requests.newer", { count: shown.newer.length, value: number(shown.newer.length) })}</button>
      </p>`
    : nothing}
  ${shown.rows ? table(shown) : nothing} ${ending(shown)}`;
}

function onNewer() {
  showNewer();
  window.scrollTo(0, 0);
  requestAnimationFrame(() => document.querySelector("tr.request a")?.focus());
}

// --- Filters

function filterLine({ choices }) {
  const given = filters();
  const words = (prefix) => (value) => (has(`${prefix}.${value}`) ? t(`${prefix}.${value}`) : value);
  return html`<div class="filter-line" role="search" aria-label=${t("filter.label")}>
    ${timeFilter(given)} ${filter("status", given, choices?.statuses, words("status"))} ${filter("fault", given, choices?.faults, words("cause"))}
    ${filter("model", given, choices?.models)} ${filter("credential", given, choices?.credentials)} ${filter("caller", given, choices?.callers)}
    ${filter("dialect", given, choices?.dialects, apiName)}
    <input
      type="search"
      id="filter-text"
      aria-label=${t("requests.text")}
      placeholder=${t("requests.text")}
      .value=${live(given.text ?? "")}
      @input=${onText}
    />
    ${more(given)}
  </div>`;
}

// A value that a link brought may occur nowhere else.
function filter(key, given, choices = [], words = name) {
  const value = given[key] ?? "";
  const all = !value || choices.includes(value) ? choices : [value, ...choices];
  return html`<select
    id="filter-${key}"
    class=${value ? "set" : ""}
    aria-label=${t(`requests.by_${key}`)}
    .value=${live(value)}
    @change=${(event) => setFilters({ [key]: event.target.value })}
  >
    <option value="" ?selected=${!value}>${t(`requests.by_${key}`)}</option>
    ${all.map((one) => html`<option value=${one} ?selected=${one === value}>${words(one)}</option>`)}
  </select>`;
}

function timeFilter({ since, until, period }) {
  const isExact = Boolean(since || until);
  const value = isExact ? "exact" : (period ?? "");
  const words = (at) => (at ? shortTime(/^\d+$/.test(at) ? Number(at) * 1000 : at) : "…");
  return html`<select
    id="filter-time"
    class=${value ? "set" : ""}
    aria-label=${t("requests.by_time")}
    .value=${live(value)}
    @change=${(event) => setFilters({ since: "", until: "", period: event.target.value })}
  >
    <option value="" ?selected=${!value}>${t("requests.by_time")}</option>
    ${isExact ? html`<option value="exact" selected>${words(since)} – ${words(until)}</option>` : nothing}
    ${PERIODS.map((one) => html`<option value=${one} ?selected=${one === value}>${t(`requests.period_${one}`)}</option>`)}
  </select>`;
}

function onText(event) {
  const text = event.target.value;
  clearTimeout(typing);
  typing = setTimeout(() => setFilters({ text: text.trim() }), TYPING_MS);
}

function more(given) {
  const isFiltered = Object.keys(given).length > 0;
  const reason = isFiltered ? "" : t("deletion.filter_first");
  return html`<details class="menu" @focusout=${onMenuLeft} @keydown=${onMenuKey}>
    <summary aria-label=${t("requests.more")} title=${t("requests.more")}>${icons.more}</summary>
    <div class="menu-items" @click=${onMenuItem}>
      <button type="button" id="clear-filters" aria-disabled=${isFiltered ? "false" : "true"} title=${isFiltered ? nothing : t("requests.no_filter")} @click=${() => isFiltered && go(link("requests"))}>
        ${t("requests.clear")}
      </button>
      <button type="button" id="export-csv" @click=${() => exportAs("csv")}>${t("requests.export", { format: "CSV" })}</button>
      <button type="button" id="export-jsonl" @click=${() => exportAs("jsonl")}>${t("requests.export", { format: "JSONL" })}</button>
      <button type="button" id="open-deletion" aria-disabled=${reason ? "true" : "false"} title=${reason || nothing} @click=${() => isFiltered && openDeletion()}>
        ${t("deletion.open")}
      </button>
    </div>
  </details>`;
}

// What was chosen is done; one that does nothing now leaves the menu as it is.
function onMenuItem(event) {
  const button = event.target.closest("button");
  if (button && button.getAttribute("aria-disabled") !== "true") event.currentTarget.parentElement.open = false;
}

function onMenuLeft(event) {
  if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false;
}

function onMenuKey(event) {
  if (event.key !== "Escape") return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary").focus();
}

// --- Rows

function table({ rows, single, singleTrouble }) {
  const [open] = state.route.rest;
  const isListed = rows.some(({ id }) => id === open);
  const column = (key) => html`<th scope="col" role="columnheader">${t(`requests.${key}`)}</th>`;
  if (!rows.length && !open) return nothing;
  return html`<table role="table" class="requests">
    <caption class="hidden">${t("requests.caption")}</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${["time", "status", "model", "caller", "credential", "duration", "tokens"].map(column)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${open && !isListed ? alone(open, single, singleTrouble) : nothing}
      ${repeat(
        rows,
        ({ id }) => id,
        (one) => (one.id !== open ? row(one) : row(single?.id === open ? single : one, true, single?.id === open)),
      )}
    </tbody>
  </table>`;
}

// A link may lead to one that is not among the rows: it stands above them.
function alone(open, single, trouble) {
  if (single?.id === open) return row(single, true, true);
  const text = trouble === "not_found" ? t("requests.gone") : trouble || t("requests.loading");
  return html`<tr role="row" class="detail-row">
    <td role="cell" colspan=${COLUMN_COUNT}><p class="nothing" role="status">${text}</p></td>
  </tr>`;
}

function row(one, isOpen, isWhole) {
  const given = filters();
  const place = isOpen ? link("requests", given) : link("requests", given, one.id);
  return html`<tr role="row" class="request ${isOpen ? "open" : ""}" data-id=${one.id} @click=${(event) => onRow(event, place)}>
      <td role="cell" class="when">
        <a href=${place} aria-expanded=${isOpen ? "true" : "false"} title=${dateTime(one.started_at)}
          ><time datetime=${one.started_at}>${shortTime(one.started_at)}</time></a
        >
      </td>
      <td role="cell" class="what">
        <span class="outcome-mark ${one.status}">${t(`status.${one.status}`)}</span>
        ${one.fault ? html`<span class="fault">${t(`cause.${one.fault}`)}</span>` : nothing}
      </td>
      <td role="cell" class="model"><bdi title=${modelName(one.model)}>${modelName(one.model)}</bdi></td>
      <td role="cell" class="caller">
        <bdi>${name(one.caller)}</bdi>${one.client ? html` <span class="hint">${name(one.client)}</span>` : nothing}
      </td>
      <td role="cell" class="by"><bdi>${one.credential ? name(one.credential) : NONE}</bdi></td>
      <td role="cell" class="took">
        <span title=${t("fact.first")}>${optionalMs(one.first_ms)}</span> / <span title=${t("fact.total")}>${optionalMs(one.total_ms)}</span>
      </td>
      <td role="cell" class="used-tokens">${tokens(one.usage)}</td>
    </tr>
    ${isOpen ? detailRow(one, isWhole) : nothing}`;
}

function detailRow(one, isWhole) {
  return html`<tr role="row" class="detail-row">
    <td role="cell" colspan=${COLUMN_COUNT}>${detail(one, isWhole)}</td>
  </tr>`;
}

// The link in it is what the keyboard has; a click anywhere does the same, unless text is marked.
function onRow(event, place) {
  if (event.target.closest("a, button") || String(getSelection())) return;
  go(place);
}

function tokens(usage) {
  if (!usage) return NONE;
  const words = t("requests.in_out", { input: shortNumber(usage.input), output: shortNumber(usage.output) });
  return usage.source === "estimated" ? html`<span title=${t("requests.estimated")}>≈ ${words}</span>` : words;
}

function ending({ rows, continueFrom, isLoading }) {
  if (isLoading) return html`<p class="nothing" role="status">${t("requests.loading")}</p>`;
  if (continueFrom) {
    return html`<p class="more">
      ${rows?.length ? nothing : html`<span class="hint">${t("requests.none_so_far")}</span> `}
      <button type="button" id="load-older" @click=${loadOlder}>${t("requests.older")}</button>
    </p>`;
  }
  if (rows && !rows.length) {
    return html`<p class="nothing">${t(Object.keys(filters()).length ? "requests.no_match" : "requests.none")}</p>`;
  }
  return nothing;
}
