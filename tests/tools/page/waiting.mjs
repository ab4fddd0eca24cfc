// Waiting: the position in the queue while others are answered, and a server that crashes and restarts.

import { askByKeyboard, ended, LAST } from "./asking.mjs";
import { check, looksRight, open, wasQuiet } from "./browser.mjs";
import { KEY } from "./server.mjs";

/** Enough other questions for the page's own question to wait long, even on a fast machine. */
const OTHERS = 12;

export async function waiting(browser, server) {
  const page = await open(browser, server.base, { expected: /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|503/ });
  await page.addInitScript((key) => sessionStorage.setItem("api-key", key), KEY);
  await page.goto(server.base);
  await page.waitForSelector("#stock:not(:empty)");
  const others = Array.from({ length: OTHERS }, (_, at) => other(server.base, at));
  await Promise.all(others.map(({ begun }) => begun));
  await askByKeyboard(page, "Which kettle boils water fast?");
  await page.waitForSelector(`${LAST} .busy:has-text("ahead of you")`);
  check(/Waiting in line, \d+ ahead of you/.test(await page.textContent(`${LAST} .busy`)), "A waiting question shows how many are ahead.");
  check((await page.locator(`${LAST} .card`).count()) > 0, "Its evidence is shown while it waits.");

  await server.kill();
  check((await ended(page)) === "failed", "A crash of the server during an answer is noticed.");
  check(/connection to the server was lost/.test(await page.textContent(`${LAST} [role=alert]`)), "The page says so.");
  await page.waitForSelector('#phase:has-text("cannot be reached")');
  check(await page.isDisabled("#send"), "No question is taken while the server is away.");
  await looksRight(page, "lost");
  await Promise.all(others.map(({ done }) => done));

  await browseMeanwhile(page, server);
  await page.waitForSelector("#getting-ready", { state: "hidden" });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForSelector(`${LAST}:not([data-state="failed"])`);
  check((await ended(page)) === "done", "When the server is back, the same question is answered.");
  await wasQuiet(page, "while waiting");
}

/** The server restarts; its phase while it loads the chat model is shown for longer than the loading takes. */
async function browseMeanwhile(page, server) {
  const loading = (route) => route.fulfill({ status: 503, json: { status: "loading" } });
  await page.route("**/readyz", loading);
  server.run();
  await server.isReady();
  await page.waitForSelector('#phase:has-text("loading")');
  await page.getByRole("link", { name: "Browse" }).click();
  await page.waitForSelector(".product .histogram");
  check((await page.locator(".product").count()) > 0, "While the chat model is loaded, the shop can be browsed.");
  await page.goBack();
  check((await page.isVisible("#phase")) && (await page.isDisabled("#send")), "Meanwhile the page says so, and accepts no question.");
  await looksRight(page, "loading");
  await page.unroute("**/readyz", loading);
}

/** Another client: `begun` when its question was accepted, `done` when its answer ended in any way. */
function other(base, at) {
  const body = JSON.stringify({ messages: [{ role: "user", content: `Which kettle is quiet? ${at}` }] });
  const headers = { "content-type": "application/json", authorization: `Bearer ${KEY}` };
  const begun = fetch(`${base}/api/chat`, { method: "POST", headers, body });
  return { begun, done: begun.then((response) => response.text()).catch(() => "cut short") };
}
