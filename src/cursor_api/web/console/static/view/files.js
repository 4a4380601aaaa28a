// The tab with the two raw files side by side, for those who prefer them.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import * as files from "../files.js";
import { name } from "../format.js";
import { t } from "../i18n.js";
import { changed, state } from "../store.js";
import { problemText } from "./problems.js";

const LINES_SHOWN_MAX = 60;

export function filesTab() {
  const shown = state.files;
  if (!shown) return nothing;
  if (!shown.saved) {
    if (shown.isLoading) return html`<p class="loading" role="status">${t("files.loading")}</p>`;
    return html`<div class="nothing">
      <p role="alert">${shown.trouble}</p>
      <button type="button" @click=${files.loadFiles}>${t("lost.retry")}</button>
    </div>`;
  }
  return html`<section class="files" aria-label=${t("tab.files")}>
    <p class="hint">${t("files.hint")}${shown.isShown ? nothing : html` ${t("files.hidden")}`}</p>
    ${fileBar(shown)} ${shown.theirs ? conflict(shown) : nothing}
    ${shown.trouble ? html`<div class="trouble" role="alert"><p>${shown.trouble}</p></div>` : nothing}
    <div class="pair">${box("tokens", "files.tokens")}${box("token_list", "files.token_list")}</div>
  </section>`;
}

function fileBar(shown) {
  const dirty = files.isDirty();
  const isBusy = shown.isSaving || shown.isLoading;
  const reason = whyNotSaved(shown, dirty);
  return html`<div class="toolbar">
    ${showButton(shown, dirty)}
    <button type="button" class="primary" id="save-files" aria-disabled=${reason ? "true" : "false"} title=${reason || nothing} @click=${files.saveFiles}>
      ${t(shown.isSaving ? "files.saving" : "files.save")}
    </button>
    <button type="button" id="reload-files" aria-disabled=${isBusy ? "true" : "false"} title=${isBusy ? t("busy.wait") : nothing} @click=${reload}>
      ${t("files.reload")}
    </button>
    <span class="dirty" role="status">${dirty ? t("files.dirty") : t("files.clean")}</span>
    <span class="space"></span>
    <button type="button" id="download-backup" @click=${files.downloadBackup}>${t("files.backup")}</button>
    <label class="button">
      ${t("files.open_backup")}
      <input type="file" class="hidden" accept=".json,application/json" @change=${onBackup} />
    </label>
  </div>`;
}

// A draft is not taken out of sight: it may hold what nobody else has.
function showButton(shown, dirty) {
  const isFixed = shown.isShown && dirty;
  return html`<button
    type="button"
    id="show-files"
    aria-pressed=${shown.isShown ? "true" : "false"}
    aria-disabled=${isFixed ? "true" : "false"}
    title=${isFixed ? t("files.dirty") : nothing}
    @click=${() => isFixed || files.setShown(!shown.isShown)}
  >
    ${t(shown.isShown ? "files.hide" : "files.show")}
  </button>`;
}

function whyNotSaved(shown, dirty) {
  if (shown.isSaving) return t("busy.wait");
  if (shown.theirs) return t("files.decide");
  if (dirty) return "";
  return t(shown.isShown ? "files.clean" : "files.hidden");
}

function reload() {
  if (state.files.isSaving || state.files.isLoading) return;
  if (files.isDirty() && !window.confirm(t("files.really_reload"))) return;
  files.loadFiles();
}

async function onBackup(event) {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) await files.openBackup(file);
}

