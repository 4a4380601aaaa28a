// Overview: can it answer, how did the last day go, what is under way, what failed.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { duration, hour, milliseconds, money, name, NONE, nowMs, number, optionalMs, percent, quoted, shortNumber, shortTime } from "../format.js";
import { t } from "../i18n.js";
import { link } from "../router.js";
import { state } from "../store.js";
import { groupBy, periodsOf, requestCount, sum, tokenCount } from "../usage.js";
import { barChart, legend, strip } from "./bars.js";
import { checklist } from "./checklist.js";
import { figure, modelName, reasonText } from "./parts.js";
import { findings } from "./settings.js";

const UNDER_WAY_SHOWN = 8;

export function overviewPage() {
  const { now, overview } = state;
  if (!now) return html`<p class="loading" role="status">${t("overview.loading")}</p>`;
  return html`<div class="overview">
    ${checklist()} ${figures(now)} ${findings("problems", now.settings.problems, "bad")} ${findings("warnings", now.settings.warnings, "warn")}
    ${overview?.trouble ? html`<p class="trouble" role="alert">${overview.trouble}</p>` : nothing}
    ${overview?.usage ? charts(overview.usage) : nothing}
    <div class="columns">${underWay(now)} ${failures(overview?.failures)}</div>
  </div>`;
}

// The day of the figures: links lead to exactly the requests that were counted.
function since() {
  return state.now.last_24h ? { since: state.now.last_24h.since } : { period: "24" };
}

function figures({ credentials, reasons, last_24h: day, records }) {
  return html`<dl class="figures">
    ${figure(
      t("overview.ready"),
      html`<a href=${link("credentials")}>${t("overview.n_of_m", { ready: number(credentials.ready), total: number(credentials.total) })}</a>`,
      reasons.length ? reasons.map((one) => html`<span class="line-text">${reasonText(one)}</span>`) : t("overview.all_well"),
    )}
    ${day ? dayFigures(day) : figure(t("overview.requests"), NONE, t("overview.no_records"))}
    ${records.dropped_count ? figure(t("overview.dropped"), number(records.dropped_count), t("overview.dropped_note")) : nothing}
  </dl>`;
}

function dayFigures(day) {
  const count = requestCount(day);
  const part = (status, value) =>
    value ? html`<a href=${link("requests", { ...since(), status })}>${t(`overview.of_${status}`, { value: number(value), share: percent(value, count) })}</a> ` : nothing;
  const estimated = day.input_estimated + day.output_estimated;
  const tokens = tokenCount(day);
  return html`${figure(
    t("overview.requests"),
    html`<a href=${link("requests", since())} title=${number(count)}>${shortNumber(count)}</a>`,
    count ? html`${part("failed", day.failed)}${part("refused", day.refused)}${part("cancelled", day.cancelled)}${day.answered === count ? t("overview.all_answered") : nothing}` : t("overview.none_yet"),
  )}
  ${figure(
    t("overview.first"),
    html`<a href=${link("requests", { ...since(), status: "success" })}>${optionalMs(day.first_ms_p50)}</a>`,
    day.first_ms_p95 === null ? nothing : t("overview.p95", { value: milliseconds(day.first_ms_p95) }),
  )}
  ${figure(
    t("overview.tokens"),
    html`<a href=${link("usage", { of: "tokens" })} title=${number(tokens)}>${shortNumber(tokens)}</a>`,
    html`${t("overview.reported", { input: shortNumber(day.input), output: shortNumber(day.output) })}
    ${estimated ? html`<span class="line-text">${t("overview.estimated", { input: shortNumber(day.input_estimated), output: shortNumber(day.output_estimated) })}</span>` : nothing}
    <span class="line-text">${t("overview.cost", { value: money(tokens ? day.cost_nano : null) })}</span>`,
  )}`;
}

// --- The last 24 hours, hour by hour

function charts({ rows }) {
  const periods = periodsOf("24h");
  const byHour = groupBy(rows, (row) => Date.parse(row.at));
  const bars = periods.map(({ begin, end }) => hourBar(begin, end, sum(byHour.get(begin.getTime()) ?? [])));
  return html`<section class="card" aria-labelledby="by-hour">
    <div class="block-head">
      <h2 id="by-hour">${t("overview.by_hour")}</h2>
      ${legend([
        ["answered", t("status.success")],
        ["failed", t("status.failed")],
        ["refused", t("status.refused")],
        ["cancelled", t("status.cancelled")],
      ])}
    </div>
    ${barChart({ id: "hours", label: t("overview.by_hour"), bars, labelEvery: 3 })} ${strips(rows, periods)}
  </section>`;
}

