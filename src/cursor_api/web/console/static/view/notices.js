// What concerns every page: no connection, an upstream that is not asked, files that cannot be used.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { duration, name, nowMs, number, quoted } from "../format.js";
import { t } from "../i18n.js";
import { pollNow } from "../polling.js";
import { state } from "../store.js";
import { noticeText, problemText } from "./problems.js";

const STORES = { postgres: "PostgreSQL", sqlite: "SQLite" };

export function notices() {
  const { lost, list, now } = state;
  return html`${lost ? lostNotice(lost) : nothing} ${list?.trouble ? fileTrouble(list.trouble) : nothing}
  ${(now?.reasons ?? []).filter(({ code }) => code === "upstream_open").map(upstreamNotice)}
  ${now && !now.records.is_writing ? recordsNotice(now.records) : nothing}
  ${now?.is_shared_up === false ? awayNotice("shared", t("away.shared"), t("away.shared_text")) : nothing}
  ${(list?.notices ?? []).map((one) => html`<div class="notice warn" role="status"><p>${noticeText(one)}</p></div>`)}`;
}

function lostNotice(lost) {
  const text = lost.text
    ? t("lost.refused", { message: lost.text })
    : t("lost.text", { since: duration((Date.now() - lost.sinceMs) / 1000) });
  return html`<div class="notice bad" id="lost">
    <p role="alert"><b>${t("lost.title")}</b></p>
    <p>${text}</p>
    <button type="button" @click=${pollNow}>${t("lost.retry")}</button>
  </div>`;
}

// Healthy credentials are of no use while this lasts: it stands above them.
function upstreamNotice({ upstream, fault, until_at: until }) {
  const left = duration((Date.parse(until) - nowMs()) / 1000);
  return html`<div class="notice bad" id="upstream">
    <p role="alert"><b>${t("upstream.title", { upstream: quoted(upstream) })}</b></p>
    <p>${fault ? t(`fault.${fault}`) : nothing} ${t("upstream.text", { left })}</p>
  </div>`;
}

// Requests go on meanwhile: it is no alarm, and those that count them should know.
function recordsNotice({ store, waiting_rows: waiting }) {
  const title = t("away.records", { store: STORES[store] ?? name(store) });
  return awayNotice("records", title, t("away.records_text", { count: waiting, value: number(waiting) }));
}

function awayNotice(id, title, text) {
  return html`<div class="notice warn" role="status" id="${id}-away">
    <p><b>${title}</b></p>
    <p>${text}</p>
  </div>`;
}

function fileTrouble({ notice, problems }) {
  return html`<div class="notice bad" role="alert">
    <p><b>${t("disk.title")}</b> ${notice ? noticeText(notice) : problems.length ? t("disk.lines") : nothing}</p>
    <ul>
      ${problems.map(
        (one) => html`<li>
          <bdi>${name(one.file)}</bdi> ${t("problem.line", { line: one.line })} ${problemText(one)}
        </li>`,
      )}
    </ul>
  </div>`;
}

