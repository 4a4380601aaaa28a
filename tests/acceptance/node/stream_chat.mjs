// Asks StreamChat with the editor's own client library and says what it made of the answer.
//
// A program that stays for many questions; each is one JSON object a line:
//   {baseUrl, schema: <file with a FileDescriptorSet>, headers, message, method?, gzip?,
//    timeoutMs?, leaveAfter?}
// Prints one line for each: {messages, error: null or {code, message, details}}.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRegistryFromDescriptors } from "@bufbuild/protobuf";
import { Code, ConnectError, createPromiseClient } from "@connectrpc/connect";
import { compressionGzip, createConnectTransport } from "@connectrpc/connect-node";

async function follow(ask) {
  const registry = createRegistryFromDescriptors(readFileSync(ask.schema));
  const Request = registry.findMessage("aiserver.v1.GetChatRequest");
  const client = createPromiseClient(
    registry.findService("aiserver.v1.AiService"),
    createConnectTransport({
      httpVersion: "1.1",
      baseUrl: ask.baseUrl,
      useBinaryFormat: true,
      ...(ask.gzip ? { sendCompression: compressionGzip, compressMinBytes: 0 } : {}),
    }),
  );
  const aborter = new AbortController();
  const told = { messages: [], error: null };
  try {
    const answer = client[ask.method](Request.fromJson(ask.message), {
      headers: ask.headers,
      timeoutMs: ask.timeoutMs ?? undefined,
      signal: aborter.signal,
    });
    for await (const message of answer) {
      told.messages.push(message.toJson({ typeRegistry: registry }));
      if (told.messages.length === ask.leaveAfter) {
        aborter.abort();
        break;
      }
    }
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const details = error.findDetails(registry).map((detail) => detail.toJson());
    // The protocol's spelling: ResourceExhausted is resource_exhausted.
    const code = Code[error.code].replace(/(?<=.)(?=[A-Z])/g, "_").toLowerCase();
    told.error = { code, message: error.rawMessage, details };
  }
  return told;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await follow(JSON.parse(line)))}\n`);
}