function hourBar(begin, end, counts) {
  const values = { begin: hour(begin), end: hour(end), all: number(requestCount(counts)), failed: number(counts.failed) };
  return {
    label: hour(begin),
    title: t("overview.hour", values),
    href: link("requests", { since: begin.toISOString(), until: end.toISOString() }),
    parts: ["answered", "failed", "refused", "cancelled"].map((css) => ({ css, value: counts[css] })),
  };
}

function strips(rows, periods) {
  const known = (state.list?.credentials ?? []).map(({ alias }) => alias);
  const used = groupBy(
    rows.filter((row) => row.credential),
    (row) => row.credential,
  );
  const all = [...new Set([...known, ...used.keys()])];
  if (!all.length) return nothing;
  return html`<h3>${t("overview.by_credential")}</h3>
    <ul class="strips">
      ${all.map((credential) => credentialStrip(credential, used.get(credential) ?? [], periods))}
    </ul>`;
}

function credentialStrip(credential, rows, periods) {
  const byHour = groupBy(rows, (row) => Date.parse(row.at));
  const total = sum(rows);
  const cells = periods.map(({ begin, end }) => {
    const counts = sum(byHour.get(begin.getTime()) ?? []);
    const all = requestCount(counts);
    const values = { begin: hour(begin), end: hour(end), all: number(all), failed: number(counts.failed) };
    return { css: all ? "answered" : "unused", title: t("overview.hour", values), failed: all && counts.failed / all };
  });
  const label = t("overview.strip", { credential: quoted(credential), all: number(requestCount(total)), failed: number(total.failed) });
  return html`<li>
    <a href=${link("requests", { ...since(), credential })}><bdi>${name(credential)}</bdi></a>
    ${strip(cells, label)}
    <span class="counts">${number(requestCount(total))}</span>
  </li>`;
}

// --- Now, and what went wrong last

function underWay({ under_way: rows, under_way_count: count, waiting_count: waiting }) {
  const shown = rows.slice(0, UNDER_WAY_SHOWN);
  return html`<section class="card" aria-labelledby="under-way">
    <h2 id="under-way">${t("overview.under_way", { value: number(count) })}</h2>
    ${waiting ? html`<p class="hint">${t("overview.waiting", { value: number(waiting) })}</p>` : nothing}
    ${shown.length
      ? html`<ul class="short-rows">
          ${shown.map(
            (one) => html`<li>
              <a href=${link("requests", {}, one.id)}><bdi>${modelName(one.model)}</bdi></a>
              <span><bdi>${name(one.caller)}</bdi></span>
              <span><bdi>${one.credential ? name(one.credential) : NONE}</bdi></span>
              <span class="end">${age(one)}</span>
            </li>`,
          )}
        </ul>`
      : html`<p class="hint">${t("overview.nothing_under_way")}</p>`}
  </section>`;
}

function age({ started_at: at, first_ms: first }) {
  const seconds = Math.max(0, (nowMs() - Date.parse(at)) / 1000);
  return t(first === null ? "overview.age_waiting" : "overview.age", { age: duration(seconds), first: first === null ? "" : milliseconds(first) });
}

function failures(rows) {
  if (!rows) return nothing;
  return html`<section class="card" aria-labelledby="last-failures">
    <h2 id="last-failures"><a href=${link("requests", { status: "failed" })}>${t("overview.failures")}</a></h2>
    ${rows.length
      ? html`<ul class="short-rows">
          ${rows.map(
            (one) => html`<li>
              <a href=${link("requests", { status: "failed" }, one.id)}><time datetime=${one.started_at}>${shortTime(one.started_at)}</time></a>
              <span>${t(`cause.${one.fault}`)}</span>
              <span><bdi>${modelName(one.model)}</bdi></span>
              <span class="end"><bdi>${one.credential ? name(one.credential) : NONE}</bdi></span>
            </li>`,
          )}
        </ul>`
      : html`<p class="hint">${t("overview.no_failures")}</p>`}
  </section>`;
}
