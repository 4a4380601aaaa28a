// Server-sent events, as they come: in pieces that end anywhere.

// `onEvent` is given the data of each event, and its text as it was sent.
export async function readEvents(body, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? "\n\n" : value;
    const events = rest.split(/(?<=\r?\n\r?\n)/);
    rest = events.pop();
    for (const text of events) emit(text, onEvent);
    if (done) {
      emit(rest, onEvent);
      return;
    }
  }
}

function emit(text, onEvent) {
  const data = text
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, ""))
    .join("\n");
  if (data) onEvent(data, text);
}
