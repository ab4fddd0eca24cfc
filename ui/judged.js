// What buyers say about one aspect: the numbers of praise and complaints, and a quote of each kind.

import { button, make } from "./dom.js";
import { drawing } from "./icons.js";
import { showReview } from "./review.js";
import { judgedWords, SAY, starWords } from "./words.js";

/** `facts`: the server's counts for one aspect. */
export function judged(facts) {
  const quotes = [facts.best, facts.worst].filter(Boolean).map(quoteButton);
  return make("div", "judged", balance(facts), make("p", "note", judgedWords(facts)), ...quotes);
}

/** A quote. A click shows the whole review. */
export function quoteButton(quote) {
  const text = make("span", "", `“${quote.quote}”`);
  text.dir = "auto";
  const open = button("quote-button", text, () => showReview(quote));
  open.append(make("span", "note", starWords(quote.rating)));
  open.title = SAY.wholeReview;
  return open;
}

/** A bar: praise from the left, complaints from the right. */
function balance({ praised, complained }) {
  const all = praised + complained;
  const svg = drawing("svg", { class: "balance", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (all === 0) return svg;
  const split = (100 * praised) / all;
  svg.append(drawing("rect", { class: "is-praise", x: 0, width: split, height: 6 }));
  svg.append(drawing("rect", { class: "is-complaint", x: split, width: 100 - split, height: 6 }));
  return svg;
}
