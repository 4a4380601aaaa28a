// One request, opened: what was tried in which order, what came of it, and what helps.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { copyText } from "../copying.js";
import { dateTime, milliseconds, money, name, NONE, number, optionalMs, quoted } from "../format.js";
import { has, t } from "../i18n.js";
import { link } from "../router.js";
import { icons } from "./icons.js";
import { apiName, modelName } from "./parts.js";

// `one` is whole, with what was said, where it was asked for by its id; a row of a list has less.
export function detail(one, isWhole) {
  return html`<div class="detail" data-request=${one.id}>
    ${one.fault ? fault(one) : nothing} ${one.attempts.length ? timeline(one) : html`<p class="hint">${t("request.no_attempt")}</p>`} ${facts(one)}
    ${isWhole && one.status !== "pending" ? said(one.content) : nothing}
  </div>`;
}

function said(content) {
  if (!content) return html`<p class="hint">${t("request.no_content")} <code>RECORD_CONTENT</code></p>`;
  const parts = (list) =>
    list.map(
      ({ role, kind, text }) => html`<div>
        <dt>${t(`role.${role}`)}${kind === "text" ? nothing : html` · ${t(`said.${kind}`)}`}</dt>
        <dd dir="auto" tabindex="0">${name(text)}</dd>
      </div>`,
    );
  return html`<h3>${t("request.said")}</h3>
    ${content.is_cut ? html`<p class="hint">${t("request.is_cut")}</p>` : nothing}
    <dl class="spoken">
      ${parts(content.prompt)} ${parts(content.answer)}
    </dl>`;
}

function fault({ fault: kind, error, model }) {
  return html`<div class="trouble">
    <p><b>${t(`cause.${kind}`)}</b> ${has(`fault.${kind}`) ? t(`fault.${kind}`, { model: quoted(modelName(model)) }) : nothing}</p>
    ${error
      ? html`<p class="hint">${t("request.words")}</p>
          <p class="quote" dir="auto">${name(error)}</p>`
      : nothing}
  </div>`;
}

// Each attempt from when it began until its first text or its fault, all on one scale.
function timeline({ started_at: start, total_ms: total, first_ms: first, attempts }) {
  const begin = Date.parse(start);
  const spans = attempts.map((one) => ({ ...one, at: Math.max(0, Date.parse(one.started_at) - begin) }));
  const whole = Math.max(1, total ?? 0, first ?? 0, ...spans.map(({ at, duration_ms: took }) => at + took));
  return html`<h3>${t("request.attempts", { count: attempts.length, value: number(attempts.length) })}</h3>
    <ol class="timeline">
      ${spans.map(
        (one) => html`<li>
          <a href=${link("requests", { credential: one.credential })}><bdi>${name(one.credential)}</bdi></a>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <path class="axis" d="M0 5h100" />
            ${svg`<rect class=${one.fault ? "failed" : "answered"} x=${(one.at / whole) * 100} y="1" width=${Math.max(0.6, (one.duration_ms / whole) * 100)} height="8" />`}
          </svg>
          <span
            >${t("request.after", { at: milliseconds(one.at), took: milliseconds(one.duration_ms) })}
            ${one.fault ? html`<b class="bad-text">${t(`cause.${one.fault}`)}</b>` : html`<b class="good-text">${t("request.answered")}</b>`}</span
          >
        </li>`,
      )}
    </ol>`;
}

function facts(one) {
  const { usage } = one;
  const fact = (key, value) => (value === "" || value === null ? nothing : html`<div><dt>${t(`request.${key}`)}</dt> <dd>${value}</dd></div>`);
  const served = one.route && one.model_served !== one.model ? t("request.served_as", { route: quoted(one.route) }) : name(one.route);
  return html`<dl class="facts">
    <div>
      <dt>${t("request.id")}</dt>
      <dd>
        <code>${one.id}</code>
        <button type="button" class="quiet only-icon copy" aria-label=${t("request.copy_id")} title=${t("request.copy_id")} @click=${() => copyText(one.id)}>
          ${icons.copy}
        </button>
      </dd>
    </div>
    ${fact("started", dateTime(one.started_at))} ${fact("asked", modelName(one.model))} ${one.attempts.length ? fact("route", served) : nothing} ${fact("dialect", apiName(one.dialect))}
    ${fact("client", name(one.client))} ${fact("stream", t(one.is_stream ? "request.streamed" : "request.whole"))}
    ${fact("finish", has(`finish.${one.finish}`) ? t(`finish.${one.finish}`) : (one.finish ?? ""))}
    ${fact("secret", one.credential_masked ? html`<code>${name(one.credential_masked)}</code>` : "")} ${fact("first", optionalMs(one.first_ms))}
    ${fact("total", optionalMs(one.total_ms))}
    ${usage
      ? html`${fact("tokens", t("fact.in_out", { input: number(usage.input), output: number(usage.output) }))}
        ${usage.cached ? fact("cached", number(usage.cached)) : nothing} ${usage.reasoning ? fact("reasoning", number(usage.reasoning)) : nothing}
        ${fact("source", t(`request.${usage.source}`))}`
      : fact("tokens", NONE)}
    ${fact("cost", money(one.cost_nano))}
  </dl>`;
}