function box(key, label) {
  const shown = state.files;
  const text = shown.drafts[key];
  if (!shown.isShown) return maskedBox(key, label, text);
  const problems = shown.problems[key];
  const wrong = new Set(problems.map((one) => one.line));
  const lineCount = text.split("\n").length;
  return html`<div class="file">
    <label for="file-${key}">${t(label)} <bdi class="path">${name(shown.names[key])}</bdi></label>
    <div class="editor">
      <div class="gutter" aria-hidden="true" id="gutter-${key}">${numbers(lineCount, wrong)}</div>
      <textarea
        id="file-${key}"
        wrap="off"
        rows="18"
        spellcheck="false"
        autocomplete="off"
        autocapitalize="off"
        aria-invalid=${problems.length ? "true" : "false"}
        aria-describedby=${problems.length ? `problems-${key}` : nothing}
        .value=${live(text)}
        @input=${(event) => {
          shown.drafts[key] = event.target.value;
          changed();
        }}
        @scroll=${(event) => {
          document.getElementById(`gutter-${key}`).scrollTop = event.target.scrollTop;
        }}
      ></textarea>
    </div>
    ${problems.length
      ? html`<ul class="problems" id="problems-${key}">
          ${problems.map((one) => problem(key, one))}
        </ul>`
      : nothing}
  </div>`;
}

function maskedBox(key, label, text) {
  return html`<div class="file">
    <p class="label" id="masked-${key}-label">${t(label)} <bdi class="path">${name(state.files.names[key])}</bdi></p>
    <div class="editor">
      <div class="gutter" aria-hidden="true" id="gutter-${key}">${numbers(text.split("\n").length, new Set())}</div>
      <pre
        class="masked"
        id="masked-${key}"
        role="region"
        aria-labelledby="masked-${key}-label"
        tabindex="0"
        @scroll=${(event) => {
          document.getElementById(`gutter-${key}`).scrollTop = event.target.scrollTop;
        }}
      >${text.split("\n").map(files.maskLine).join("\n")}</pre>
    </div>
  </div>`;
}

// One text where no line is wrong: a file may have thousands.
function numbers(count, wrong) {
  const all = Array.from({ length: count }, (_none, at) => at + 1);
  if (!wrong.size) return all.join("\n");
  return all.map((line) => (wrong.has(line) ? html`<b>${line}</b>${"\n"}` : `${line}\n`));
}

function problem(key, one) {
  const { line } = one;
  return html`<li>
    <button type="button" class="link" @click=${() => goTo(key, line)}>${t("problem.line", { line })}</button>
    ${problemText(one)}
  </li>`;
}

function goTo(key, line) {
  const area = document.getElementById(`file-${key}`);
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  area.scrollTop = Math.max(0, (line - 4) * (area.scrollHeight / lines.length));
}

function conflict(shown) {
  return html`<div class="conflict" role="alert">
    <p><b>${t("conflict.title")}</b> ${t("conflict.text")}</p>
    <div class="buttons">
      <button type="button" id="conflict-compare" aria-expanded=${shown.isComparing ? "true" : "false"}
        @click=${() => {
          shown.isComparing = !shown.isComparing;
          changed();
        }}
      >
        ${t("conflict.compare")}
      </button>
      <button type="button" id="conflict-theirs" @click=${files.takeTheirs}>${t("conflict.theirs")}</button>
      <button type="button" id="conflict-mine" @click=${files.keepMine}>${t("conflict.mine")}</button>
    </div>
    ${shown.isComparing
      ? ["tokens", "token_list"].map((key) => comparison(shown, key))
      : nothing}
  </div>`;
}

function comparison(shown, key) {
  const found = files.difference(shown.theirs[key], shown.drafts[key]);
  const lines = (list, sign, css) => html`${list.slice(0, LINES_SHOWN_MAX).map((line) => html`<li class=${css}><span>${sign}</span> <code>${name(line)}</code></li>`)}
  ${list.length > LINES_SHOWN_MAX ? html`<li>${t("add.more", { count: list.length - LINES_SHOWN_MAX })}</li>` : nothing}`;
  if (!found.theirs.length && !found.mine.length) {
    return html`<h3><bdi>${name(shown.names[key])}</bdi></h3>
      <p>${t("conflict.same")}</p>`;
  }
  return html`<h3><bdi>${name(shown.names[key])}</bdi> · ${t("problem.line", { line: found.start })}</h3>
    <ul class="difference">
      ${lines(found.theirs, t("conflict.only_theirs"), "minus")} ${lines(found.mine, t("conflict.only_mine"), "plus")}
    </ul>`;
}
