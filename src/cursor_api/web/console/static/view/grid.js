// The grid of tests: models down, client APIs across, in each field what came of it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { milliseconds, name, NONE, number, quoted } from "../format.js";
import { apisOfGateway, cellKey, planned, runGrid, stopGrid, toggle } from "../grid.js";
import { has, t } from "../i18n.js";
import { link } from "../router.js";
import { state, update } from "../store.js";
import { closeDialog, dialog } from "./dialog.js";
import { icons } from "./icons.js";

const TITLES = { "/v1/chat/completions": "OpenAI Chat", "/v1/responses": "OpenAI Responses", "/v1/messages": "Anthropic Messages" };

export function gridDialog() {
  const { grid } = state;
  return dialog({
    id: "grid",
    title: t("grid.title", { alias: quoted(grid.alias) }),
    content: grid.models ? form(grid) : html`<p class="loading" role="status">${t("chat.loading")}</p>`,
    onClosed: () => {
      stopGrid();
      const { apis, chosen } = grid;
      update({ grid: null, gridChoice: { apis, chosen } });
    },
  });
}

function form(grid) {
  const count = planned().length;
  const reason = grid.controller ? t("busy.wait") : grid.models.length ? (count ? "" : t("grid.choose")) : t("grid.no_model");
  return html`${grid.trouble ? html`<p class="trouble" role="alert">${grid.trouble}</p>` : nothing}
    <p id="grid-cost">${t("grid.cost", { count, value: number(count) })}</p>
    <div class="grid-choices">
      ${choices("grid.apis", apisOfGateway(), grid.apis, (api) => TITLES[api])} ${choices("grid.models", grid.models, grid.chosen, name)}
    </div>
    <div class="form-end">
      ${reason ? html`<p class="hint" role="status">${reason}</p>` : nothing}
      ${grid.controller ? html`<button type="button" id="stop-grid" @click=${stopGrid}>${t("chat.stop")}</button>` : html`<button type="button" @click=${closeDialog}>${t("dialog.close")}</button>`}
      <button type="button" class="primary" id="run-grid" data-first aria-disabled=${reason ? "true" : "false"} title=${reason || nothing} aria-describedby="grid-cost" @click=${runGrid}>
        ${icons.play} ${t("grid.run", { count, value: number(count) })}
      </button>
    </div>
    ${grid.cells.size ? results(grid) : nothing}`;
}

function choices(key, values, chosen, words) {
  return html`<fieldset>
    <legend>${t(key)}</legend>
    <div class="checks">
      ${values.map(
        (one) => html`<label class="check"><input type="checkbox" .checked=${chosen.has(one)} ?disabled=${Boolean(state.grid.controller)} title=${state.grid.controller ? t("busy.wait") : nothing} @change=${() => toggle(chosen, one)} /> ${words(one)}</label>`,
      )}
    </div>
  </fieldset>`;
}

function results(grid) {
  const apis = [...grid.apis];
  const models = grid.models.filter((model) => apis.some((api) => grid.cells.has(cellKey({ model, api }))));
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${t("grid.results")}>
    <table class="numbers grid-results">
      <caption class="hidden">${t("grid.results")}</caption>
      <thead>
        <tr>
          <th scope="col">${t("chat.model")}</th>
          ${apis.map((api) => html`<th scope="col">${TITLES[api]}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${models.map(
          (model) => html`<tr>
            <th scope="row"><bdi>${name(model)}</bdi></th>
            ${apis.map((api) => html`<td>${cell(grid.cells.get(cellKey({ model, api })), model)}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function cell(one, model) {
  if (!one) return NONE;
  if (one.isWaiting) return html`<span class="hint">${t("grid.waiting")}</span>`;
  if (one.isRunning) return html`<span class="hint" role="status">${t("test.running")}</span>`;
  const details = one.id ? html` <a href=${link("requests", {}, one.id)}>${t("grid.details")}</a>` : nothing;
  if (!one.error) return html`<b class="good-text">${t("grid.works")}</b> ${one.firstMs === null ? nothing : milliseconds(one.firstMs)}${details}`;
  const { code } = one.error;
  const short = one.fault ? t(`cause.${one.fault}`) : has(`code.${code}`) ? t(`code.${code}`) : t(code === "stopped" ? "chat.stopped" : "chat.broken");
  return html`<b class="bad-text">${short}</b>${details}
    ${one.fault ? html`<p class="hint">${t(`fault.${one.fault}`, { model: quoted(model) })}</p>` : nothing}`;
}
