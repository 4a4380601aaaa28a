// The first thing anybody sees: the page asks for the gateway's key.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { t } from "../i18n.js";
import { signIn } from "../session.js";
import { state } from "../store.js";
import { icons } from "./icons.js";
import { languageButton, themeButton } from "./looks.js";

function submit(event) {
  event.preventDefault();
  if (state.isSigningIn) return;
  const { key, keep } = event.target.elements;
  if (key.value.trim()) signIn(key.value.trim(), keep.checked);
  else key.focus();
}

export function signInView() {
  const { isSigningIn, signInTrouble } = state;
  return html`<main class="signin">
    <form @submit=${submit} novalidate>
      <h1>${icons.logo} ${t("app.title")}</h1>
      <p class="hint">${t("signin.intro")}</p>
      <label for="key">${t("signin.key")}</label>
      <input
        id="key"
        name="key"
        type="password"
        autocomplete="current-password"
        spellcheck="false"
        autofocus
        aria-invalid=${signInTrouble ? "true" : "false"}
        aria-describedby=${signInTrouble ? "signin-trouble" : nothing}
      />
      ${signInTrouble
        ? html`<p class="trouble" role="alert" id="signin-trouble">${signInTrouble}</p>`
        : nothing}
      <label class="check"><input type="checkbox" name="keep" checked /> ${t("signin.keep")}</label>
      <button type="submit" class="primary" aria-disabled=${isSigningIn ? "true" : "false"}>
        ${t(isSigningIn ? "signin.checking" : "signin.button")}
      </button>
    </form>
    <div class="looks">${languageButton()} ${themeButton()}</div>
  </main>`;
}
