// Checks the chat page in a real browser against a running server.
//
//   node tests/tools/page.mjs BASE_URL SCREENSHOT_DIR
//
// In: the server's address, and a folder for the pictures. playwright-core and axe-core are resolved from the folder
// TOOLS_NODE_MODULES (a node_modules), or as node finds them; the browser is CHROMIUM or /usr/bin/chromium.
// Out: a line per check, then "N passed, 0 failed". The first failure is said in a sentence and ends with status 1.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [base, pictures] = process.argv.slice(2);
if (!base || !pictures) {
  console.error("Give the server's address and a folder for the pictures: page.mjs BASE_URL SCREENSHOT_DIR");
  process.exit(2);
}
const modules = process.env.TOOLS_NODE_MODULES;
const require = createRequire(modules ? join(resolve(modules), "resolve.js") : import.meta.url);
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** A small machine may take this long to load its models or to finish an answer. */
const SLOW_MS = 120_000;
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const QUESTION = "Which headset has the best battery?";
const HOSTILE = "<img src=x onerror=alert(1)> which headset is loud?";
const LAST = ".turn:last-child";
const ENDED = `${LAST}:is([data-state="done"], [data-state="stopped"], [data-state="failed"])`;

let passed = 0;
/** `sentence` says what should be so; `detail` what was found instead. */
function check(holds, sentence, detail = "") {
  if (!holds) throw new Error(`This does not hold: ${sentence} ${detail}`.trim());
  passed += 1;
  console.log(`ok  ${sentence}`);
}

/** Waits here and not in the page, whose own polling would leave a console line for every 503. */
async function serverIsReady() {
  const deadline = Date.now() + SLOW_MS;
  for (;;) {
    const status = await fetch(new URL("/readyz", base)).then((r) => r.status, (error) => error.message);
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`The server is not ready after ${SLOW_MS / 1000} s (${status}).`);
    await new Promise((again) => setTimeout(again, 500));
  }
}

/** Runs in the page before its own scripts: notes in which order evidence and answer text appear in the last turn. */
function watchOrder() {
  window.seen = [];
  const note = (what) => window.seen.at(-1) !== what && window.seen.push(what);
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      const element = target instanceof Element ? target : target.parentElement;
      if (element?.closest(".answer")?.textContent.trim()) note("answer");
      for (const node of addedNodes) if (node instanceof Element && node.matches(".card")) note("card");
    }
  }).observe(document, { childList: true, characterData: true, subtree: true });
}

async function axe(page, where) {
  // The page's policy forbids foreign scripts; evaluating the source is not one.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.map((v) => `${v.id} at ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
  check(violations.length === 0, `axe finds no violation ${where}.`, found.join("; "));
}

async function picture(page, name, size) {
  await page.setViewportSize(size);
  // What moves once is let come to rest; a transition that a newer one replaced never finishes, hence allSettled.
  await page.evaluate(() => Promise.allSettled(
    document.getAnimations().filter((a) => a.effect.getComputedTiming().iterations === 1).map((a) => a.finished),
  ));
  await page.screenshot({ path: join(pictures, `${name}-${size.width}x${size.height}.png`) });
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(sideways <= 0, `The ${name} page does not scroll sideways at ${size.width} px.`);
}

async function askByKeyboard(page, text) {
  // Away from the box, so that "/" is what brings the focus there.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("/");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

async function opens(page) {
  const response = await page.goto(base);
  const policy = response.headers()["content-security-policy"] ?? "";
  check(policy.includes("default-src 'self'"), "The page is served under a policy of default-src 'self'.");
  check(!/unsafe|data:/.test(policy), "The policy allows no inline code and no data: addresses.");
  await page.waitForSelector("#stock:not(:empty)");
  check(/\d.* review.*\d.* product/.test(await page.textContent("#stock")), "The header says how many reviews and products there are.");
  check((await page.locator(".example").count()) >= 2, "The empty page suggests questions.");
  await axe(page, "on the empty page");
  await picture(page, "empty", PHONE);
  await picture(page, "empty", WIDE);
}

async function answersByKeyboard(page) {
  await askByKeyboard(page, QUESTION);
  await page.waitForSelector(`${LAST} .card`, { timeout: SLOW_MS });
  await page.waitForSelector(ENDED, { timeout: SLOW_MS });
  const state = await page.getAttribute(LAST, "data-state");
  check(state === "done", "A question asked by keyboard alone is answered.", `${state}: ${await page.textContent(`${LAST} .reply`)}`);
  check((await page.textContent(`${LAST} .answer`)).trim() !== "", "The answer is not empty.");
  check((await page.evaluate(() => window.seen.slice(0, 2).join())) === "card,answer", "Evidence cards appear before the answer's first word.");
  const lacking = await page.locator(`${LAST} .card`).evaluateAll((cards) => cards.filter((card) => !(
    card.querySelector(".card-product").textContent.trim() && card.querySelector(".quote").textContent.trim() &&
    /of 5 stars|No rating/.test(card.querySelector(".stars").getAttribute("aria-label")) && /Review \d/.test(card.textContent)
  )).map((card) => card.textContent));
  check(lacking.length === 0, "Every card has its product, stars, quote and review number.", lacking.join("; "));
}

async function citationsPoint(page) {
  const astray = [];
  for (const cite of await page.locator(`${LAST} .cite`).all()) {
    const number = await cite.textContent();
    await cite.focus();
    await page.keyboard.press("Enter");
    const reached = await page.evaluate(() => document.activeElement.querySelector(".card-number")?.textContent);
    if (reached !== number) astray.push(`${number} leads to ${reached ?? "no card"}`);
  }
  check(astray.length === 0, "Every citation in the answer leads to its card by keyboard.", astray.join("; "));
}

async function looksRight(page) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const size of [PHONE, WIDE]) {
      await picture(page, `answer-${scheme}`, size);
      await axe(page, `in ${scheme} at ${size.width} px`);
    }
  }
}

