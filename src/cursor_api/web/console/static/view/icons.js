// Small drawings. They are decoration: what a button does stands in its label.

import { html } from "../vendor/lit-html/lit-html.js";

function icon(path) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${path} /></svg>`;
}

export const icons = {
  up: icon("M3.5 10.5 8 6l4.5 4.5"),
  down: icon("M3.5 5.5 8 10l4.5-4.5"),
  close: icon("m4 4 8 8m0-8-8 8"),
  plus: icon("M8 3v10M3 8h10"),
  edit: icon("m10.5 3 2.5 2.5L6 12.5l-3.2.7.7-3.2z"),
  trash: icon("M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M7 7v3.5M9 7v3.5"),
  play: icon("M5 3.5v9l7-4.5z"),
  more: icon("M3.5 8h.01M8 8h.01M12.5 8h.01"),
  tick: icon("m3.5 8.5 3 3 6-7"),
  circle: icon("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z"),
  copy: icon("M5.5 5.5h7v7h-7zM10.5 5.5v-2h-7v7h2"),
  grip: icon("M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01"),
  auto: icon("M8 2.5a5.5 5.5 0 1 0 0 11z M8 2.5a5.5 5.5 0 0 1 0 11"),
  light: icon("M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9"),
  dark: icon("M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z"),
  // Drawn, for systems without Chinese letters.
  zh: html`<svg class="icon word" viewBox="0 0 32 16" aria-hidden="true">
    <path d="M2.5 4.5h11v6h-11zM8 1.5v13.5M24 1.5v2.5M18 4.5h12M20.5 4.5c1 4.5 4 8 9.5 10M27.5 4.5c-1 4.5-4 8-9.5 10" />
  </svg>`,
  logo: html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" /><path d="M9 8l15 8-15 8 3.4-8z" />
  </svg>`,
};
