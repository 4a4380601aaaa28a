// What stands above every page: where to go, whether the gateway can answer, and at which address.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { copyText } from "../copying.js";
import { isDirty } from "../files.js";
import { number } from "../format.js";
import { t } from "../i18n.js";
import { link } from "../router.js";
import { baseUrls } from "../server.js";
import { signOut } from "../session.js";
import { state } from "../store.js";
import { icons } from "./icons.js";
import { languageButton, themeButton } from "./looks.js";
import { reasonText } from "./parts.js";

export function head(pages) {
  return html`<header>
    <div class="head-line">
      <span class="brand">${icons.logo} <span>cursor-api</span></span>
      <nav aria-label=${t("nav.label")}>${pages.map(({ id }) => pageLink(id))}</nav>
      <div class="looks">
        ${languageButton()} ${themeButton()}
        <button type="button" class="quiet" id="sign-out" @click=${leave}>${t("signin.out")}</button>
      </div>
    </div>
    <div class="head-line base-line">${readiness()} ${baseUrls().map(baseUrl)}</div>
  </header>`;
}

function pageLink(id) {
  const isMarked = id === "credentials" && isDirty();
  return html`<a id="page-${id}" href=${link(id)} aria-current=${state.route.page === id ? "page" : nothing}>
    ${t(`page.${id}`)}${isMarked ? dirtyDot() : nothing}
  </a>`;
}

export function dirtyDot() {
  return html`<span class="dot" title=${t("files.dirty")}></span>`;
}

function leave() {
  if (isDirty() && !window.confirm(t("files.really_leave"))) return;
  signOut();
}

// The dot is for a glance; what it means stands beside it.
function readiness() {
  const { lost, now } = state;
  if (lost) return ready("bad", t("ready.lost"));
  if (!now) return ready("", t("ready.asking"));
  const { can_answer: canAnswer, reasons, credentials } = now;
  if (!canAnswer) return ready("bad", t(credentials.total ? "ready.no" : "ready.none"), reasons.map(reasonText).join(" "));
  return ready(
    reasons.length || credentials.ready < credentials.total ? "warn" : "good",
    t("ready.yes", { ready: number(credentials.ready), total: number(credentials.total) }),
    reasons.map(reasonText).join(" "),
  );
}

function ready(css, text, why = "") {
  return html`<a class="ready ${css}" id="ready" href=${link("overview")} title=${why || nothing}><span class="ready-dot"></span> ${text}</a>`;
}

function baseUrl({ name, url, paths }) {
  const label = t("copy.base_url", { name });
  return html`<span class="base-url">
    <span class="base-name">${name}</span> <code>${url}</code><code class="base-paths">${paths.join(" · ")}</code>
    <button type="button" class="quiet only-icon copy" aria-label=${label} title=${label} @click=${() => copyText(url)}>
      ${icons.copy}
    </button>
  </span>`;
}
