// Adding by paste: what was recognised is shown before anything is stored.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { add, explain, preview } from "../credentials.js";
import { date, name } from "../format.js";
import { t } from "../i18n.js";
import { changed, state, update } from "../store.js";
import { showToast } from "../toasts.js";
import { dialog } from "./dialog.js";
import { inCode } from "./parts.js";
import { previewProblem, problemText } from "./problems.js";

const PAUSE_MS = 250;
const LINES_SHOWN = 100;

function emptyForm() {
  return { text: "", checksum: "", found: null, trouble: "", problems: [], isSending: false, round: 0 };
}

// What was pasted before and not added is there again.
export function openAdd() {
  update({ add: { ...emptyForm(), ...state.add, isOpen: true } });
}

function onClosed() {
  const draft = state.add;
  if (!draft?.text.trim()) {
    update({ add: null });
    return;
  }
  draft.isOpen = false;
  showToast(t("add.kept"));
}

// Whoever gives up says so; Escape and the cross do not throw anything away.
function giveUp() {
  update({ add: null });
}

export function addDialog() {
  return dialog({
    id: "add",
    title: t("add.title"),
    content: addForm({ isInDialog: true }),
    onClosed,
  });
}

// The form of the empty page has its state made when it is first drawn.
function form() {
  state.add ??= { ...emptyForm(), isOpen: false };
  return state.add;
}

function onText(event) {
  const draft = form();
  draft.text = event.target.value;
  draft.trouble = "";
  draft.problems = [];
  draft.round += 1;
  clearTimeout(draft.timer);
  if (draft.text.trim()) draft.timer = setTimeout(() => look(draft, draft.round), PAUSE_MS);
  else draft.found = null;
  changed();
}

async function look(draft, round) {
  try {
    const found = await preview(draft.text);
    if (round === draft.round) draft.found = found;
  } catch (error) {
    if (round === draft.round) fail(draft, error);
  }
  changed();
}

function fail(draft, error) {
  draft.trouble = explain(error);
  draft.problems = error.problems ?? [];
}

async function send(event) {
  event.preventDefault();
  const draft = form();
  if (draft.isSending) return;
  const reason = whyNot(draft);
  if (reason) {
    draft.trouble = reason;
    changed();
    return;
  }
  draft.isSending = true;
  changed();
  try {
    const added = await add(draft.text, draft.checksum.trim());
    update({ add: null });
    requestAnimationFrame(() => {
      const row = document.querySelector(`tr[data-alias="${CSS.escape(added[0].alias)}"]`);
      row?.scrollIntoView({ block: "nearest" });
      row?.querySelector("button.test")?.focus();
    });
  } catch (error) {
    fail(draft, error);
  }
  draft.isSending = false;
  changed();
}

// Why the button does nothing now; "" when it adds.
function whyNot(draft) {
  if (!draft.text.trim()) return t("add.nothing");
  return draft.found?.can_add === false ? t("add.mend") : "";
}

export function addForm({ isInDialog }) {
  const draft = form();
  const count = draft.found ? draft.found.lines.filter((one) => !one.problem).length : 0;
  const reason = whyNot(draft);
  return html`<form class="add-form" @submit=${send} novalidate>
    <label for="add-text">${t("add.text")}</label>
    <textarea
      id="add-text"
      data-first
      rows="5"
      spellcheck="false"
      autocomplete="off"
      autocapitalize="off"
      aria-describedby="add-hint"
      .value=${live(draft.text)}
      @input=${onText}
    ></textarea>
    <p class="hint" id="add-hint">${t("add.hint")}</p>
    ${isInDialog
      ? html`<details>
          <summary>${t("add.where")}</summary>
          ${whereFrom()}
        </details>`
      : nothing}
    <div aria-live="polite">${draft.found ? found(draft.found) : nothing}</div>
    <details>
      <summary>${t("add.device")}</summary>
      <label for="add-checksum">${t("add.checksum")}</label>
      <input
        id="add-checksum"
        spellcheck="false"
        autocomplete="off"
        .value=${live(draft.checksum)}
        @input=${(event) => {
          draft.checksum = event.target.value;
        }}
      />
      <p class="hint">${t("add.checksum_hint")}</p>
    </details>
    ${trouble(draft)}
    <div class="form-end">
      ${reason && !draft.trouble ? html`<p class="hint" role="status" id="add-why">${reason}</p>` : nothing}
      ${isInDialog ? html`<button type="button" @click=${giveUp}>${t("dialog.cancel")}</button>` : nothing}
      <button type="submit" class="primary" aria-disabled=${draft.isSending || reason ? "true" : "false"} title=${reason || nothing}>
        ${draft.isSending ? t("add.sending") : count ? t("add.submit", { count }) : t("add.submit_none")}
      </button>
    </div>
  </form>`;
}

export function whereFrom() {
  return html`<p>${inCode(t("first.official"))}</p>
  <p>${t("first.private")}</p>
  <ol>
    <li>${t("first.step_1")}</li>
    <li>${t("first.step_2")} <code>WorkosCursorSessionToken</code></li>
    <li>${t("first.step_3")}</li>
  </ol>`;
}

function trouble(draft) {
  if (!draft.trouble) return nothing;
  return html`<div class="trouble" role="alert">
    <p>${draft.trouble}</p>
    ${draft.problems.length
      ? html`<ul>
          ${draft.problems.map((one) => html`<li>${t("problem.line", { line: one.line })} ${problemText(one)}</li>`)}
        </ul>`
      : nothing}
  </div>`;
}

function found({ lines }) {
  const more = lines.length - LINES_SHOWN;
  const good = lines.filter((one) => !one.problem).length;
  return html`<p>${t("add.summary", { count: lines.length, good })}</p>
    <ul class="found" tabindex="0" aria-label=${t("add.summary", { count: lines.length, good })}>
      ${lines.slice(0, LINES_SHOWN).map(foundLine)}
    </ul>
    ${more > 0 ? html`<p class="hint">${t("add.more", { count: more })}</p>` : nothing}`;
}

function foundLine(one) {
  const about = one.problem
    ? html`<span class="bad-text">${previewProblem(one)}</span>`
    : html`<bdi class="alias">${one.alias ? name(one.alias) : t("add.made_up")}</bdi> <code>${one.secret}</code>
        <span class="tag">${t(`spelling.${one.spelling}`)}</span>
        ${one.has_checksum ? html`<span class="tag">${t("add.has_device")}</span>` : nothing}
        ${one.is_usual ? nothing : html`<span class="tag warn">${t("add.unusual")}</span>`} ${expiry(one)}`;
  return html`<li class=${one.problem ? "bad" : "good"}>
    <span class="line">${t("problem.line", { line: one.line })}</span> ${about}
  </li>`;
}

function expiry(one) {
  if (!one.expires_at) return nothing;
  const key = one.is_expired ? "expiry.past" : "expiry.until";
  const css = one.is_expired ? "bad" : one.expiry_warning ? "warn" : "";
  return html`<span class="tag ${css}">${t(key, { date: date(one.expires_at) })}</span>`;
}
