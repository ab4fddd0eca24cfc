// Owns the conversation with `POST /api/chat`: JSON out, server-sent events in.
//
// EventSource can only GET, so the events are read off a fetch body here. Everything that can go wrong on the way comes
// out as one ChatError, except an abort by the visitor, which stays the AbortError it is.

/** Silence longer than this means the connection is dead: the server sends at least a comment every 15 s. */
const SILENCE_MS = 45_000;

/** A question that got no full answer: `kind` is "network", "refused" (an HTTP status) or "server" (an error event). */
export class ChatError extends Error {
  constructor(kind, { message = "", status = 0, code = null, retryAfter = null } = {}) {
    super(message);
    this.name = "ChatError";
    this.kind = kind;
    this.status = status;
    this.code = code;
    /** Seconds until the server would take the question, or null. */
    this.retryAfter = retryAfter;
  }
}

/** Sends `messages` and yields `{event, data}` as the server sends them, `data` parsed, up to the end of the stream. */
export async function* chat(messages, signal) {
  const response = await post({ messages }, signal);
  if (!response.ok) throw await refusal(response);
  for await (const { event, data } of events(response.body, signal)) {
    if (event === "error") throw new ChatError("server", data.error ?? data);
    yield { event, data };
  }
}

async function post(body, signal) {
  try {
    return await fetch("/api/chat", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    throw asNetworkError(error, signal);
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  return new ChatError("refused", {
    message: body.error?.message,
    code: body.error?.code,
    status: response.status,
    retryAfter: secondsOf(response.headers.get("Retry-After")),
  });
}

/** Retry-After is a number of seconds or a date. */
function secondsOf(header) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : null;
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
    throw new ChatError("server", { message: "The server sent an event that is not JSON." });
  }
}

function asNetworkError(error, signal) {
  return signal.aborted ? error : new ChatError("network", { message: error.message });
}
