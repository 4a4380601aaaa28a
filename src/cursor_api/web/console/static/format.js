// Instants, durations and names as people read them.

import { locale, t } from "./i18n.js";
import { state } from "./store.js";

// What is not known or not there; it is no word of any language.
export const NONE = "—";

const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Infinity],
];

// Making a formatter costs a hundred times what using it does, and the table needs many each second.
const formatters = new Map();

function formatter(kind, options) {
  const key = `${kind} ${locale()} ${JSON.stringify(options)}`;
  if (!formatters.has(key)) formatters.set(key, new Intl[kind](locale(), options));
  return formatters.get(key);
}

// Now, by the server's clock: countdowns are right on a computer whose clock is not.
export function nowMs() {
  return Date.now() + state.clockOffsetMs;
}

export function ago(instant) {
  let value = Math.min(0, (Date.parse(instant) - nowMs()) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(value) < size) {
      const options = { numeric: "auto", style: "short" };
      return formatter("RelativeTimeFormat", options).format(Math.round(value), unit);
    }
    value /= size;
  }
  return "";
}

export function date(instant) {
  return formatter("DateTimeFormat", { dateStyle: "medium" }).format(Date.parse(instant));
}

export function dateTime(instant) {
  const options = { dateStyle: "medium", timeStyle: "medium" };
  return formatter("DateTimeFormat", options).format(Date.parse(instant));
}

export function number(value) {
  return formatter("NumberFormat", {}).format(value);
}

// 42 s, 3 min 5 s, 2 h 10 min, 3 d 4 h: never to be read as a time of day.
export function duration(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return t("time.seconds", { value: whole });
  const [days, hours] = [Math.floor(whole / 86400), Math.floor((whole % 86400) / 3600)];
  if (days) return t("time.days", { days, hours });
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours) return t("time.hours", { hours, minutes });
  return t("time.minutes", { minutes, seconds: whole % 60 });
}

// 12.3K where the exact number would be in the way; it stands in a title then.
export function shortNumber(value) {
  const options = { notation: "compact", maximumFractionDigits: 1 };
  return value < 10_000 ? number(value) : formatter("NumberFormat", options).format(value);
}

export function percent(part, whole) {
  const options = { style: "percent", maximumFractionDigits: 1 };
  return formatter("NumberFormat", options).format(whole ? part / whole : 0);
}

// Billionths of a dollar. What is not known is never 0.
export function money(nano) {
  if (nano === null) return NONE;
  const options = { style: "currency", currency: "USD", maximumSignificantDigits: 4 };
  return formatter("NumberFormat", options).format(nano / 1e9);
}

export function optionalMs(value) {
  return value === null || value === undefined ? NONE : milliseconds(value);
}

export function time(instant) {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return formatter("DateTimeFormat", options).format(Date.parse(instant));
}

// The time of today, else the day before it.
export function shortTime(instant) {
  const at = new Date(instant);
  if (at.toDateString() === new Date(nowMs()).toDateString()) return time(instant);
  const options = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return formatter("DateTimeFormat", options).format(at);
}

export function hour(at) {
  return formatter("DateTimeFormat", { hour: "2-digit", minute: "2-digit" }).format(at);
}

export function day(at) {
  return formatter("DateTimeFormat", { month: "short", day: "numeric" }).format(at);
}

export function milliseconds(value) {
  if (value < 1000) return t("time.milliseconds", { value: Math.round(value) });
  const seconds = formatter("NumberFormat", { maximumFractionDigits: 1 }).format(value / 1000);
  return t("time.seconds", { value: seconds });
}

// A name that somebody else chose: characters that would turn or hide the text around them are
// shown by their number.
export function name(text) {
  return String(text).replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (char) => `\u27e8U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`,
  );
}

// The same within a sentence: it keeps its own writing direction to itself.
export function quoted(text) {
  return `\u2068${name(text)}\u2069`;
}
