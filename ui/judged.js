// What buyers say about one aspect: how many write of it, how many of them are clear, and a quote of each kind.

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

/** A bar for all who write about it: those who clearly praise from the left, those who clearly complain from the right. */
function balance({ reviews, praised, complained }) {
  const svg = drawing("svg", { class: "balance", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
  const [praise, complaint] = [praised, complained].map((count) => (100 * count) / Math.max(reviews, 1));
  svg.append(drawing("rect", { class: "is-praise", x: 0, width: praise, height: 6 }));
  svg.append(drawing("rect", { class: "is-complaint", x: 100 - complaint, width: complaint, height: 6 }));
  return svg;
}
