// The page's whole state, and one way to change it: every change asks for one new drawing.

export const state = {
  // session
  key: "", // the gateway's AUTH_TOKEN; here and, if wished, in sessionStorage, nowhere else
  isSigningIn: false,
  signInTrouble: null, // {text} or null
  // what is asked and changed just now; with the session it is over
  isPolling: false,
  changesUnderWay: 0,
  // looks
  theme: "auto",
  route: null, // {page, rest, params}, from the address
  server: null, // {version, endpoints} as `GET /` says
  now: null, // the last answer of GET api/now
  // the list of credentials
  list: null, // the last answer of GET api/credentials
  clockOffsetMs: 0, // the server's clock minus ours
  lost: null, // {sinceMs, reason} while the gateway does not answer
  filter: "all",
  search: "",
  rowCountMax: 200,
  working: new Map(), // alias -> what is under way with it: "test", "save", "remove"
  outcomes: new Map(), // alias -> the last test's answer, or {error}
  dragged: "", // the alias that is being dragged
  // dialogs: at most one is open
  add: null,
  edit: null,
  upstream: null, // the form that adds one
  // messages
  toasts: [],
  files: null, // the tab with the two raw files
  connect: null, // the last answer of GET api/clients
  chat: null, // models, the conversation, the draft
  overview: null, // {usage, failures, requests, seen, wasOver, trouble}
  requests: null, // what is listed: see records.js
  usage: null, // {key, data, trouble}
  grid: null, // the dialog that tries a credential with several models
  gridChoice: null, // what was chosen in it last
  deletion: null, // the dialog that deletes records
  keys: null, // {list, prices, trouble}
  // dialogs of the keys: a form, a question, a secret that is shown once, a price
  keyForm: null,
  keyAsk: null,
  keySecret: null,
  priceForm: null,
  audit: null, // {key, acts, continueFrom, actors, isLoading, trouble}
  settings: null, // the last answer of GET api/settings, what is looked for in it, and what is being changed
};

let draw = () => {};
let isScheduled = false;

export function onChange(callback) {
  draw = callback;
}

// Ask for a drawing after whatever else changes in this turn.
export function changed() {
  if (isScheduled) return;
  isScheduled = true;
  queueMicrotask(() => {
    isScheduled = false;
    draw();
  });
}

export function update(changes) {
  Object.assign(state, changes);
  changed();
}

// --- What is remembered. A browser may forbid either storage; then nothing is.

export function remember(storage, name, value) {
  try {
    if (value === null) window[storage].removeItem(name);
    else window[storage].setItem(name, value);
  } catch {
    // Looks are chosen again next time, the key is typed again.
  }
}

export function recall(storage, name) {
  try {
    return window[storage].getItem(name);
  } catch {
    return null;
  }
}
