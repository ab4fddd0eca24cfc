// Earlier conversations: restored after a reload, searched, renamed, deleted, exported to a file and imported.

import { readFile } from "node:fs/promises";
import { ask } from "./asking.mjs";
import { check, looksRight, PHONE, visit, wasQuiet, WIDE } from "./browser.mjs";

export async function conversations(browser, base) {
  const page = await visit(browser, base);
  for (const question of ["Which kettle boils fast?", "Which power bank is light?"]) {
    await page.click("#new");
    check((await ask(page, question)) === "done", `"${question}" is answered.`);
  }
  const answer = await page.textContent(".answer");
  await page.reload();
  await page.waitForSelector(".answer:not(:empty)");
  check((await page.textContent(".answer")) === answer, "After a reload the conversation is on the page again.");
  check((await page.locator(".card").count()) > 0, "Its evidence is there, too.");
  check((await page.locator(".past-title").count()) === 2, "Both conversations are in the list.");

  await page.fill("#find", "kettle");
  check((await page.locator(".past-title").allTextContents()).join() === "Which kettle boils fast?", "A search finds the conversation with the word.");
  await page.fill("#find", "");
  await rename(page);
  await exportsAndImports(page);
  await onAPhone(page);
  await wasQuiet(page, "with earlier conversations");
}

async function rename(page) {
  await page.hover(".past-row >> nth=0");
  await page.getByRole("button", { name: "Rename: Which power bank is light?" }).click();
  await page.keyboard.type("Power banks");
  await page.keyboard.press("Enter");
  await page.waitForSelector('.past-title:text-is("Power banks")');
  await page.reload();
  await page.waitForSelector('.past-title:text-is("Power banks")');
  check(true, "A conversation keeps its new name over a reload.");
}

async function exportsAndImports(page) {
  const saved = page.waitForEvent("download");
  await page.click("#export");
  const path = await (await saved).path();
  const file = JSON.parse(await readFile(path, "utf8"));
  check(file.conversations.length === 2 && file.conversations.every(({ turns }) => turns.length === 1), "All conversations are saved to a file.");

  for (const left of [1, 0]) {
    await page.hover(".past-row >> nth=0");
    await page.getByRole("button", { name: /^Delete:/ }).first().click();
    await page.waitForFunction((rows) => document.querySelectorAll(".past-title").length === rows, left);
  }
  check((await page.locator(".turn").count()) === 0, "A deleted conversation leaves the page.");
  await page.click("#notice button");
  await page.waitForSelector(".past-title");
  check(true, "Deleting can be undone.");

  await page.setInputFiles("#import-file", path);
  await page.waitForFunction(() => document.querySelectorAll(".past-title").length === 2);
  await page.click('.past-title:text-is("Power banks")');
  await page.waitForSelector(".answer:not(:empty)");
  check(true, "Conversations read from a file can be opened.");
  await page.setInputFiles("#import-file", { name: "x.json", mimeType: "application/json", buffer: Buffer.from("{}") });
  await page.waitForSelector('.notice:has-text("could not be read")');
  check((await page.locator(".past-title").count()) === 2, "A file of another kind is refused and changes nothing.");
}

async function onAPhone(page) {
  await page.setViewportSize(PHONE);
  await page.click("#open-side");
  check(await page.isVisible("#find"), "On a phone the list opens over the page.");
  await page.keyboard.press("Escape");
  check(!(await page.isVisible("#find")), "Escape closes it.");
  await page.click("#open-side");
  await page.click(".past-title >> nth=1");
  check(!(await page.isVisible("#find")) && (await page.isVisible(".answer")), "Choosing a conversation closes the list and shows it.");
  await page.setViewportSize(WIDE);
  await page.waitForSelector(".notice", { state: "detached" });
  await looksRight(page, "conversations");
}
