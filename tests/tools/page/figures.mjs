// Verdicts on answers, and the live figures that count them.

import { ask, LAST, QUESTION } from "./asking.mjs";
import { check, looksRight, sentBy, visit, wasQuiet } from "./browser.mjs";

export async function figures(browser, base) {
  const page = await visit(browser, base);
  await ask(page, QUESTION);
  const before = await stats(base);
  const sent = await sentBy(page, "/api/feedback", async () => {
    await page.getByRole("button", { name: "Bad answer" }).click();
    await page.keyboard.type("It is not about headsets.");
    await page.keyboard.press("Enter");
  });
  const { verdict, comment, evidence_ids: ids, answer_id: id } = sent;
  check(verdict === "down" && comment.startsWith("It is not") && ids.length > 0 && id, "A verdict is sent with its comment, the evidence and the answer's id.");
  await page.waitForSelector(`${LAST} [data-verdict=down][aria-pressed=true]`);
  check((await stats(base)).feedback.down === before.feedback.down + 1, "The server counts it.");
  await page.reload();
  await page.waitForSelector(`${LAST} [data-verdict=down]`);
  check((await page.getAttribute(`${LAST} [data-verdict=down]`, "aria-pressed")) === "true", "It is remembered with the conversation.");
  await live(page, before);
  await wasQuiet(page, "with the figures");
}

async function live(page, before) {
  await page.getByRole("link", { name: "Stats" }).click();
  await page.waitForSelector(".line-chart polyline", { state: "attached" });
  const shown = async (name) => page.locator(`.facts div:has(dt:text-is("${name}")) dd`).textContent();
  check((await shown("Thumbs up / down")) === `${before.feedback.up} / ${before.feedback.down + 1}`, "The figures show the verdicts.", await shown("Thumbs up / down"));
  check(Number((await shown("Tokens written")).replaceAll(",", "")) > 0, "The figures show the tokens that were written.");
  check((await page.locator("#view-other").textContent()).includes("SmolLM2"), "The figures name the models.");
  await looksRight(page, "stats");
}

async function stats(base) {
  return (await fetch(`${base}/api/stats`)).json();
}
