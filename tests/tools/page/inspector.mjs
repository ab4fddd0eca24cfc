// The inspector: off by default; when it is on, every answer shows how it was made.

import { ask, LAST, QUESTION } from "./asking.mjs";
import { check, looksRight, visit, wasQuiet } from "./browser.mjs";

export async function inspector(browser, base) {
  const page = await visit(browser, base);
  await ask(page, QUESTION);
  await page.waitForSelector(`${LAST} .shelf .product`);
  check((await page.locator(".trace").count()) === 0, "By default, no answer shows how it was made.");
  await page.check("#inspect");
  await page.click("#new");
  await ask(page, QUESTION);
  await page.click(`${LAST} .trace summary`);
  const evidence = await page.locator(`${LAST} .card`).count();
  const rows = await page.locator(`${LAST} .trace-table >> nth=0 >> tbody tr`).count();
  check(rows === evidence, "The inspector shows the scores of every quote.", `${rows} rows for ${evidence} quotes`);
  check((await page.textContent(`${LAST} .trace pre`)).length > 200, "It shows the prompt.");
  await looksRight(page, "inspector");
  await page.reload();
  check(await page.isChecked("#inspect"), "The switch is remembered.");
  await page.waitForSelector(`${LAST} .trace`);
  await wasQuiet(page, "with the inspector");
}
