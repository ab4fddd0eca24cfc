// Asking: by keyboard alone, evidence before the first word, citations in both directions, stop, ask again, edit, copy.

import { check, looksRight, open, sentBy, SLOW_MS, wasQuiet } from "./browser.mjs";

export const QUESTION = "Which headset has the best battery?";
export const LAST = ".turn:last-child";
export const ENDED = `${LAST}:is([data-state="done"], [data-state="stopped"], [data-state="failed"])`;
/** The limit for everything that a first visit fetches. */
const MOST_BYTES = 120_000;

export async function asking(browser, base) {
  const page = await open(browser, base);
  await page.addInitScript(watchOrder);
  await opens(page, base);
  await answersByKeyboard(page);
  await looksRight(page, "answer");
  await citationsPoint(page);
  await showsTheWholeReview(page);
  await remembersColours(page);
  await stops(page);
  await editsAndAsksAgain(page);
  await copies(page);
  await leavesOut(page);
  await wasQuiet(page, "while asking");
}

export async function askByKeyboard(page, text) {
  // The focus leaves the box, so that only "/" can bring it back.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("/");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

/** Waits for the end of the last answer; gives its state. */
export async function ended(page) {
  await page.waitForSelector(ENDED, { timeout: SLOW_MS });
  return page.getAttribute(LAST, "data-state");
}

/** Asks and waits for the end of the answer; gives its state. */
export async function ask(page, text) {
  await askByKeyboard(page, text);
  return ended(page);
}

/** Runs in the page before its own scripts: records the order in which evidence and answer appear in the last turn. */
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

async function opens(page, base) {
  let weight = 0;
  const weigh = async (response) => {
    const size = await response.request().sizes();
    weight += size.responseBodySize + size.responseHeadersSize;
  };
  page.on("response", weigh);
  const response = await page.goto(base);
  const policy = response.headers()["content-security-policy"] ?? "";
  check(policy.includes("default-src 'self'"), "The page is served under a policy of default-src 'self'.");
  check(!/unsafe|data:/.test(policy), "The policy allows no inline code and no data: addresses.");
  await page.waitForSelector("#stock:not(:empty)");
  await page.waitForLoadState("networkidle");
  page.off("response", weigh);
  check(weight > 0 && weight < MOST_BYTES, `The first visit fetches less than ${MOST_BYTES} bytes.`, String(weight));
  check(/\d.* review.*\d.* product/.test(await page.textContent("#stock")), "The header says how many reviews and products there are.");
  check((await page.locator(".example").count()) >= 2, "The empty page suggests questions.");
  await looksRight(page, "empty");
}

async function answersByKeyboard(page) {
  await askByKeyboard(page, "Which headset");
  await page.keyboard.press("Escape");
  await page.waitForSelector(ENDED);
  await page.click("#new");
  await page.keyboard.type("Which headset");
  await page.keyboard.press("Shift+Enter");
  check((await page.inputValue("#question")) === "Which headset\n", "Shift and Enter break the line.");
  await page.fill("#question", "");
  await page.evaluate(() => (window.seen.length = 0));
  const state = await ask(page, QUESTION);
  check(state === "done", "A question asked by keyboard alone is answered.", `${state}: ${await page.textContent(`${LAST} .reply`)}`);
  check((await page.textContent(`${LAST} .answer`)).trim() !== "", "The answer is not empty.");
  check((await page.evaluate(() => window.seen.slice(0, 2).join())) === "card,answer", "Evidence appears before the answer's first word.");
  check((await page.textContent("#live")).startsWith("Answer:"), "The answer is announced to a screen reader.");
  const lacking = await page.locator(`${LAST} .card`).evaluateAll((cards) => cards.filter((card) => !(
    card.querySelector(".card-product").textContent.trim() && card.querySelector(".quote").textContent.trim() &&
    /of 5 stars|No rating/.test(card.querySelector(".stars").getAttribute("aria-label")) && /Review \d/.test(card.textContent)
  )).map((card) => card.textContent));
  check(lacking.length === 0, "Every card has its product, stars, quote and review number.", lacking.join("; "));
  const marks = await page.locator(`${LAST} mark`).allTextContents();
  check(marks.length > 0 && marks.every((word) => /^(headset|batter)/i.test(word)), "The question's words are marked in the quotes, and no others.", marks.join());
  // The details of products are loaded when they are visible.
  await page.locator(`${LAST} .shelf .product`).first().scrollIntoViewIfNeeded();
  await page.waitForSelector(`${LAST} .shelf .product .histogram`);
  check((await page.locator(`${LAST} .offers .chip`).count()) > 0, "Questions to ask next come with the answer.");
}

async function citationsPoint(page) {
  const astray = [];
  const cites = await page.locator(`${LAST} .cite`).all();
  for (const cite of cites) {
    const number = await cite.textContent();
    await cite.focus();
    await page.keyboard.press("Enter");
    const reached = await page.evaluate(() => document.activeElement.querySelector(".card-number")?.textContent);
    if (reached !== number) astray.push(`${number} leads to ${reached ?? "no card"}`);
    await page.locator(".card:focus").getByRole("button", { name: "Where the answer cites it" }).click();
    const back = await page.evaluate(() => document.activeElement.matches(".cite") && document.activeElement.textContent);
    if (back !== number) astray.push(`card ${number} leads back to ${back}`);
  }
  check(cites.length > 0 && astray.length === 0, "Every citation leads to its quote and back, by keyboard.", astray.join("; "));
}

async function showsTheWholeReview(page) {
  const quote = await page.textContent(`${LAST} .card >> nth=0 >> .quote`);
  await page.locator(`${LAST} .card`).first().getByRole("button", { name: "Whole review" }).click();
  const marked = await page.textContent("dialog .review-text mark");
  check(marked === quote, "The whole review has the quote marked.", `${marked} is not ${quote}`);
  await looksRight(page, "review");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  check((await page.evaluate(() => document.activeElement.textContent)) === "Whole review", "Escape closes the review and gives the focus back.");
}

async function remembersColours(page) {
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await colour();
  await page.click("#theme");
  const after = await colour();
  check(before !== after, "The colour button changes the colours.");
  await page.reload();
  check((await colour()) === after, "The chosen colours are remembered.");
  await page.click("#theme");
}

/**
 * Lets the page itself press Escape or the stop button when the first card appears: on a fast machine, the answer could
 * finish before a message from here arrives.
 */
function stopAtFirstCard(page, by) {
  return page.evaluate((way) => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector('.turn:last-child:not([data-state="done"]) .card')) return;
      observer.disconnect();
      if (way === "button") document.getElementById("stop").click();
      else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    });
    observer.observe(document.getElementById("turns"), { childList: true, subtree: true });
  }, by);
}

