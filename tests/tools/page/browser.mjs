// The browser, and the checks that every visit makes.
//
// playwright-core and axe-core are resolved from the folder TOOLS_NODE_MODULES (a node_modules), or else by node; the
// browser is CHROMIUM or /usr/bin/chromium.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const modules = process.env.TOOLS_NODE_MODULES;
const require = createRequire(modules ? join(resolve(modules), "resolve.js") : import.meta.url);
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** A small machine may take this long to load its models or to finish an answer. */
export const SLOW_MS = 120_000;
/** The limit for steps that need no model. */
const QUICK_MS = 20_000;
export const PHONE = { width: 390, height: 844 };
const TABLET = { width: 820, height: 1180 };
export const WIDE = { width: 1440, height: 900 };

let passed = 0;
let pictures = ".";

/** `sentence` describes the expectation; `detail` is the value that was found. */
export function check(holds, sentence, detail = "") {
  if (!holds) throw new Error(`This is not true: ${sentence} ${detail}`.trim());
  passed += 1;
  console.log(`ok  ${sentence}`);
}

export function passedChecks() {
  return passed;
}

export function launch(folder) {
  pictures = folder;
  mkdirSync(pictures, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A page with its own storage, which records the console's errors and requests to other origins. */
export async function open(browser, base, { expected = /^$/, ...options } = {}) {
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "light", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(QUICK_MS);
  page.complaints = [];
  page.foreign = [];
  const complain = (text) => expected.test(text) || page.complaints.push(text);
  page.on("console", (message) => message.type() === "error" && complain(message.text()));
  page.on("pageerror", (error) => complain(error.message));
  page.on("dialog", (dialog) => (complain(`A dialog opened: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(base).origin && protocol !== "blob:") page.foreign.push(request.url());
  });
  // Violations of the security policy are recorded here, including those that the console does not show.
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return page;
}

/** A page like that of `open`, on which the catalogue is shown. */
export async function visit(browser, base, options) {
  const page = await open(browser, base, options);
  await page.goto(base);
  await page.waitForSelector("#stock:not(:empty)");
  return page;
}

/** The JSON of the next request to `path` that `act` causes. */
export async function sentBy(page, path, act) {
  const [request] = await Promise.all([page.waitForRequest(`**${path}`), act()]);
  return request.postDataJSON();
}

/** The checks at the end of every visit. */
export async function wasQuiet(page, where) {
  const violations = await page.evaluate(() => window.violations);
  check(page.complaints.length === 0, `The browser's console shows no error ${where}.`, page.complaints.join("; "));
  check(violations.length === 0, `Nothing violates the security policy ${where}.`, violations.join("; "));
  check(page.foreign.length === 0, `The page sends no request to another origin ${where}.`, page.foreign.join(", "));
  await page.context().close();
}

/** Pictures in both themes at three widths, and axe-core's checks in both themes: on a wide screen and on a phone. */
export async function looksRight(page, name) {
  for (const scheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const size of [WIDE, TABLET, PHONE]) {
      await page.setViewportSize(size);
      await atRest(page);
      await page.screenshot({ path: join(pictures, `${name}-${scheme}-${size.width}.png`) });
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      check(sideways <= 0, `The view "${name}" does not scroll sideways at ${size.width} px.`);
      if (size === (scheme === "dark" ? WIDE : PHONE)) await axe(page, `on "${name}" in ${scheme} at ${size.width} px`);
    }
  }
  await page.setViewportSize(WIDE);
}

async function axe(page, where) {
  // The page's policy forbids foreign scripts; evaluating the source is not one.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.map((v) => `${v.id} at ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
  check(violations.length === 0, `axe finds no violation ${where}.`, found.join("; "));
}

/** Waits for the animations that run once; a transition that another replaced never finishes, hence allSettled. */
function atRest(page) {
  return page.evaluate(() => Promise.allSettled(
    document.getAnimations().filter((a) => a.effect.getComputedTiming().iterations === 1).map((a) => a.finished),
  ));
}
