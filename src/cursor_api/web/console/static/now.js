// How things stand now: asked again and again while somebody looks, on every page.

import { call } from "./api.js";
import { state, update } from "./store.js";

export async function loadNow() {
  const { data } = await call("GET", "api/now");
  if (state.key) update({ now: data, clockOffsetMs: Date.parse(data.now) - Date.now() });
}