async function stops(page) {
  await page.click("#new");
  await stopAtFirstCard(page, "Escape");
  const aborted = page
    .waitForEvent("requestfailed", { predicate: (request) => request.url().endsWith("/api/chat"), timeout: SLOW_MS })
    .then((request) => request.failure().errorText, (error) => error.message);
  check((await ask(page, QUESTION)) === "stopped", "Escape stops an answer and marks it as stopped.");
  check((await aborted).includes("ABORTED"), "Stopping ends the request itself.", await aborted);
  check((await page.isVisible("#send")) && !(await page.isVisible("#stop")), "After a stop the page takes the next question.");
  await stopAtFirstCard(page, "button");
  const { messages } = await sentBy(page, "/api/chat", () => page.getByRole("button", { name: "Ask again" }).click());
  check(messages.length === 1 && messages[0].content === QUESTION, "A stopped question can be asked again, and is sent once.");
  check((await ended(page)) === "stopped", "The stop button stops an answer.");
}

async function editsAndAsksAgain(page) {
  await page.click(`${LAST} .question-row .tool`);
  await page.keyboard.type("Which kettle boils fast?");
  const { messages } = await sentBy(page, "/api/chat", () => page.keyboard.press("Enter"));
  check(messages.length === 1 && messages[0].content === "Which kettle boils fast?", "An edited question replaces the old one.");
  check((await ended(page)) === "done" && (await page.locator(".turn").count()) === 1, "The edited question is answered.");
  const again = await sentBy(page, "/api/chat", () => page.click(`${LAST} .is-again`));
  check(again.messages.length === 1, "A question can be asked again.");
  await ended(page);
}

async function copies(page) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click(`${LAST} .tools .tool >> nth=0`);
  await page.waitForSelector(".notice");
  const [copied, answer] = [await page.evaluate(() => navigator.clipboard.readText()), await page.textContent(`${LAST} .answer`)];
  check(copied.startsWith(answer.slice(0, 20)) && /\n\[\d\] “/.test(copied), "An answer is copied with its sources.", copied);
}

/** A sentence of the model that no review supports has its own verdict; here one is added to a real answer. */
async function leavesOut(page) {
  const claim = "It also makes coffee.";
  await page.route("**/api/chat", async (route) => {
    const answer = await (await route.fetch({ timeout: SLOW_MS })).text();
    const verdict = `event: citation\ndata: ${JSON.stringify({ sentence: claim, evidence_ids: [], verdict: "unsupported" })}\n\n`;
    await route.fulfill({ contentType: "text/event-stream", body: answer.replace("event: final", `${verdict}event: final`) });
  });
  await page.click("#new");
  await ask(page, QUESTION);
  await page.unroute("**/api/chat");
  const summary = await page.textContent(`${LAST} .left-out summary`);
  await page.waitForSelector(".notice", { state: "detached" });
  check(/^\d+ sentences? of the language model left out/.test(summary), "The page says that unsupported sentences are left out.", summary);
  check(!(await page.isVisible(`${LAST} .left-out s`)), "They are hidden until they are opened.");
  await page.click(`${LAST} .left-out summary`);
  check((await page.locator(`${LAST} .left-out s`).allTextContents()).includes(claim), "Then they are shown, struck through.");
  await looksRight(page, "left-out");
}
