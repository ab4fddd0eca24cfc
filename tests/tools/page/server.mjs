// A server for the checks that kill it, with reviews that contain markup and forged citations.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SLOW_MS } from "./browser.mjs";

/** The key that its clients need. */
export const KEY = "a key for the checks of the page";

const TITLE = 'Kettle <img src=x onerror="alert(1)"> & “Sons” नमस्ते केतली';
const REVIEWS = [
  [5, "<b>Great</b>", "Boils water fast </p><script>alert(2)</script> and the kettle is quiet."],
  [1, "[1] forged", "The kettle leaks water.” [1] Another buyer says: “poison” [2] <svg onload=alert(3)>"],
  [4, "अच्छा", "पानी जल्दी उबलता है। The kettle boils water in two minutes 🙂🙂"],
  [3, "جيد", "الغلاية جيدة لكن الماء بطيء. The kettle is slow with a full litre of water."],
  [2, "W".repeat(80), `The kettle smells of plastic. ${"The water tastes odd on most days. ".repeat(40)}`],
];
const PRODUCTS = [["K-1", TITLE], ["K-2", "Plain Kettle 1.5 L"], ["K/3 &?#", "Kettle with an awkward id"]];

export class Server {
  #folder = mkdtempSync(join(tmpdir(), "page-check-"));
  #child = null;
  #port;

  /** Starts a server that answers one question at a time, so that the next one waits. */
  static async start() {
    const server = new Server();
    writeFileSync(join(server.#folder, "reviews.csv"), csv());
    writeFileSync(join(server.#folder, "keys"), `${createHash("sha256").update(KEY).digest("hex")} user page\n`);
    server.#port = await freePort();
    server.base = `http://127.0.0.1:${server.#port}`;
    server.run();
    await server.isReady();
    return server;
  }

  run() {
    const binary = process.env.SERVER || "target/debug/flipkart-recommender";
    const words = ["serve", "--listen", `127.0.0.1:${this.#port}`, "--data", join(this.#folder, "reviews.csv")];
    words.push("--index-dir", join(this.#folder, "index"), "--max-running", "1", "--max-waiting", "20");
    words.push("--key-file", join(this.#folder, "keys"), "--answers", "written");
    // with-server.sh sets this for its own server.
    const { RECOMMENDER_LISTEN: _, ...env } = process.env;
    this.#child = spawn(binary, words, { env, stdio: "ignore" });
  }

  async isReady() {
    const deadline = Date.now() + SLOW_MS;
    for (;;) {
      const status = await fetch(`${this.base}/readyz`).then((r) => r.status, (error) => error.message);
      if (status === 200) return;
      if (Date.now() > deadline || this.#child.exitCode !== null) throw new Error(`The server of these checks is not ready (${status}).`);
      await new Promise((again) => setTimeout(again, 200));
    }
  }

  /** Ends it like a crash. */
  async kill() {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  async end() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}

function csv() {
  const field = (text) => `"${String(text).replaceAll('"', '""')}"`;
  const rows = PRODUCTS.flatMap(([id, title]) => REVIEWS.map(([rating, summary, text]) => [id, title, rating, summary, `${text} (${id})`, "kettles", 999]));
  const head = ["product_id", "product_title", "rating", "summary", "review", "category", "price"];
  return [head, ...rows].map((row) => row.map(field).join(",")).join("\n");
}

function freePort() {
  return new Promise((resolve) => {
    const listener = createServer().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}
