// The state of the server: whether it is ready, and what it serves.

const POLL_MS = 1000;

/**
 * Resolves when `/readyz` answers 200. Until then, each poll calls `onPhase` with the server's phase, such as
 * "embedding 1200/20000", or with null if the server cannot be reached.
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

/** The response of `/info`, or an empty object: the page also works without it. */
export async function info() {
  try {
    const response = await fetch("/info", { cache: "no-store" });
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}
