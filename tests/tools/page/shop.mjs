// The shop: browse, filter, sort, a product's own view, asking about it, and comparing.

import { ended } from "./asking.mjs";
import { check, looksRight, sentBy, visit, wasQuiet } from "./browser.mjs";

export async function shop(browser, base) {
  const page = await visit(browser, base);
  await browse(page);
  const names = await compare(page);
  await oneProduct(page, names[0]);
  await wasQuiet(page, "in the shop");
}

async function browse(page) {
  await page.getByRole("link", { name: "Browse" }).click();
  await page.waitForSelector(".product .histogram");
  await looksRight(page, "browse");
  const all = await page.textContent("#view-other .note");
  await page.getByLabel("Category").selectOption({ index: 1 });
  const some = await page.textContent("#view-other .note");
  check(/^\d+ products$/.test(all) && /^\d+ of \d+ products$/.test(some), "The filter by category shows some of the products.", `${all}, then ${some}`);
  await page.getByLabel("Sort by").selectOption("cheap");
  const prices = await page.locator(".product .card-facts").evaluateAll((lines) => lines.map((line) => Number(/₹([\d,]+)/.exec(line.textContent)?.[1].replaceAll(",", "") ?? Infinity)));
  check(prices.length > 1 && prices.every((price, at) => at === 0 || price >= prices[at - 1]), "Products can be sorted by price.", prices.join());
  await page.getByLabel("Price up to").fill(String(prices[0]));
  check((await page.locator(".product").count()) === prices.filter((price) => price === prices[0]).length, "The price limit is applied.");
  await page.getByLabel("Price up to").fill("");
}

async function compare(page) {
  const names = await page.locator(".product-title").allTextContents();
  for (const at of [0, 1]) await page.locator(".product").nth(at).getByRole("button", { name: "Compare" }).click();
  await page.getByRole("button", { name: "Compare 2 products" }).click();
  await page.waitForSelector(".compare tbody tr:nth-child(3)");
  const heads = await page.locator(".compare thead th").allTextContents();
  check(heads.join() === names.slice(0, 2).join(), "The chosen products stand side by side.", heads.join());
  const cells = await page.locator(".compare tbody tr").evaluateAll((rows) => rows.map((row) => row.querySelectorAll("td").length));
  check(cells.every((amount) => amount === 2), "Every row of the comparison has a cell for each product.", cells.join());
  await looksRight(page, "compare");
  return names;
}

async function oneProduct(page, name) {
  await page.locator(".compare thead a").first().click();
  await page.waitForSelector(".panel .histogram");
  await looksRight(page, "product");
  await page.locator("#view-other").getByRole("button", { name: "Ask about this" }).click();
  check((await page.textContent("#about")) === name, "Asking about a product says which one.");
  await page.keyboard.type("What do buyers say about the quality?");
  const { filters } = await sentBy(page, "/api/chat", () => page.keyboard.press("Enter"));
  check(filters.product_ids.length === 1, "The question is limited to the product.");
  await ended(page);
  const products = await page.locator(".card-product").allTextContents();
  check(products.every((product) => product === name), "All evidence is of that product.", products.join("; "));
}
