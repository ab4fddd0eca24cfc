// Text stays text: markup in a question, in a product's title and in reviews, and forged citations.

import { ask, askByKeyboard, ended, LAST } from "./asking.mjs";
import { check, looksRight, visit, wasQuiet } from "./browser.mjs";
import { KEY } from "./server.mjs";

const HOSTILE = "<img src=x onerror=alert(1)> which kettle boils water fast?";

export async function hostile(browser, base) {
  const page = await visit(browser, base, { expected: /401/ });
  await askByKeyboard(page, HOSTILE);
  await asksForAKey(page);
  check((await ended(page)) === "done", "With the right key the question is answered.");
  check((await page.textContent(`${LAST} .question`)) === HOSTILE, "Markup in a question is shown as text.");
  const shown = await page.textContent(`${LAST} .cards`);
  check(/<script>|<img src=x|<svg onload/.test(shown), "Markup in a review or a title is shown as text.", shown);
  // The details of products are loaded when they are visible.
  await page.locator(`${LAST} .shelf .product`).first().scrollIntoViewIfNeeded();
  await page.waitForSelector(".shelf .product .histogram");
  await page.getByRole("button", { name: "Whole review" }).first().click();
  await page.waitForSelector("dialog .review-text");
  await page.keyboard.press("Escape");
  await looksRight(page, "hostile");
  await longReview(page);
  await page.getByRole("link", { name: "Browse" }).click();
  await page.waitForSelector("#view-other .product .histogram");
  await page.getByRole("link", { name: "Kettle with an awkward id" }).click();
  await page.waitForSelector(".panel .histogram");
  check((await page.textContent(".view-title")) === "Kettle with an awkward id", "A product whose id has special characters has its view.");
  check((await page.locator("img, script:not([src])").count()) === 0, "The markup became no element.");
  await quotedCitationsStayText(page);
  await wasQuiet(page, "with hostile text");
}

/** The longest review, whose headline is one long word. */
async function longReview(page) {
  await page.click("#new");
  await ask(page, "Does the kettle smell of plastic?");
  await page.locator(`${LAST} .card`, { hasText: "WWWW" }).first().getByRole("button", { name: "Whole review" }).click();
  const words = (await page.textContent("dialog .review-text")).split(/\s+/).length;
  check(words > 250, "A review of 300 words is shown whole.", String(words));
  await looksRight(page, "long-review");
  await page.keyboard.press("Escape");
}

async function asksForAKey(page) {
  await page.waitForSelector("dialog input");
  await looksRight(page, "key");
  await page.keyboard.type("a guess");
  await page.keyboard.press("Enter");
  await page.waitForSelector('dialog:has-text("does not know this key")');
  await page.keyboard.type(KEY);
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog", { state: "detached" });
  const kept = await page.evaluate(() => [Object.values(localStorage), Object.values(sessionStorage)].map((values) => values.join()));
  check(!kept[0].includes(KEY) && kept[1].includes(KEY), "A key is asked for, and kept for the tab only.", kept.join("; "));
}

/** A review that looks like the end of its own quotation, with citations after it. */
async function quotedCitationsStayText(page) {
  const found = await page.evaluate(async () => {
    const { Answer } = await import("/ui/answer.js");
    const { Cards } = await import("/ui/cards.js");
    const item = (id, quote) => ({ id, quote, product_id: "b", product_title: "Bottle", rating: 1, review_id: id });
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
