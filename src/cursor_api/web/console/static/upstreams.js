// Upstreams of one's own: what another one can be made of, and adding it.

import { call } from "./api.js";
import { attempt, explain } from "./credentials.js";
import { quoted } from "./format.js";
import { t } from "./i18n.js";
import { pollNow } from "./polling.js";
import { changed, state, update } from "./store.js";
import { showToast } from "./toasts.js";

const TYPED = ["name", "base_url", "keys", "models"];

// What was typed before and not added is there again.
export function openUpstream() {
  const draft = {
    preset: "",
    name: "",
    base_url: "",
    kind: "openai",
    keys: "",
    models: "",
    allow_http: false,
    known: null, // the answer of GET api/upstreams, with `etag`
    etag: "",
    trouble: "",
    param: "",
    ...state.upstream,
    isOpen: true,
  };
  update({ upstream: draft });
  return look(draft);
}

async function look(draft) {
  try {
    const { data, etag } = await call("GET", "api/upstreams");
    Object.assign(draft, { known: data, etag });
  } catch (error) {
    draft.trouble = explain(error);
  }
  changed();
}

export function isTyped(draft) {
  return TYPED.some((key) => draft[key].trim());
}

export function presetOf(draft) {
  return draft.known?.presets.find((one) => one.name === draft.preset);
}

// Its name is the upstream's, unless the reader has typed another one.
export function choosePreset(draft, preset) {
  if (!draft.name || draft.name === draft.preset) draft.name = preset;
  Object.assign(draft, { preset, trouble: "", param: "" });
  changed();
}

function bodyOf(draft) {
  const where = draft.preset
    ? { preset: draft.preset }
    : { base_url: draft.base_url.trim(), kind: draft.kind, allow_http: draft.allow_http };
  return {
    name: draft.name.trim(),
    keys: draft.keys.split("\n").filter((line) => line.trim()),
    models: draft.models.split(/[\s,]+/).filter(Boolean),
    ...where,
  };
}

// Gives {answer} when it was added; what went wrong stands in the draft otherwise.
export async function addUpstream(draft) {
  const done = await attempt(
    draft,
    async () => {
      const headers = { "if-match": draft.etag };
      const { data } = await call("POST", "api/upstreams", { body: bodyOf(draft), headers });
      return data;
    },
    words,
  );
  if (!done) {
    // Another version is seen from now on: adding to it is wished when it is asked for again.
    if (draft.isStale) await look(draft);
    return null;
  }
  const isServed = !done.answer.reloaded.problems.length;
  const text = t(isServed ? "upstreams.added" : "upstreams.not_served", { name: quoted(draft.name.trim()) });
  showToast(text, { kind: isServed ? "done" : "trouble" });
  pollNow();
  return done;
}

function words(error) {
  state.upstream.isStale = error.status === 412;
  if (error.status === 412) return t("upstreams.stale");
  if (error.status === 409) return t(error.param ? "upstreams.taken" : "upstreams.broken");
  return explain(error);
}
