// OpenAI's Node SDK as a program: orders in, one JSON object a line, and answers out.
//
// The orders and answers are those of openai_program.py; see sdk_clients.py.
import { createInterface } from "node:readline";
import OpenAI from "openai";
import { VERSION } from "openai/version";

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function chat(client, order, told) {
  const options = { headers: order.headers ?? {} };
  if (order.call === "helper") {
    told.answer = await client.chat.completions.stream(order.body, options).finalChatCompletion();
  } else if (order.body.stream) {
    for await (const chunk of await client.chat.completions.create(order.body, options)) {
      told.chunks.push(chunk);
      if (told.chunks.length === order.leave_after) break;
    }
  } else {
    told.answer = await client.chat.completions.create(order.body, options);
  }
}

async function respond(client, order, told) {
  const { body } = order;
  if (order.call === "response_helper") {
    told.answer = await client.responses.stream(body).finalResponse();
  } else if (order.call === "response_count") {
    told.answer = await client.responses.inputTokens.count(body);
  } else if (order.call === "response_read") {
    told.answer = await client.responses.retrieve(body.id);
    for await (const item of client.responses.inputItems.list(body.id)) told.chunks.push(item);
    await client.responses.delete(body.id);
  } else if (body.stream) {
    for await (const event of await client.responses.create(body)) told.chunks.push(event);
  } else {
    told.answer = await client.responses.create(body);
  }
}

async function follow(order) {
  const started = performance.now();
  const told = { chunks: [] };
  try {
    const client = new OpenAI({
      baseURL: order.base_url,
      apiKey: order.key,
      ...("max_retries" in order ? { maxRetries: order.max_retries } : {}),
      ...("timeout_s" in order ? { timeout: order.timeout_s * 1000 } : {}),
    });
    if (order.call === "models") told.answer = { data: (await client.models.list()).data };
    else if (order.call === "model") told.answer = await client.models.retrieve(order.body.model);
    else if (order.call === "embeddings") told.answer = await client.embeddings.create(order.body);
    else if ((order.call ?? "").startsWith("response")) await respond(client, order, told);
    else await chat(client, order, told);
  } catch (error) {
    told.error = {
      type: error.constructor.name,
      status: error.status ?? null,
      code: error.code ?? null,
      param: error.param ?? null,
      message: error.message,
    };
  }
  told.seconds = (performance.now() - started) / 1000;
  return told;
}

print({ version: VERSION });
for await (const line of createInterface({ input: process.stdin })) {
  print(await follow(JSON.parse(line)));
}
