// Keys: the API keys with their limits, and what models cost.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { dateTime, duration, name, number, shortNumber } from "../format.js";
import { t } from "../i18n.js";
import { draftOf, loadKeys, newPrice, removePrice } from "../keys.js";
import { link } from "../router.js";
import { state, update } from "../store.js";
import { icons } from "./icons.js";
import { subnav } from "./parts.js";

export function keysPage() {
  const { list, prices, trouble } = state.keys ?? {};
  const isPrices = state.route.rest[0] === "prices";
  return html`${subnav([
      { id: "keys", href: link("keys"), isChosen: !isPrices },
      { id: "prices", href: link("keys", {}, "prices"), isChosen: isPrices },
    ])}
    ${trouble
      ? html`<div class="nothing"><p role="alert">${trouble}</p><button type="button" @click=${loadKeys}>${t("lost.retry")}</button></div>`
      : nothing}
    ${list ? (isPrices ? pricesTab(prices) : keysTab(list)) : trouble ? nothing : html`<p class="loading" role="status">${t("keys.loading")}</p>`}`;
}

function keysTab(list) {
  return html`<div class="toolbar">
      <p class="hint">${t("keys.about")}</p>
      <span class="space"></span>
      <button type="button" class="primary" id="new-key" @click=${() => update({ keyForm: draftOf(null) })}>${icons.plus} ${t("keys.new")}</button>
    </div>
    ${list.length
      ? html`<section class="card"><ul class="settings" id="keys">${repeat(list, (one) => one.id, keyRow)}</ul></section>`
      : html`<p class="nothing">${t("keys.none")}</p>`}`;
}

function keyRow(key) {
  const isDead = key.state !== "active";
  const ask = (kind) => update({ keyAsk: { kind, key, keep: "0", trouble: "", isSending: false } });
  const button = (kind, action, css = "") => html`<button
    type="button"
    class="quiet ${css}"
    aria-label=${t("keys.label", { action: t(`keys.${kind}`), key: name(key.id) })}
    @click=${action}
  >
    ${t(`keys.${kind}`)}
  </button>`;
  return html`<li id="key-${key.id}">
    <div class="setting-head">
      <code class="setting-name">${key.id}</code>
      <span class="setting-value">${name([key.name, key.owner].filter(Boolean).join(" · "))}</span>
      <span class="tags">
        <span class="tag ${isDead ? "bad" : "live"}">${t(`key_state.${key.state}`)}</span>
        ${key.role === "admin" ? html`<span class="tag warn">${t("keys.admin")}</span>` : nothing}
        ${previous(key)}
      </span>
      <span class="key-actions">
        <a href=${link("requests", { caller: key.id })}>${t("page.requests")}</a>
        ${key.state === "revoked"
          ? nothing
          : html`${button("edit", () => update({ keyForm: draftOf(key) }))} ${button("rotate", () => ask("rotate"))} ${button("revoke", () => ask("revoke"))}`}
        ${isDead ? button("delete", () => ask("delete")) : nothing}
      </span>
    </div>
    <p class="hint">${facts(key)}</p>
    ${key.note ? html`<p class="hint">${name(key.note)}</p>` : nothing}
  </li>`;
}

function previous({ previous_until: until }) {
  const leftS = until ? (Date.parse(until) - Date.now()) / 1000 : 0;
  return leftS > 0 ? html`<span class="tag">${t("keys.previous", { time: duration(leftS) })}</span>` : nothing;
}

function facts(key) {
  const ends = key.expires_at ? t("keys.until", { time: dateTime(key.expires_at) }) : "";
  const models = key.models.length ? t("keys.models", { models: key.models.join(", ") }) : "";
  return [`${key.hint}…`, ...limits(key), models, ends].filter(Boolean).join(" · ");
}

// What is left says more than the limit, and is there once the key was used.
function limits({ limits: of, left }) {
  const known = new Map((left ?? []).map((one) => [one.limit, one]));
  const words = [];
  for (const [limit, amount] of Object.entries(of)) {
    if (amount === null || limit === "output_reserve_count") continue;
    const one = known.get(limit);
    const [all, rest] = limit === "budget" ? budget(amount, one) : [shortNumber(amount), one && shortNumber(one.left)];
    const period = limit === "budget" ? t(`period.${amount.period}`) : t(`limit.${limit}`);
    words.push(rest === undefined ? `${all} ${period}` : t("keys.left", { rest, all, period }));
  }
  return words;
}

function budget({ tokens, dollars }, left) {
  if (tokens) return [t("keys.tokens", { value: shortNumber(tokens) }), left && shortNumber(left.left)];
  return [`$${dollars}`, left && `$${number(left.left / 1e9)}`];
}

function pricesTab(prices) {
  return html`<div class="toolbar">
      <p class="hint">${t("prices.about")}</p>
      <span class="space"></span>
      <button type="button" class="primary" id="new-price" @click=${() => update({ priceForm: newPrice() })}>${icons.plus} ${t("prices.new")}</button>
    </div>
    ${prices.length
      ? html`<section class="card"><ul class="settings" id="prices">${prices.map(priceRow)}</ul></section>`
      : html`<p class="nothing">${t("prices.none")}</p>`}`;
}

function priceRow(price) {
  const { input, output, cache_read: read, cache_written: written } = price;
  const words = [t("prices.plain", { input, output })];
  if (read !== null) words.push(t("prices.read", { value: read }));
  if (written !== null) words.push(t("prices.written", { value: written }));
  const label = t("prices.remove", { model: price.model });
  return html`<li>
    <div class="setting-head">
      <code class="setting-name">${price.model}</code>
      <span class="setting-value">${words.join(" · ")}</span>
      <button type="button" class="quiet only-icon copy" aria-label=${label} title=${label} @click=${() => removePrice(price)}>${icons.trash}</button>
    </div>
    <p class="hint">${t("prices.from", { day: price.valid_from })} · ${name(price.source)}</p>
  </li>`;
}
