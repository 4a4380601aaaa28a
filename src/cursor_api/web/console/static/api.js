// The one place that speaks to the gateway. The key travels in a header, never in an address.

import { state } from "./store.js";

const TIMEOUT_MS = 20_000;
// A test is a real request to a model; the gateway's own limits end it earlier.
export const TEST_TIMEOUT_MS = 180_000;

// The gateway answered, and the answer is no. `problems` are lines: {file, line, problem};
// `findings` are about settings, with their words in both languages.
export class Refusal extends Error {
  constructor(status, body, retryAfterS) {
    super(body?.error?.message || `HTTP ${status}`);
    this.status = status;
    this.code = body?.error?.code || "";
    this.param = body?.error?.param || "";
    this.problems = Array.isArray(body?.problems) ? body.problems : [];
    this.findings = Array.isArray(body?.findings) ? body.findings : [];
    this.retryAfterS = retryAfterS;
  }
}

// The gateway did not answer.
export class Lost extends Error {}

// What is answered after its session has ended is for nobody: nothing goes on then.
export async function call(method, path, { body, headers, key, timeoutMs } = {}) {
  const asker = state.key;
  const hasLeft = () => asker && key === undefined && state.key !== asker;
  let response;
  let text;
  try {
    response = await fetch(new URL(path, document.baseURI), {
      method,
      headers: {
        ...authorization(key ?? state.key),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(timeoutMs ?? TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    if (hasLeft()) return new Promise(() => {});
    throw new Lost(String(error));
  }
  if (hasLeft()) return new Promise(() => {});
  const data = parse(text);
  if (!response.ok) {
    throw new Refusal(response.status, data, Number(response.headers.get("retry-after")) || 0);
  }
  // Something between us and the gateway answers in its place.
  if (data === null) throw new Lost("not JSON");
  return { data, etag: response.headers.get("etag") || "" };
}

// A file, given to the browser to keep. The key goes in a header, so no link could do it.
export async function download(path, name) {
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), {
      headers: authorization(state.key),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
    if (response.ok) {
      save(await response.blob(), name);
      return;
    }
  } catch (error) {
    throw new Lost(String(error));
  }
  throw new Refusal(response.status, parse(await response.text()), 0);
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function credentialPath(alias, rest = "") {
  return `api/credentials/${encodeURIComponent(alias)}${rest}`;
}

export function authorization(key) {
  return key ? { authorization: `Bearer ${asHeader(key)}` } : {};
}

// A header carries bytes; a key beyond ASCII goes as its UTF-8.
function asHeader(key) {
  return Array.from(new TextEncoder().encode(key), (byte) => String.fromCharCode(byte)).join("");
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
