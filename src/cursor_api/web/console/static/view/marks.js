// What a credential's condition looks like: badges, the cooldown's bar, the recent outcomes.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { clear } from "../credentials.js";
import { date, duration, name, nowMs } from "../format.js";
import { has, t } from "../i18n.js";
import { openEdit } from "./edit.js";

const COOLDOWNS_SHOWN = 3;
const RECENT_MAX = 40;

// When a cooldown began is not told. The bar is full at what was left when it was first seen,
// rounded up to a step that people know.
const STEPS_S = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 604800];
const firstSeen = new Map();

function wholeSeconds(key, leftS) {
  if (!firstSeen.has(key)) {
    if (firstSeen.size > 5000) firstSeen.clear();
    firstSeen.set(key, STEPS_S.find((step) => step >= leftS) ?? leftS);
  }
  return firstSeen.get(key);
}

export function stateBadge(credential) {
  return html`<span class="badge ${credential.state}">${t(`state.${credential.state}`)}</span>`;
}

export function expiryBadge(credential) {
  if (!credential.expires_at) return nothing;
  const day = date(credential.expires_at);
  const leftS = (Date.parse(credential.expires_at) - nowMs()) / 1000;
  if (leftS <= 0) return html`<span class="tag bad">${t("expiry.past", { date: day })}</span>`;
  if (!credential.expiry_warning) {
    return html`<span class="tag">${t("expiry.until", { date: day })}</span>`;
  }
  const text = t("expiry.soon", { date: day, left: duration(leftS) });
  return html`<span class="tag warn">${text}</span>`;
}

// Why it is not healthy, and what helps, in the reader's language.
export function condition(credential) {
  const { alias, quarantine, state } = credential;
  // Each with the thing that helps.
  if (quarantine) {
    const key = `quarantine.${quarantine.reason}`;
    return html`<div class="why">
      <p>${t(key)}</p>
      ${quarantine.detail && quarantine.reason !== "expired"
        ? html`<p class="quote" dir="auto">${name(quarantine.detail)}</p>`
        : nothing}
      <p class="inline-actions">
        ${renewButton(credential)}
        ${quarantine.reason === "expired" ? nothing : clearButton(alias, "clear.quarantine")}
      </p>
    </div>`;
  }
  if (state === "expired") {
    return html`<div class="why">
      <p>${t("quarantine.expired")}</p>
      <p class="inline-actions">${renewButton(credential)}</p>
    </div>`;
  }
  if (credential.cooldowns.length) return cooldowns(credential);
  if (state === "healthy" || state === "disabled") return nothing;
  return html`<div class="why"><p>${t("why.busy")}</p></div>`;
}

function cooldowns(credential) {
  const shown = credential.cooldowns.slice(0, COOLDOWNS_SHOWN);
  const more = credential.cooldowns.length - shown.length;
  return html`<div class="why">
    ${shown.map((one) => cooldown(credential.alias, one))}
    ${more > 0 ? html`<p>${t("cooldown.more", { count: more })}</p>` : nothing}
    <p class="inline-actions">${clearButton(credential.alias, "clear.cooldown")}</p>
  </div>`;
}

function cooldown(alias, one) {
  const leftS = Math.max(0, (Date.parse(one.until_at) - nowMs()) / 1000);
  const wholeS = wholeSeconds(`${alias}\n${one.model}\n${one.until_at}`, leftS);
  const key = `cause.${one.cause}`;
  const cause = has(key) ? t(key) : one.cause;
  const model = one.model ? name(one.model) : t("cooldown.every_model");
  const phase = one.phase === "waiting" && leftS <= 0 ? "due" : one.phase;
  const left = phase === "waiting" ? t("cooldown.left", { left: duration(leftS) }) : t(`cooldown.${phase}`);
  return html`<div class="cooldown">
    <p><span>${cause}</span> · <bdi class="model">${model}</bdi></p>
    <div class="bar">
      ${phase === "waiting"
        ? html`<progress
            max=${wholeS}
            value=${leftS}
            aria-label=${t("cooldown.label", { model })}
            aria-valuetext=${left}
          ></progress>`
        : nothing}
      <span>${left}</span>
    </div>
  </div>`;
}

function clearButton(alias, key) {
  return html`<button type="button" class="link" @click=${() => clear(alias)}>${t(key)}</button>`;
}

function renewButton({ alias, configured }) {
  if (configured) return nothing; // its key stands in the settings
  return html`<button type="button" class="link" @click=${() => openEdit(alias, "token")}>
    ${t("edit.renew")}
  </button>`;
}

// Up is a success, down is a failure; the newest is at the right.
export function sparkline(credential) {
  const recent = credential.recent.slice(-RECENT_MAX);
  if (!recent.length) {
    const key = credential.last_used_at ? "recent.unknown" : "recent.none";
    return html`<span class="none">${t(key)}</span>`;
  }
  const good = recent.filter(Boolean).length;
  const label = t("recent.label", { good, count: recent.length });
  const offset = RECENT_MAX - recent.length;
  return html`<svg class="spark" viewBox="0 0 160 20" role="img" aria-label=${label}>
    <title>${label}</title>
    <path class="axis" d="M0 10h160" />
    ${recent.map(
      (isGood, at) =>
        svg`<rect class=${isGood ? "good" : "bad"} x=${(at + offset) * 4} y=${isGood ? 1 : 11} width="3" height="8" rx="1" />`,
    )}
  </svg>`;
}
