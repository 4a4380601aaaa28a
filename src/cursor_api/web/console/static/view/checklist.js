// The first steps: no wizard that leads by the hand, but a list that ticks itself.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { t } from "../i18n.js";
import { dismissSteps, firstSteps } from "../overview.js";
import { link } from "../router.js";
import { icons } from "./icons.js";

export function checklist() {
  const { steps, isShown } = firstSteps();
  if (!isShown) return nothing;
  const next = steps.find(({ isDone }) => !isDone);
  return html`<section class="card checklist" id="checklist" aria-labelledby="checklist-title">
    <div class="block-head">
      <h2 id="checklist-title">${t(next ? "steps.title" : "steps.over")}</h2>
      <button type="button" class="quiet" id="dismiss-steps" @click=${dismissSteps}>${t("steps.dismiss")}</button>
    </div>
    <ol>
      ${steps.map((step) => item(step, step === next))}
    </ol>
  </section>`;
}

// What is waited for is told while it is waited for.
function item({ id, isDone, place }, isNext) {
  const key = isDone ? `steps.${id}_done` : `steps.${id}`;
  return html`<li class=${isDone ? "done" : ""} data-step=${id} aria-current=${isNext ? "step" : nothing}>
    ${isDone ? icons.tick : icons.circle} <span class="hidden">${t(isDone ? "steps.done" : "steps.open")}</span>
    <span role=${id === "request" ? "status" : nothing}>${t(key)}</span>
    <a href=${link(...place)}>${t(isDone && id === "request" ? "steps.see" : `steps.${id}_link`)}</a>
  </li>`;
}
