// The client of `POST /api/chat`: sends JSON and receives server-sent events. EventSource supports only GET, so the
// events are read from the body of a fetch response.

import { asNetworkError, request, RequestError } from "./requests.js";

/** After this time without data, the connection is considered dead: the server sends at least a comment every 15 s. */
const SILENCE_MS = 45_000;

/**
 * Sends a question and yields `{event, data}` for each event, with `data` parsed, until the stream ends.
 * The first event is `accepted {answer_id}`: the id of the answer, from a response header.
 */
export async function* chat(question, signal) {
  const response = await request("/api/chat", { body: question, signal, accept: "text/event-stream" });
  yield { event: "accepted", data: { answer_id: response.headers.get("x-request-id") } };
  for await (const { event, data } of events(response.body, signal)) {
    if (event === "error") throw new RequestError("server", data.error ?? data);
    yield { event, data };
  }
}

/** Parses bytes into events. An empty line ends an event; a line that begins with `:` is a comment. */
async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    for (;;) {
      const { done, value } = await readOrGiveUp(reader, signal);
      if (done) return;
      // A carriage return at the end may be the first half of a line break, so it waits for the next chunk.
      buffer = (buffer + value).replace(/\r\n|\r(?!$)/g, "\n");
      for (let end; (end = buffer.indexOf("\n\n")) >= 0; buffer = buffer.slice(end + 2)) {
        const event = parse(buffer.slice(0, end));
        if (event) yield event;
        // One chunk may contain several events. After a stop, the rest is dropped.
        signal.throwIfAborted();
      }
    }
  } finally {
    // If the caller stops early, the request must end too, so that the server stops generating.
    reader.cancel().catch(() => {});
  }
}

async function readOrGiveUp(reader, signal) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("The server went silent.")), SILENCE_MS);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (error) {
    throw asNetworkError(error, signal);
  } finally {
    clearTimeout(timer);
  }
}

function parse(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  if (data.length === 0) return null;
  try {
    return { event, data: JSON.parse(data.join("\n")) };
  } catch {
    throw new RequestError("server", { message: "The server sent an event that is not JSON." });
  }
}
