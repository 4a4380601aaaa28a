// Which page is shown stands behind the # of the address, so that reload, back and links keep the
// place: `#/page/rest?name=value`. A secret never stands there.

import { state, update } from "./store.js";

const FIRST = "overview";

// {page, rest: [text], params: {name: text}}
export function parseHash(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page, ...rest] = path.split("/").map(decode);
  return { page: page || FIRST, rest, params: Object.fromEntries(new URLSearchParams(query)) };
}

// The address of a place; parameters without a value are left out.
export function link(page, params = {}, ...rest) {
  const path = [page, ...rest].map(encodeURIComponent).join("/");
  const query = new URLSearchParams(
    Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== ""),
  ).toString();
  return `#/${path}${query ? `?${query}` : ""}`;
}

export function go(place, { isReplaced = false } = {}) {
  if (isReplaced) {
    history.replaceState(null, "", place);
    follow();
  } else {
    location.hash = place;
  }
}

// `onPlace` runs for every place that is gone to, with the one before, if any.
export function startRouter(onPlace) {
  arrive = onPlace;
  window.addEventListener("hashchange", follow);
  follow();
}

let arrive = () => {};

function follow() {
  const before = state.route;
  update({ route: parseHash(location.hash) });
  arrive(before);
}

// What somebody typed may be no encoding at all.
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
