// Bars by hand: drawn in units of one bar and of percent, stretched by the browser, with words
// beside them that are words. No curve is made of counts.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { shortNumber } from "../format.js";

// A round number at or above the largest bar, which the scale ends with: a quarter of it is whole.
export function ceiling(value) {
  if (value <= 4) return 4;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10, 12].map((step) => Math.round(step * unit)).find((step) => step >= value && step % 4 === 0);
}

// `bars`: [{label, title, href, parts: [{css, value}]}], the first part at the bottom.
export function barChart({ id, label, bars, labelEvery = 1 }) {
  const top = ceiling(Math.max(0, ...bars.map(totalOf)));
  const ticks = [1, 0.75, 0.5, 0.25, 0];
  return html`<div class="chart" role="group" aria-label=${label} id=${id}>
    <div class="ticks" aria-hidden="true">${ticks.map((tick) => html`<span>${shortNumber(tick * top)}</span>`)}</div>
    <svg class="plot" viewBox="0 0 ${bars.length} 100" preserveAspectRatio="none" @keydown=${onArrow}>
      ${ticks.map((tick) => svg`<path class="tick" d="M0 ${100 - tick * 100}h${bars.length}" />`)}
      ${bars.map((one, at) => bar(one, at, top, at === bars.length - 1))}
    </svg>
    <div class="labels" aria-hidden="true">
      ${bars.map((one, at) => html`<span>${at % labelEvery === 0 ? one.label : nothing}</span>`)}
    </div>
  </div>`;
}

function totalOf({ parts }) {
  return parts.reduce((sum, part) => sum + part.value, 0);
}

// One of them can be reached by Tab, the others by the arrow keys from there.
function bar({ title, href, parts }, at, top, isLast) {
  let y = 100;
  return svg`<a href=${href} tabindex=${isLast ? 0 : -1} aria-label=${title}>
    <title>${title}</title>
    <rect class="hit" x=${at} y="0" width="1" height="100" />
    ${parts.map(({ css, value }) => {
      const height = (value / top) * 100;
      y -= height;
      return value ? svg`<rect class=${css} x=${at + 0.12} y=${y} width="0.76" height=${height} />` : nothing;
    })}
  </a>`;
}

function onArrow(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll("a")];
  all[all.indexOf(event.target.closest("a")) + by]?.focus();
}

// A strip of cells: grey where nothing happened, red by the share that failed.
export function strip(cells, label) {
  return html`<svg class="strip" viewBox="0 0 ${cells.length} 10" preserveAspectRatio="none" role="img" aria-label=${label}>
    ${cells.map(
      ({ css, title, failed }, at) => svg`<g><title>${title}</title>
        <rect class=${css} x=${at + 0.06} y="0" width="0.88" height="10" />
        ${failed ? svg`<rect class="failed" x=${at + 0.06} y=${10 - cut(failed)} width="0.88" height=${cut(failed)} />` : nothing}
      </g>`,
    )}
  </svg>`;
}

function cut(share) {
  return Math.max(3, share * 10);
}

export function legend(entries) {
  return html`<ul class="legend">
    ${entries.map(([css, words]) => html`<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect class=${css} width="1" height="1" /></svg> ${words}</li>`)}
  </ul>`;
}
