// All requests to the server: adds the API key and turns every failure into a RequestError. Only an abort by the
// visitor stays an AbortError.

import { askForKey, keyHeader } from "./keys.js";

/** A failed request: `kind` is "network", "refused" (an HTTP status) or "server" (an error event). */
export class RequestError extends Error {
  constructor(kind, { message = "", status = 0, code = null, retryAfter = null } = {}) {
    super(message);
    this.name = "RequestError";
    this.kind = kind;
    this.status = status;
    this.code = code;
    /** Seconds to wait before the next attempt, or null. */
    this.retryAfter = retryAfter;
  }
}

/** Sends a request and returns the successful response. With a `body`, it is a POST of JSON. */
export async function request(path, { body, signal, accept = "application/json" } = {}) {
  for (;;) {
    const response = await attempt(path, body, signal, accept);
    if (response.ok) return response;
    const error = await refusal(response);
    // Ask the visitor for a key. Without one, the error is shown.
    if (error.status !== 401 || !(await askForKey(error.code))) throw error;
  }
}

/** The JSON of a response. */
export async function json(path, options) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch (error) {
    throw asNetworkError(error, options?.signal);
  }
}

/** The error for a broken connection. */
export function asNetworkError(error, signal) {
  return signal?.aborted ? error : new RequestError("network", { message: error.message });
}

async function attempt(path, body, signal, accept) {
  const headers = { Accept: accept, ...keyHeader() };
  const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  if (post.method) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, { ...post, headers, signal, cache: "no-store" });
  } catch (error) {
    throw asNetworkError(error, signal);
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  return new RequestError("refused", {
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
