// Owns the two questions the page asks about the server itself: is it ready, and what does it hold.

const POLL_MS = 1000;

/**
 * Resolves when `/readyz` answers 200. Until then `onPhase` is told, once per poll, the server's phase such as
 * "embedding 1200/20000", or null when the server cannot be reached at all.
 */
export async function untilReady(onPhase) {
  for (;;) {
    const phase = await currentPhase();
    if (phase === "ready") return;
    onPhase(phase);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function currentPhase() {
  try {
    const response = await fetch("/readyz", { cache: "no-store" });
    if (response.ok) return "ready";
    const body = await response.json().catch(() => ({}));
    return body.status ?? body.error?.message ?? `status ${response.status}`;
  } catch {
    return null;
  }
}

/** What `/info` says, or an empty object: nothing on the page depends on it. */
export async function info() {
  try {
    const response = await fetch("/info", { cache: "no-store" });
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}
