// Asks StreamChat with the editor's own client library and prints what it made of the answer.
//
// Reads one JSON object from standard input:
//   {baseUrl, schema: <file with a FileDescriptorSet>, headers, message, method?, gzip?,
//    timeoutMs?, leaveAfter?}
// Prints one JSON object a line: {message} for each message, then {end: true}, or {left: true}
// when it left early, or {error: {code, message, details}}.
import { readFileSync } from "node:fs";
import { createRegistryFromDescriptors } from "@bufbuild/protobuf";
import { Code, ConnectError, createPromiseClient } from "@connectrpc/connect";
import { compressionGzip, createConnectTransport } from "@connectrpc/connect-node";

const ask = JSON.parse(readFileSync(0, "utf-8"));
const registry = createRegistryFromDescriptors(readFileSync(ask.schema));
const service = registry.findService("aiserver.v1.AiService");
const Request = registry.findMessage("aiserver.v1.GetChatRequest");
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const client = createPromiseClient(
  service,
  createConnectTransport({
    httpVersion: "1.1",
    baseUrl: ask.baseUrl,
    useBinaryFormat: true,
    ...(ask.gzip ? { sendCompression: compressionGzip, compressMinBytes: 0 } : {}),
  }),
);
const aborter = new AbortController();
try {
  let count = 0;
  const answer = client[ask.method ?? "streamChat"](Request.fromJson(ask.message), {
    headers: ask.headers,
    timeoutMs: ask.timeoutMs,
    signal: aborter.signal,
  });
  for await (const message of answer) {
    print({ message: message.toJson({ typeRegistry: registry }) });
    count += 1;
    if (count === ask.leaveAfter) {
      print({ left: true });
      aborter.abort();
      process.exit(0);
    }
  }
  print({ end: true });
} catch (thrown) {
  const error = ConnectError.from(thrown);
  const details = error.findDetails(registry).map((detail) => detail.toJson());
  // The protocol's spelling: ResourceExhausted is resource_exhausted.
  const code = Code[error.code].replace(/(?<=.)(?=[A-Z])/g, "_").toLowerCase();
  print({ error: { code, message: error.rawMessage, details } });
}
