// What the overview shows beside what is polled on every page, asked again when something happened.

import { call } from "./api.js";
import { explain } from "./credentials.js";
import { recall, remember, state, update } from "./store.js";
import { askUsage, requestCount } from "./usage.js";

const FAILURES_SHOWN = 5;
const STEPS_KEY = "first-steps";
// A strip of hours moves on by itself.
const PERIOD_MS_MAX = 60_000;

// A client is neither a browser nor the command line.
const OUR_OWN = /^(Mozilla|cursor-api)/;

export async function enterOverview() {
  update({ overview: { ...state.overview, seen: "" } });
  await pollOverview();
}

// Asked for only when the counts have moved, or the hour may have.
export async function pollOverview() {
  const { now } = state;
  if (!now) return;
  const day = now.last_24h;
  const seen = `${day ? requestCount(day) : "-"} ${Math.floor(Date.now() / PERIOD_MS_MAX)}`;
  if (state.overview?.seen === seen) return;
  const before = { ...state.overview, seen };
  update({ overview: before });
  try {
    const [usage, failures, latest] = await Promise.all([
      askUsage("24h", "credential"),
      call("GET", `api/requests?status=failed&count=${FAILURES_SHOWN}`),
      call("GET", "api/requests?count=50"),
    ]);
    const { requests } = latest.data;
    remembering("connected", requests.find((one) => one.client && !OUR_OWN.test(one.client)));
    remembering("answered", requests.find((one) => one.status === "success"));
    const wasOver = before.wasOver ?? firstSteps().isOver;
    update({ overview: { seen, usage, failures: failures.data.requests, requests, wasOver, trouble: "" } });
  } catch (error) {
    update({ overview: { ...before, trouble: explain(error) } });
  }
}

// --- The first steps: each ticks itself, once and for ever.

function notes() {
  try {
    return JSON.parse(recall("localStorage", STEPS_KEY) ?? "{}");
  } catch {
    return {};
  }
}

function remembering(step, request) {
  if (request && !notes()[step]) remember("localStorage", STEPS_KEY, JSON.stringify({ ...notes(), [step]: request.id }));
}

export function dismissSteps() {
  remember("localStorage", STEPS_KEY, JSON.stringify({ ...notes(), isDismissed: true }));
  update({});
}

export function firstSteps() {
  const { connected, answered, isDismissed } = notes();
  const { now, list, overview } = state;
  const hasCredential = now.credentials.total > 0;
  const isTested = (list?.credentials ?? []).some((one) => one.success_count > 0) || Boolean(answered);
  const steps = [
    { id: "credential", isDone: hasCredential, place: ["credentials"] },
    { id: "test", isDone: hasCredential && isTested, place: ["credentials"] },
    { id: "connect", isDone: Boolean(connected), place: ["connect"] },
    { id: "request", isDone: Boolean(answered), place: answered ? ["requests", {}, answered] : ["chat"] },
  ];
  const isOver = steps.every(({ isDone }) => isDone);
  // Who has long done all of it is not told how to begin.
  return { steps, isOver, isShown: !isDismissed && Boolean(overview?.requests) && !overview.wasOver };
}
