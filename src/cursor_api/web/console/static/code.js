// A request of the chat as a program that sends it again: whole, with the address and the key.

function shell(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

// JSON's strings are Python's, but for three words.
function python(value, indent = "") {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  if (Array.isArray(value)) {
    return `[\n${value.map((one) => `${indent}    ${python(one, `${indent}    `)},\n`).join("")}${indent}]`;
  }
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, one]) => `${JSON.stringify(key)}: ${python(one, indent)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}

export const LANGUAGES = {
  curl: ({ v1, key, body }) => `curl -N ${shell(`${v1}/chat/completions`)} \\
  -H ${shell(`Authorization: Bearer ${key}`)} \\
  -H 'Content-Type: application/json' \\
  -d ${shell(JSON.stringify(body))}
`,
  Python: ({ v1, key, body }) => `# pip install openai
from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(v1)}, api_key=${JSON.stringify(key)})
stream = client.chat.completions.create(
    model=${JSON.stringify(body.model)},
    messages=${python(body.messages, "    ")},
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
`,
  Node: ({ v1, key, body }) => `// npm install openai; save it as chat.mjs
import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${JSON.stringify(v1)}, apiKey: ${JSON.stringify(key)} });
const stream = await client.chat.completions.create({
  model: ${JSON.stringify(body.model)},
  messages: ${JSON.stringify(body.messages, null, 2).replaceAll("\n", "\n  ")},
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
console.log();
`,
};
