// The two raw files: read, write, and what to do when somebody else wrote them meanwhile.

import { call, save } from "./api.js";
import { explain } from "./credentials.js";
import { t } from "./i18n.js";
import { pollNow } from "./polling.js";
import { changed, state, update } from "./store.js";
import { showToast } from "./toasts.js";

const BACKUP_BYTES_MAX = 64 * 1024 * 1024;

// `drafts` are the texts in the boxes, `saved` those of the server with `etag`.
// `theirs` is the server's newer version once a save met it: {etag, tokens, token_list}.
function fresh() {
  return {
    isLoading: true,
    isSaving: false,
    isShown: false, // or else secrets are masked, and nothing can be edited
    saved: null,
    drafts: { tokens: "", token_list: "" },
    etag: "",
    names: { tokens: ".token", token_list: ".token-list" },
    trouble: "",
    problems: { tokens: [], token_list: [] },
    theirs: null,
    isComparing: false,
  };
}

// A line as it may be looked at: comments and names as they are, every secret as a mask.
export function maskLine(line) {
  const text = line.trim();
  if (!text || text.startsWith("#")) return line;
  const [token, ...rest] = line.split(",");
  const at = token.lastIndexOf("::");
  const name = at < 0 ? "" : token.slice(0, at + 2);
  return [name + mask(token.slice(name.length)), ...rest.map(mask)].join(",");
}

function mask(secret) {
  return secret.length < 16 ? "…" : `${secret.slice(0, 4)}…${secret.slice(-4)}`;
}

export function setShown(isShown) {
  state.files.isShown = isShown;
  changed();
}

export function isDirty() {
  const files = state.files;
  if (!files?.saved) return false;
  return ["tokens", "token_list"].some((key) => files.drafts[key] !== files.saved[key]);
}

async function read() {
  const { data, etag } = await call("POST", "get-tokeninfo");
  return { data, etag, texts: { tokens: data.tokens, token_list: data.token_list } };
}

export async function loadFiles() {
  const files = { ...fresh(), ...(state.files ?? {}), isLoading: true, trouble: "" };
  update({ files });
  try {
    const { data, etag, texts } = await read();
    Object.assign(files, {
      saved: texts,
      drafts: { ...texts },
      etag,
      names: { tokens: data.token_file, token_list: data.token_list_file },
      problems: { tokens: [], token_list: [] },
      theirs: null,
      isComparing: false,
    });
  } catch (error) {
    files.trouble = explain(error);
  }
  files.isLoading = false;
  changed();
}

export async function saveFiles() {
  const files = state.files;
  if (files.isSaving || files.theirs || !isDirty()) return;
  Object.assign(files, { isSaving: true, trouble: "", problems: { tokens: [], token_list: [] } });
  changed();
  const texts = { ...files.drafts };
  try {
    const { data } = await call("POST", "update-tokeninfo", {
      body: texts,
      headers: files.etag ? { "if-match": files.etag } : {},
    });
    showToast(t("files.saved", { count: data.token_count }));
    pollNow();
    // The gateway completes the list: a new token gets its device there.
    await takeOver(files, texts);
  } catch (error) {
    if (error.status === 412) await meet(files);
    else refuse(files, error);
  }
  files.isSaving = false;
  changed();
}

// What was typed while the save was under way stays.
async function takeOver(files, sent) {
  const { etag, texts } = await read();
  for (const key of ["tokens", "token_list"]) {
    if (files.drafts[key] === sent[key]) files.drafts[key] = texts[key];
  }
  Object.assign(files, { saved: texts, etag });
}

function refuse(files, error) {
  files.trouble = explain(error);
  for (const one of error.problems ?? []) {
    const key = one.file === files.names.token_list ? "token_list" : "tokens";
    files.problems[key].push(one);
  }
}

// Somebody else wrote the files: fetch theirs, so that the reader can compare and decide.
async function meet(files) {
  try {
    const { etag, texts } = await read();
    Object.assign(files, { theirs: { etag, ...texts }, isComparing: false });
  } catch (error) {
    files.trouble = explain(error);
  }
}

export function takeTheirs() {
  const { files } = state;
  const { etag, tokens, token_list } = files.theirs;
  const texts = { tokens, token_list };
  Object.assign(files, { saved: texts, drafts: { ...texts }, etag, theirs: null, isComparing: false });
  changed();
}

// Mine is saved over the version that was just seen, and over no newer one.
export function keepMine() {
  const { files } = state;
  const { etag, tokens, token_list } = files.theirs;
  Object.assign(files, { saved: { tokens, token_list }, etag, theirs: null, isComparing: false });
  return saveFiles();
}

// Lines that only one side has, between the common beginning and the common end.
export function difference(theirs, mine) {
  const [a, b] = [theirs.split("\n"), mine.split("\n")];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const [inLeft, inRight] = [new Set(left), new Set(right)];
  return {
    start: start + 1,
    theirs: left.filter((line) => !inRight.has(line)),
    mine: right.filter((line) => !inLeft.has(line)),
  };
}

// --- Backups: one file with both texts, in the form that POST update-tokeninfo takes.

export function downloadBackup() {
  const day = new Date().toISOString().slice(0, 10);
  const text = JSON.stringify(state.files.saved, null, 2);
  save(new Blob([text], { type: "application/json" }), `cursor-api-tokens-${day}.json`);
}

export async function openBackup(file) {
  const { files } = state;
  try {
    if (file.size > BACKUP_BYTES_MAX) throw new Error("too large");
    const { tokens, token_list: list } = JSON.parse(await file.text());
    if (typeof tokens !== "string" || typeof list !== "string") throw new Error("not a backup");
    files.drafts = { tokens, token_list: list };
    files.isShown = true; // to be looked at before it is saved
    files.problems = { tokens: [], token_list: [] };
    files.trouble = "";
    showToast(t("files.backup_opened"));
  } catch {
    files.trouble = t("files.backup_wrong");
  }
  changed();
}
