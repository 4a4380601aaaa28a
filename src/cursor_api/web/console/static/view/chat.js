// Chat: the shortest way to see that it works, and what a client would get.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { freshChat, loadModels, send, startAnew, stop } from "../chat.js";
import { LANGUAGES } from "../code.js";
import { copyText } from "../copying.js";
import { explain } from "../credentials.js";
import { milliseconds, name, NONE, number, quoted } from "../format.js";
import { has, t } from "../i18n.js";
import { link } from "../router.js";
import { rootUrl } from "../server.js";
import { changed, state } from "../store.js";
import { icons } from "./icons.js";
import { select } from "./parts.js";

export function chatPage() {
  const chat = (state.chat ??= freshChat());
  if (!chat.models) {
    if (!chat.trouble) return html`<p class="loading" role="status">${t("chat.loading")}</p>`;
    return html`<div class="nothing">
      <p role="alert">${explain(chat.trouble)}</p>
      <button type="button" @click=${loadModels}>${t("lost.retry")}</button>
    </div>`;
  }
  if (!chat.models.length) {
    return html`<p class="nothing">${t("chat.no_model")} <a href=${link("credentials")}>${t("page.credentials")}</a></p>`;
  }
  return html`<div class="chat">
    <div class="choices">
      ${select("chat-model", t("chat.model"), chat.models.map((one) => [one, one]), chat.model, (value) => {
        chat.model = value;
        changed();
      })}
      <div class="field wide">
        <label for="chat-system">${t("chat.system")}</label>
        <input
          id="chat-system"
          autocomplete="off"
          placeholder=${t("chat.system_hint")}
          .value=${live(chat.system)}
          @input=${(event) => {
            chat.system = event.target.value;
          }}
        />
      </div>
      ${chat.turns.length ? html`<button type="button" id="chat-anew" @click=${anew}>${t("chat.anew")}</button>` : nothing}
    </div>
    <ol class="turns" aria-label=${t("chat.turns")}>
      ${chat.turns.map(turn)}
    </ol>
    ${composer(chat)}
  </div>`;
}

function anew() {
  startAnew();
  requestAnimationFrame(() => document.getElementById("chat-prompt")?.focus());
}

function composer(chat) {
  const isBusy = Boolean(chat.controller);
  const reason = isBusy ? t("busy.wait") : chat.draft.trim() ? "" : t("chat.nothing");
  return html`<form class="composer" @submit=${onSubmit}>
    <label for="chat-prompt">${t("chat.prompt")}</label>
    <textarea
      id="chat-prompt"
      rows="3"
      aria-describedby="chat-hint"
      .value=${live(chat.draft)}
      @input=${(event) => {
        chat.draft = event.target.value;
        changed();
      }}
      @keydown=${onKey}
    ></textarea>
    <div class="form-end">
      <p class="hint" id="chat-hint">${t("chat.hint")}</p>
      ${isBusy ? html`<button type="button" id="chat-stop" @click=${stop}>${t("chat.stop")}</button>` : nothing}
      <button type="submit" class="primary" id="chat-send" aria-disabled=${reason ? "true" : "false"} title=${reason || nothing}>
        ${t("chat.send")}
      </button>
    </div>
  </form>`;
}

function onSubmit(event) {
  event.preventDefault();
  send();
}

// Enter that ends the choice of a character, as for Chinese, is no wish to send.
function onKey(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
}

function turn(one) {
  return html`<li class="turn">
    <p class="prompt" dir="auto">${one.prompt}</p>
    <div class="answer" aria-busy=${one.isUnderWay ? "true" : "false"}>
      ${one.thoughts
        ? html`<details>
            <summary>${t("chat.thoughts")}</summary>
            <p class="said" dir="auto">${one.thoughts}</p>
          </details>`
        : nothing}
      ${one.answer ? html`<div class="said" dir="auto">${withCode(one.answer)}</div>` : nothing}
      ${one.isUnderWay && !one.answer ? html`<p class="hint">${t("chat.waiting")}</p>` : nothing}
      ${one.error ? failure(one) : nothing}
      <p class="hint" role="status">${one.isStopped ? t("chat.stopped") : one.isUnderWay || one.error ? nothing : t("chat.done")}</p>
    </div>
    ${one.isUnderWay ? nothing : html`${facts(one)} ${raw(one)}`}
  </li>`;
}

// Text stays text; after a fence it is code.
function withCode(text) {
  return text.split(/^ *```.*\n?/m).map((part, at) => (at % 2 ? html`<pre tabindex="0">${part.trimEnd()}</pre>` : part.trim() ? html`<p>${part.trim()}</p>` : nothing));
}

// Whose fault it is and what helps; the gateway's own sentence is a click away.
function failure({ error, record, attempts, model }) {
  const values = { model: quoted(model) };
  const byCode = has(`code.${error.code}`) ? t(`code.${error.code}`) : t("chat.broken");
  const kind = record?.fault ?? attempts.at(-1)?.fault;
  return html`<div class="trouble" role="alert">
    <p><b>${kind ? t(`cause.${kind}`) : byCode}</b> ${kind ? t(`fault.${kind}`, values) : nothing}</p>
    ${error.message
      ? html`<details>
          <summary>${t("test.details")}</summary>
          <p class="quote" dir="auto">${name(error.message)}</p>
        </details>`
      : nothing}
  </div>`;
}

function facts({ record, attempts, firstMs, totalMs, usage, id }) {
  const fact = (key, value) => html`<div><dt>${t(`fact.${key}`)}</dt> <dd>${value}</dd></div>`;
  const tokens = usage && t("fact.in_out", { input: number(usage.prompt_tokens), output: number(usage.completion_tokens) });
  return html`<dl class="facts">
    ${attempts.length ? fact("credential", name(attempts.at(-1).credential)) : nothing}
    ${attempts.length ? fact("attempts", number(attempts.length)) : nothing}
    ${fact("first", firstMs === null ? NONE : milliseconds(firstMs))}
    ${fact("total", totalMs === null ? NONE : milliseconds(totalMs))}
    ${fact("tokens", tokens ? html`${tokens}${record?.usage?.source === "estimated" ? ` ${t("fact.estimated")}` : nothing}` : NONE)}
    ${record ? html`<div><dt class="hidden">${t("fact.more")}</dt> <dd><a href=${link("requests", {}, id)}>${t("fact.more")}</a></dd></div>` : nothing}
  </dl>`;
}

function raw(one) {
  const place = { v1: `${rootUrl()}/v1`, key: state.key, body: one.body };
  return html`<details class="raw">
    <summary>${t("chat.raw")}</summary>
    <div class="buttons">
      ${Object.entries(LANGUAGES).map(
        ([language, write]) => html`<button type="button" class="copy" data-language=${language} @click=${() => copyText(write(place))}>
          ${icons.copy} ${t("chat.copy_as", { language })}
        </button>`,
      )}
      <span class="hint">${t("chat.with_key")}</span>
    </div>
    <h2>${t("chat.request")}</h2>
    <pre tabindex="0" role="region" aria-label=${t("chat.request")}>${`POST ${place.v1}/chat/completions\n\n${JSON.stringify(one.body, null, 2)}`}</pre>
    <h2>${t("chat.stream")}</h2>
    <pre tabindex="0" role="region" aria-label=${t("chat.stream")}>${`HTTP ${one.status}\n\n${one.raw}`}</pre>
  </details>`;
}
