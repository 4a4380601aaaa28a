// Usage: bars for the shape of it, a table for the numbers; reported and estimated apart.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { day, hour, money, name, NONE, number, optionalMs, quoted } from "../format.js";
import { t } from "../i18n.js";
import { link } from "../router.js";
import { state } from "../store.js";
import { choose, chosen, GROUPS, groupBy, loadUsage, MEASURES, periodsOf, requestCount, SPANS, sum, timesOf, tokenCount } from "../usage.js";
import { barChart, legend } from "./bars.js";

const COLOURS = 6;

export function usagePage() {
  const { usage } = state;
  const { span, group, of } = chosen();
  return html`<div class="toolbar usage-choices">
      ${choice("span", Object.keys(SPANS), span)} ${choice("group", GROUPS, group)} ${choice("of", MEASURES, of)}
    </div>
    ${usage?.trouble
      ? html`<p class="trouble" role="alert">${usage.trouble}</p>
          <button type="button" @click=${loadUsage}>${t("lost.retry")}</button>`
      : nothing}
    ${usage?.data && usage.key === `${span} ${group}` ? content(usage.data) : usage?.trouble ? nothing : html`<p class="loading" role="status">${t("usage.loading")}</p>`}`;
}

function choice(key, values, value) {
  return html`<div class="filters" role="group" aria-label=${t(`usage.${key}`)}>
    ${values.map(
      (one) => html`<button type="button" class="chip" id="usage-${one}" aria-pressed=${one === value ? "true" : "false"} @click=${() => choose({ [key]: one })}>
        ${t(`usage.${key}_${one}`)}
      </button>`,
    )}
  </div>`;
}

function content({ rows, totals, refusals, zone }) {
  const { group, of } = chosen();
  const measure = of === "tokens" ? tokenCount : requestCount;
  const groups = [...groupBy(rows, (row) => row[group])]
    .map(([key, of_it]) => ({ key, rows: of_it, counts: sum(of_it), value: of_it.reduce((all, row) => all + measure(row), 0) }))
    .sort((a, b) => b.value - a.value);
  return html`${chart(groups, measure)} ${table(groups, totals, group)}
    ${refusals.length ? refused(refusals) : nothing}
    <p class="hint">${t("usage.zone", { zone: quoted(zone) })}</p>`;
}

function groupName(key) {
  if (key) return html`<bdi>${name(key)}</bdi>`;
  return t(chosen().group === "model" ? "requests.unknown_model" : "usage.nobody");
}

// --- Bars: the largest groups have a colour each, the others share one.

function chart(groups, measure) {
  const { span, of } = chosen();
  const shown = groups.length > COLOURS ? groups.slice(0, COLOURS - 1) : groups;
  const others = groups.slice(shown.length);
  const stacks = [...shown.map(({ rows }) => rows), ...(others.length ? [others.flatMap(({ rows }) => rows)] : [])].map((rows) =>
    groupBy(rows, (row) => Date.parse(row.at)),
  );
  const words = SPANS[span].by === "hour" ? hour : day;
  const bars = periodsOf(span).map(({ begin, end }) => {
    const parts = stacks.map((stack, at) => ({
      css: `group-${at}`,
      value: (stack.get(begin.getTime()) ?? []).reduce((all, row) => all + measure(row), 0),
    }));
    const value = number(parts.reduce((all, part) => all + part.value, 0));
    return {
      label: words(begin),
      title: t(`usage.bar_${of}`, { at: words(begin), value }),
      href: link("requests", { since: begin.toISOString(), until: end.toISOString() }),
      parts,
    };
  });
  const names = [...shown.map(({ key }) => groupName(key)), ...(others.length ? [t("usage.others", { value: number(others.length) })] : [])];
  return html`<section class="card" aria-labelledby="usage-title">
    <div class="block-head">
      <h2 id="usage-title">${t(`usage.of_${of}`)}</h2>
      ${legend(names.map((one, at) => [`group-${at}`, one]))}
    </div>
    ${barChart({ id: "usage-bars", label: t(`usage.of_${of}`), bars, labelEvery: bars.length > 12 ? Math.ceil(bars.length / 8) : 1 })}
  </section>`;
}

// --- Numbers

const COUNTS = ["answered", "failed", "refused", "cancelled"];
const TOKENS = ["input", "output", "input_estimated", "output_estimated"];
// Of an estimate nobody knows them.
const PARTS = ["cached", "reasoning"];
const STATUS = { answered: "success", failed: "failed", refused: "refused", cancelled: "cancelled" };

function table(groups, totals, group) {
  const column = (key) => html`<th scope="col">${t(`usage.${key}`)}</th>`;
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${t("usage.table")}>
    <table class="numbers">
      <caption class="hidden">${t("usage.table")}</caption>
      <thead>
        <tr>
          <th scope="col">${t(`usage.group_${group}`)}</th>
          ${[...COUNTS, ...TOKENS, ...PARTS, "first_mean", "cost"].map(column)}
        </tr>
      </thead>
      <tbody>
        ${groups.map(({ key, counts, rows }) => line(groupName(key), counts, key && { [group]: key }, meanOf(rows)))}
      </tbody>
      <tfoot>
        ${line(t("usage.total"), totals, {}, totals.first_ms_mean)}
      </tfoot>
    </table>
  </div>`;
}

// Of several periods: only where there is one, for how many began to answer in each is not told.
function meanOf(rows) {
  return rows.length === 1 ? rows[0].first_ms_mean : weighed(rows);
}

function weighed(rows) {
  const known = rows.filter((row) => row.first_ms_mean !== null && row.answered);
  const count = known.reduce((all, row) => all + row.answered, 0);
  return count ? known.reduce((all, row) => all + row.first_ms_mean * row.answered, 0) / count : null;
}

// A group without a name cannot be asked for, so its numbers lead nowhere.
function line(title, counts, narrowed, mean) {
  const { since, until } = timesOf(chosen().span);
  const times = { since: since.toISOString(), until: until.toISOString() };
  const counted = (key) =>
    counts[key] && narrowed
      ? html`<a href=${link("requests", { ...times, ...narrowed, status: STATUS[key] })}>${number(counts[key])}</a>`
      : number(counts[key]);
  return html`<tr>
    <th scope="row">${narrowed ? html`<a href=${link("requests", { ...times, ...narrowed })}>${title}</a>` : title}</th>
    ${COUNTS.map((key) => html`<td>${counted(key)}</td>`)} ${TOKENS.map((key) => html`<td>${number(counts[key])}</td>`)}
    ${PARTS.map((key) => html`<td>${counts.input + counts.output ? number(counts[key]) : NONE}</td>`)}
    <td>${optionalMs(mean)}</td>
    <td>
      ${money(tokenCount(counts) ? counts.cost_nano : null)}${counts.unpriced && counts.cost_nano !== null
        ? html` <span class="hint">${t("usage.unpriced", { value: number(counts.unpriced) })}</span>`
        : nothing}
    </td>
  </tr>`;
}

function refused(refusals) {
  const kinds = [...groupBy(refusals, ({ fault }) => fault)];
  return html`<section class="card" id="refusals" aria-labelledby="refusals-title">
    <h2 id="refusals-title">${t("usage.refusals")}</h2>
    <ul class="facts">
      ${kinds.map(([fault, list]) => html`<li>${t("usage.refusal", { cause: t(`cause.${fault}`), value: number(list.reduce((all, { count }) => all + count, 0)) })}</li>`)}
    </ul>
  </section>`;
}
