// Owns the conversation with `POST /api/chat`: JSON out, server-sent events in. EventSource can only GET, so the events
// are read off a fetch body here.

import { asNetworkError, request, RequestError } from "./requests.js";

/** Silence longer than this means the connection is dead: the server sends at least a comment every 15 s. */
const SILENCE_MS = 45_000;

/**
 * Sends a question and yields `{event, data}` as the server sends them, `data` parsed, up to the end of the stream.
 * Before the server's own events comes `accepted {answer_id}`, the name under which the server knows the answer.
 */
export async function* chat(question, signal) {
  const response = await request("/api/chat", { body: question, signal, accept: "text/event-stream" });
  yield { event: "accepted", data: { answer_id: response.headers.get("x-request-id") } };
  for await (const { event, data } of events(response.body, signal)) {
    if (event === "error") throw new RequestError("server", data.error ?? data);
    yield { event, data };
  }
}

/** Bytes in, events out. A block of lines up to an empty line is one event; lines that begin with `:` are comments. */
async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    for (;;) {
      const { done, value } = await readOrGiveUp(reader, signal);
      if (done) return;
      // A carriage return at the very end may be half of a line break: it waits for the next piece.
      buffer = (buffer + value).replace(/\r\n|\r(?!$)/g, "\n");
      for (let end; (end = buffer.indexOf("\n\n")) >= 0; buffer = buffer.slice(end + 2)) {
        const event = parse(buffer.slice(0, end));
        if (event) yield event;
        // One piece may hold many events; none of them is wanted after a stop.
        signal.throwIfAborted();
      }
    }
  } finally {
    // Leaving early must also end the request, so that the server stops computing.
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
