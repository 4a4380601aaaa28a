// What was used: by hour or by the reader's own day, for each model, credential or caller.

import { call } from "./api.js";
import { explain } from "./credentials.js";
import { go, link } from "./router.js";
import { state, update } from "./store.js";

export const SPANS = { "24h": { by: "hour", hours: 24 }, "7d": { by: "day", days: 7 }, "30d": { by: "day", days: 30 } };
export const GROUPS = ["model", "credential", "caller"];
export const MEASURES = ["requests", "tokens"];

export function chosen() {
  const { span, group, of } = state.route.params;
  return {
    span: span in SPANS ? span : "24h",
    group: GROUPS.includes(group) ? group : "model",
    of: MEASURES.includes(of) ? of : "requests",
  };
}

export function choose(changes) {
  go(link("usage", { ...chosen(), ...changes }), { isReplaced: true });
}

// Whole hours or days, so that every bar is as wide as what it counts.
export function timesOf(span, now = new Date()) {
  const { hours, days } = SPANS[span];
  const until = new Date(now);
  if (hours) {
    until.setMinutes(60, 0, 0);
    return { since: new Date(until - hours * 3_600_000), until };
  }
  until.setHours(24, 0, 0, 0);
  const since = new Date(until);
  since.setDate(since.getDate() - days);
  return { since, until };
}

export function periodsOf(span) {
  const { hours, days } = SPANS[span];
  const { since } = timesOf(span);
  return Array.from({ length: hours ?? days }, (_none, at) => {
    const [begin, end] = [new Date(since), new Date(since)];
    if (hours) {
      begin.setTime(begin.getTime() + at * 3_600_000);
      end.setTime(begin.getTime() + 3_600_000);
    } else {
      begin.setDate(begin.getDate() + at);
      end.setDate(end.getDate() + at + 1);
    }
    return { begin, end };
  });
}

export async function askUsage(span, group) {
  const { since, until } = timesOf(span);
  const query = { since: since.toISOString(), until: until.toISOString(), by: SPANS[span].by, group };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return (await call("GET", `api/usage?${new URLSearchParams({ ...query, zone })}`)).data;
  } catch (error) {
    // A machine without a database of time zones knows only UTC; the answer says which it took.
    if (error.param !== "zone") throw error;
    return (await call("GET", `api/usage?${new URLSearchParams(query)}`)).data;
  }
}

let round = 0;

export async function loadUsage() {
  const { span, group } = chosen();
  const mine = ++round;
  let usage;
  try {
    usage = { key: `${span} ${group}`, data: await askUsage(span, group), trouble: "" };
  } catch (error) {
    usage = { key: "", data: state.usage?.data ?? null, trouble: explain(error) };
  }
  if (mine === round && state.key) update({ usage });
}

// --- One definition of what is counted, on every page.

const COUNTS = ["answered", "failed", "refused", "cancelled"];
const TOKENS = ["input", "output", "cached", "reasoning", "input_estimated", "output_estimated"];

export function requestCount(row) {
  return COUNTS.reduce((sum, key) => sum + row[key], 0);
}

export function tokenCount(row) {
  return row.input + row.output + row.input_estimated + row.output_estimated;
}

// Rows of one group together. Means are weighed by what they are over; costs that are not known
// stay unknown.
export function sum(rows) {
  const total = { cost_nano: null, unpriced: 0 };
  for (const key of [...COUNTS, ...TOKENS]) total[key] = rows.reduce((all, row) => all + row[key], 0);
  for (const row of rows) {
    total.unpriced += row.unpriced;
    if (row.cost_nano !== null) total.cost_nano = (total.cost_nano ?? 0) + row.cost_nano;
  }
  // What failed has cost nothing, which says nothing of the others.
  if (total.unpriced && !total.cost_nano) total.cost_nano = null;
  return total;
}

export function groupBy(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return groups;
}
