// The inspector: off until it is switched on, then every answer tells how it came about.

import { askByKeyboard, ended, LAST, QUESTION } from "./asking.mjs";
import { check, looksRight, open, wasQuiet } from "./browser.mjs";

export async function inspector(browser, base) {
  const page = await open(browser, base);
  await page.goto(base);
  await page.waitForSelector("#stock:not(:empty)");
  await askByKeyboard(page, QUESTION);
  await ended(page);
  await page.waitForSelector(`${LAST} .shelf .product`);
  check((await page.locator(".trace").count()) === 0, "Unasked, no answer tells how it came about.");
  await page.check("#inspect");
  await page.click("#new");
  await askByKeyboard(page, QUESTION);
  await ended(page);
  await page.click(`${LAST} .trace summary`);
  const evidence = await page.locator(`${LAST} .card`).count();
  const rows = await page.locator(`${LAST} .trace-table >> nth=0 >> tbody tr`).count();
  check(rows === evidence, "Switched on, it shows the scores of every quote.", `${rows} rows for ${evidence} quotes`);
  check((await page.textContent(`${LAST} .trace pre`)).length > 200, "It shows the prompt.");
  await looksRight(page, "inspector");
  await page.reload();
  check(await page.isChecked("#inspect"), "The switch is remembered.");
  await page.waitForSelector(`${LAST} .trace`);
  await wasQuiet(page, "with the inspector");
}
