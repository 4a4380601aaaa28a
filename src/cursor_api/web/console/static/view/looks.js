// Language, light and dark: chosen here, kept in localStorage, by default the browser's own.

import { html } from "../vendor/lit-html/lit-html.js";
import { currentLanguage, LANGUAGES, t, useLanguage } from "../i18n.js";
import { recall, remember, state, update } from "../store.js";
import { icons } from "./icons.js";

const THEMES = ["auto", "light", "dark"];

export function useTheme(theme) {
  const known = THEMES.includes(theme) ? theme : "auto";
  document.documentElement.dataset.theme = known;
  update({ theme: known });
}

export function restoreTheme() {
  useTheme(recall("localStorage", "theme"));
}

function nextTheme() {
  const next = THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length];
  remember("localStorage", "theme", next);
  useTheme(next);
}

export function themeButton() {
  const label = t("theme.label", { theme: t(`theme.${state.theme}`) });
  return html`<button type="button" class="quiet only-icon theme" aria-label=${label} title=${label} @click=${nextTheme}>
    ${icons[state.theme]}
  </button>`;
}

export function languageButton() {
  const names = Object.keys(LANGUAGES);
  const other = names[(names.indexOf(currentLanguage()) + 1) % names.length];
  return html`<button
    type="button"
    class="quiet language"
    lang=${other}
    aria-label=${LANGUAGES[other]}
    @click=${async () => {
      await useLanguage(other, { isChoice: true });
      update({});
    }}
  >
    ${other === "zh" ? icons.zh : LANGUAGES[other]}
  </button>`;
}
