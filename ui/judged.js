// Owns how buyers' judgement of one aspect looks: so many praise it, so many complain, and a quote of each.

import { button, make } from "./dom.js";
import { drawing } from "./icons.js";
import { showReview } from "./review.js";
import { judgedWords, SAY, starWords } from "./words.js";

/** `facts` of an aspect as the server counts them. */
export function judged(facts) {
  const quotes = [facts.best, facts.worst].filter(Boolean).map(quoteButton);
  return make("div", "judged", balance(facts), make("p", "note", judgedWords(facts)), ...quotes);
}

/** A quote; a click shows the whole review. */
export function quoteButton(quote) {
  const text = make("span", "", `“${quote.quote}”`);
  text.dir = "auto";
  const open = button("quote-button", text, () => showReview(quote));
  open.append(make("span", "note", starWords(quote.rating)));
  open.title = SAY.wholeReview;
  return open;
}

/** Praise from the left and complaint from the right, of all reviews that judge it. */
function balance({ praised, complained }) {
  const all = praised + complained;
  const svg = drawing("svg", { class: "balance", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (all === 0) return svg;
  const split = (100 * praised) / all;
  svg.append(drawing("rect", { class: "is-praise", x: 0, width: split, height: 6 }));
  svg.append(drawing("rect", { class: "is-complaint", x: split, width: 100 - split, height: 6 }));
  return svg;
}
