// Taking records out: as a file to keep, or for good, on request of the person they are about.

import { call, download } from "./api.js";
import { complain, explain } from "./credentials.js";
import { number } from "./format.js";
import { t } from "./i18n.js";
import { filters, queryOf, enterRequests } from "./records.js";
import { changed, state, update } from "./store.js";
import { showToast } from "./toasts.js";

export async function exportAs(format) {
  try {
    await download(`api/requests/export?${queryOf(filters(), { format })}`, `requests.${format}`);
  } catch (error) {
    complain(error);
  }
}

// The filter is taken as it stands now: what is counted is what goes.
export async function openDeletion() {
  const given = filters();
  update({ deletion: { given, query: queryOf(given), count: null, trouble: "", isSending: false } });
  await preview();
}

async function preview() {
  const { deletion } = state;
  try {
    const { data } = await call("DELETE", `api/requests?${deletion.query}`);
    deletion.query.set("until", data.until);
    deletion.count = data.would_delete;
  } catch (error) {
    deletion.trouble = explain(error);
  }
  changed();
}

export async function confirmDeletion() {
  const { deletion } = state;
  if (deletion.isSending || !deletion.count) return;
  deletion.isSending = true;
  deletion.trouble = "";
  changed();
  try {
    const { data } = await call("DELETE", `api/requests?${deletion.query}&confirm=${deletion.count}`);
    update({ deletion: null, requests: null });
    showToast(t("deletion.done", { count: data.deleted, shown: number(data.deleted) }));
    await enterRequests();
    return;
  } catch (error) {
    deletion.trouble = error.status === 409 ? t("deletion.changed") : explain(error);
  }
  deletion.isSending = false;
  await preview();
}
