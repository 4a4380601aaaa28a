// Why nobody, or not everybody, can be answered now, by its code.

import { duration, nowMs, quoted } from "../format.js";
import { has, t } from "../i18n.js";

export function reasonText({ code, upstream, fault, until_at: until }) {
  const left = until ? duration((Date.parse(until) - nowMs()) / 1000) : "";
  const key = until ? `reason.${code}_until` : `reason.${code}`;
  const values = { upstream: quoted(upstream ?? ""), fault: fault ? t(`cause.${fault}`) : "", left };
  return t(has(key) ? key : has(`reason.${code}`) ? `reason.${code}` : "reason.unknown", values);
}
