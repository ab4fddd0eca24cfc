// Checks the page in a real browser, with a running server and with a server that the checks start and kill.
//
//   node tests/tools/page.mjs BASE_URL SCREENSHOT_DIR
//
// In: the server's address, and a folder for the pictures; SERVER is the binary of the second server.
// Out: a line per check, then "N passed, 0 failed". The first failure is printed in a sentence and ends with status 1.

import { asking } from "./page/asking.mjs";
import { passedChecks, launch } from "./page/browser.mjs";
import { conversations } from "./page/conversations.mjs";
import { figures } from "./page/figures.mjs";
import { hostile } from "./page/hostile.mjs";
import { inspector } from "./page/inspector.mjs";
import { Server } from "./page/server.mjs";
import { shop } from "./page/shop.mjs";
import { waiting } from "./page/waiting.mjs";

const [base, pictures] = process.argv.slice(2);
if (!base || !pictures) {
  console.error("Give the server's address and a folder for the pictures: page.mjs BASE_URL SCREENSHOT_DIR");
  process.exit(2);
}

const browser = await launch(pictures);
const starting = Server.start();
let own = null;
try {
  await asking(browser, base);
  await conversations(browser, base);
  await shop(browser, base);
  await figures(browser, base);
  await inspector(browser, base);
  own = await starting;
  await hostile(browser, own.base);
  await waiting(browser, own);
  console.log(`${passedChecks()} passed, 0 failed`);
} catch (error) {
  console.error(`FAILED  ${error.message}`);
  console.error(`${passedChecks()} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  await browser.close();
  own ??= await starting.catch(() => null);
  await own?.end();
}