async function remembersColours(page) {
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await colour();
  await page.click("#theme");
  const light = await colour();
  check(light !== dark, "The colour button changes the colours.");
  await page.reload();
  check((await colour()) === light, "The chosen colours are remembered.");
  await page.emulateMedia({ colorScheme: "light" });
}

/**
 * Has the page itself press Escape or the stop button when the first card comes: a fast machine could have finished
 * before a message from here got there.
 */
function stopAtFirstCard(page, by) {
  return page.evaluate((way) => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector(".turn:last-child .card")) return;
      observer.disconnect();
      if (way === "button") document.getElementById("stop").click();
      else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    });
    observer.observe(document.getElementById("turns"), { childList: true, subtree: true });
  }, by);
}

async function stops(page) {
  await stopAtFirstCard(page, "Escape");
  const aborted = page
    .waitForEvent("requestfailed", { predicate: (request) => request.url().endsWith("/api/chat"), timeout: SLOW_MS })
    .then((request) => request.failure().errorText, (error) => error.message);
  await askByKeyboard(page, QUESTION);
  await page.waitForSelector(ENDED, { timeout: SLOW_MS });
  check((await page.getAttribute(LAST, "data-state")) === "stopped", "Escape stops an answer and marks it as stopped.");
  check((await aborted).includes("ABORTED"), "Stopping ends the request itself.", await aborted);
  check((await page.textContent(`${LAST} .question`)) === QUESTION, "The question of a stopped answer is not lost.");
  check((await page.isVisible("#send")) && !(await page.isVisible("#stop")), "After a stop the page takes the next question.");
  await stopAtFirstCard(page, "button");
  const again = page.waitForRequest("**/api/chat");
  await page.click(`${LAST} .action >> nth=0`);
  const sent = (await again).postDataJSON().messages;
  check(sent.length === 3 && sent[2].content === QUESTION, "A stopped question can be asked again, and is sent once after the kept one.");
  await page.waitForSelector(ENDED, { timeout: SLOW_MS });
  check((await page.getAttribute(LAST, "data-state")) === "stopped", "The stop button stops an answer.");
}

/** A review that looks like the end of its own quotation, with citations after it. */
async function quotedCitationsStayText(page) {
  const found = await page.evaluate(async () => {
    const { Answer } = await import("/ui/answer.js");
    const { Cards } = await import("/ui/cards.js");
    const item = (id, quote) => ({ id, quote, product_title: "Bottle", rating: 1, review_id: id });
    const cards = new Cards();
    const forged = "It dents” [1] Another buyer says: “poison” [2] and [2";
    cards.show([item(1, forged), item(2, "It leaks")]);
    const answer = new Answer(cards);
    const text = `A buyer says: “${forged}” [1] Another: “It leaks” [2][7]`;
    for (const piece of [text.slice(0, -6), "[", "2][", "7]"]) answer.push(piece);
    answer.finish(text);
    const numbers = [...answer.element.querySelectorAll(".cite")].map((cite) => cite.textContent);
    return { numbers: numbers.join(), isWhole: answer.element.textContent === text.replace("[1] Another: ", "1 Another: ").replace("[2][7]", "2[7]") };
  });
  check(found.numbers === "1,2" && found.isWhole, "Citations within a quoted review stay text.", JSON.stringify(found));
}

async function textStaysText(page) {
  let dialogs = 0;
  page.on("dialog", (dialog) => (dialogs += 1, dialog.dismiss()));
  await askByKeyboard(page, HOSTILE);
  await page.waitForSelector(ENDED, { timeout: SLOW_MS });
  check((await page.textContent(`${LAST} .question`)) === HOSTILE, "HTML in a question is shown as text.");
  check((await page.locator("img").count()) === 0 && dialogs === 0, "HTML in a question is not executed.");
  await page.click("#new");
  check((await page.locator(".turn").count()) === 0 && (await page.isVisible("#welcome")), "A new conversation begins empty.");
}

mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  await serverIsReady();
  const page = await browser.newPage({ viewport: WIDE, colorScheme: "light" });
  const complaints = [];
  const foreign = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => new URL(request.url()).origin !== new URL(base).origin && foreign.push(request.url()));
  await page.addInitScript(watchOrder);

  await opens(page);
  await answersByKeyboard(page);
  await looksRight(page);
  await citationsPoint(page);
  await remembersColours(page);
  await stops(page);
  await textStaysText(page);
  await quotedCitationsStayText(page);
  check(complaints.length === 0, "The browser's console shows no error.", complaints.join("; "));
  check(foreign.length === 0, "The page asks nothing of another origin.", foreign.join(", "));
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  console.error(`FAILED  ${error.message}`);
  console.error(`${passed} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
