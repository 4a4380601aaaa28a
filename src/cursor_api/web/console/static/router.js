// Which page is shown stands behind the # of the address, so that reload, back and links keep the
// place: `#/page/rest?name=value`. A secret never stands there.

import { state, update } from "./store.js";

const FIRST = "credentials";

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

// `onPage` runs when another page than before is shown.
export function startRouter(onPage) {
  arrive = onPage;
  window.addEventListener("hashchange", follow);
  follow();
}

let arrive = () => {};

function follow() {
  const before = state.route;
  update({ route: parseHash(location.hash) });
  const isSame = before && before.page === state.route.page && before.rest[0] === state.route.rest[0];
  if (!isSame) arrive(before);
}

// What somebody typed may be no encoding at all.
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
