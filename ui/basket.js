// The products chosen for comparison: kept until the tab is closed, and shown in a bar at the bottom.

import { button, make } from "./dom.js";
import { announce, notice } from "./live.js";
import { go } from "./router.js";
import { basketWords, SAY, shortTitle } from "./words.js";

const KEPT_AS = "compare";
/** The server's limit. */
const MOST = 4;

let chosen = [];
try {
  chosen = JSON.parse(sessionStorage.getItem(KEPT_AS)) ?? [];
} catch {
  // Nothing is stored, or storage is disabled.
}

/** A button that adds a product to the comparison or removes it. */
export function compareButton({ id, title }) {
  const toggle = button("action", "", () => (isChosen(id) ? drop(id) : add({ id, title })));
  toggle.dataset.compares = id;
  showState(toggle);
  return toggle;
}

let isWanted = true;

/** Draws the bar; hides it if it is not `wanted` in the current view. */
export function showBasket(wanted = isWanted) {
  isWanted = wanted;
  const names = chosen.map(({ id, title }) => {
    const out = button("chip is-out", make("span", "", shortTitle(title)), () => drop(id));
    out.setAttribute("aria-label", `${SAY.dropCompare}: ${title}`);
    return make("li", "", out);
  });
  const start = button("action is-main", basketWords(chosen.length), () => go("compare", ...chosen.map(({ id }) => id)));
  start.disabled = chosen.length < 2;
  const bar = document.getElementById("basket");
  bar.replaceChildren(make("ul", "about", ...names), start);
  bar.hidden = chosen.length === 0 || !wanted;
  for (const toggle of document.querySelectorAll("[data-compares]")) showState(toggle);
}

function isChosen(id) {
  return chosen.some((product) => product.id === id);
}

function add(product) {
  if (chosen.length >= MOST) return notice(SAY.compareFull);
  change([...chosen, product]);
  announce(basketWords(chosen.length));
}

function drop(id) {
  change(chosen.filter((product) => product.id !== id));
}

function change(products) {
  chosen = products;
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(chosen));
  } catch {
    // Storage is disabled: the choice lasts until the page is closed.
  }
  showBasket();
}

function showState(toggle) {
  const on = isChosen(toggle.dataset.compares);
  toggle.textContent = on ? SAY.inCompare : SAY.compare;
  toggle.setAttribute("aria-pressed", String(on));
}
