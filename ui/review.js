// The whole review behind a quote, in a dialog over the page.

import { button, make } from "./dom.js";
import { json } from "./requests.js";
import { link } from "./router.js";
import { stars } from "./stars.js";
import { failureWords, reviewWords, SAY } from "./words.js";

/** Shows the review of `quote` (`{review_id, start, end}`, offsets in characters) and marks the quote in it. */
export async function showReview(quote) {
  const body = make("div", "", make("p", "note", SAY.loading));
  const close = button("action", SAY.close, () => dialog.close());
  const dialog = make("dialog", "dialog", body, make("div", "actions", close));
  dialog.setAttribute("aria-label", reviewWords(quote.review_id));
  dialog.addEventListener("close", () => dialog.remove());
  // The target of a click outside the dialog's content is the dialog element itself.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  try {
    body.replaceChildren(...whole(await json(`/api/reviews/${quote.review_id}`), quote, dialog));
  } catch (error) {
    const failure = make("p", "failure", failureWords(error));
    failure.setAttribute("role", "alert");
    body.replaceChildren(failure);
  }
}

function whole(review, quote, dialog) {
  const letters = [...review.text];
  const part = (from, to) => letters.slice(from, to).join("");
  const text = make("p", "review-text", part(0, quote.start), make("mark", "", part(quote.start, quote.end)), part(quote.end));
  text.dir = "auto";
  const product = make("a", "", review.product_title);
  product.href = link("product", review.product_id);
  product.addEventListener("click", () => dialog.close());
  const facts = make("p", "card-facts", stars(review.rating), make("span", "", reviewWords(review.id)));
  const summary = review.summary ? [make("h3", "", review.summary)] : [];
  return [make("h2", "", product), facts, ...summary, text];
}
