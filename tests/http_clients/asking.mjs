// Node's clients before the gateway: fetch, undici's pipelining client, and node:http for Expect.
//
// Tries everything in turn and prints a JSON object a line: {trial, told}. Settings come from the
// environment: BASE and KEY; NODE_EXTRA_CA_CERTS has the authority.
import http from "node:http";
import https from "node:https";
import { createRequire } from "node:module";

const { BASE, KEY, UNDICI } = process.env;
const { Client } = createRequire(UNDICI)("undici");
const CHAT = `${BASE}/v1/chat/completions`;
const MIB = 1 << 20;
const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
const tell = (trial, told) => process.stdout.write(`${JSON.stringify({ trial, told })}\n`);
const chat = (content, stream = false) =>
  JSON.stringify({ model: "m", stream, messages: [{ role: "user", content }] });
const post = (body, more = {}) => fetch(CHAT, { method: "POST", headers, body, ...more });

async function* inPieces(body, size) {
  for (let at = 0; at < body.length; at += size) yield Buffer.from(body.slice(at, at + size));
}

// The statuses of an answer before the last one, and the last one's.
function expect(body, key) {
  const { request } = BASE.startsWith("https") ? https : http;
  return new Promise((resolve, reject) => {
    const fields = { ...headers, authorization: `Bearer ${key}`, expect: "100-continue" };
    fields["content-length"] = body.length;
    const asked = request(CHAT, { method: "POST", headers: fields });
    const seen = [];
    asked.on("continue", () => {
      seen.push(100);
      asked.end(body);
    });
    asked.on("response", (answer) => {
      answer.resume().on("end", () => resolve([...seen, answer.statusCode]));
      if (!seen.length) asked.destroy();
      if (!seen.length) resolve([answer.statusCode]);
    });
    asked.on("error", reject);
    asked.flushHeaders();
  });
}

const trials = {
  list: async () => (await fetch(`${BASE}/v1/models`, { headers })).status,
  head: async () => (await fetch(`${BASE}/v1/models`, { headers, method: "HEAD" })).status,
  whole: async () => (await (await post(chat("at once"))).json()).choices[0].message.content,
  stream: async () => {
    let text = "";
    for await (const piece of (await post(chat("hello", true))).body) {
      text += Buffer.from(piece).toString();
      if (text.includes("first ") && !text.includes("last")) tell("streaming", true);
    }
    return text.trimEnd().endsWith("[DONE]");
  },
  kept: async () => {
    const statuses = [];
    for (let count = 0; count < 30; count += 1) {
      const answer = await post(chat("at once", count % 2 === 0));
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
    return [...new Set(statuses)];
  },
  chunked: async () => {
    const body = inPieces(chat(`at once ${"x".repeat(100_000)}`), 7000);
    return (await post(body, { duplex: "half" })).status;
  },
  expect: () => expect(chat("at once"), KEY),
  "expect, refused": () => expect("x".repeat(5 * MIB), "no"),
  large: async () => (await post(chat(`at once ${"x".repeat(8 * MIB)}`))).status,
  "too large": async () => (await post("x".repeat(11 * MIB))).status,
  "too large, chunked": async () =>
    (await post(inPieces("x".repeat(11 * MIB), 64_000), { duplex: "half" })).status,
  "wrong key, large": async () => {
    const wrong = { ...headers, authorization: "Bearer no" };
    return (await post("x".repeat(5 * MIB), { headers: wrong })).status;
  },
  parallel: async () => {
    const all = Array.from({ length: 50 }, (_, n) => post(chat("at once", n % 2 === 0)));
    return [...new Set((await Promise.all(all)).map((answer) => answer.status))];
  },
  pipelined: async () => {
    const client = new Client(BASE, { pipelining: 10 });
    const path = "/v1/chat/completions";
    const ask = async (n) => {
      const order = { path, method: "POST", headers, body: chat("at once", n % 2 === 0) };
      const answer = await client.request({ ...order, idempotent: true, blocking: false });
      return [answer.statusCode, (await answer.body.text()).includes("last")];
    };
    const told = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(n)));
    await client.close();
    return told.every(([status, isWhole]) => status === 200 && isWhole);
  },
  left: async () => {
    const aborter = new AbortController();
    const answer = await post(chat("leave", true), { signal: aborter.signal });
    await answer.body.getReader().read();
    aborter.abort();
    return answer.status;
  },
  after: async () => (await post(chat("at once"))).status,
};

for (const [trial, run] of Object.entries(trials)) {
  try {
    tell(trial, await run());
  } catch (error) {
    tell(trial, `${error}: ${error.cause ?? ""}`);
  }
}
process.exit(0);
