// The evidence beside an answer: one card per quote, with the number that the answer cites.

import { button, make, scrollBehavior } from "./dom.js";
import { marked } from "./highlight.js";
import { link } from "./router.js";
import { stars } from "./stars.js";
import { evidenceWords, reviewWords, SAY } from "./words.js";

/** The number of characters shown before and after the quote. A click shows the whole review. */
const CONTEXT_CHARS = 110;

/** The cards of one answer. The caller inserts `element`; it is hidden while there are no cards. */
export class Cards {
  #byId = new Map();
  #title = make("h3", "cards-title");
  #list = make("ol", "cards-list");

  constructor() {
    this.element = make("section", "cards", this.#title, this.#list);
    this.element.setAttribute("aria-label", "Evidence");
    this.clear();
  }

  clear() {
    this.#byId.clear();
    this.#list.replaceChildren();
    this.element.hidden = true;
  }

  /** Shows quotes and highlights the words that match the question. */
  show(items, question = "") {
    this.clear();
    for (const item of items) {
      const element = card(item, question);
      this.#byId.set(item.id, { item, element });
      this.#list.append(element);
    }
    this.#title.textContent = evidenceWords(items.length);
    this.element.hidden = items.length === 0;
  }

  /** The evidence cited as `[id]`, or undefined: a model may cite a number that does not exist. */
  item(id) {
    return this.#byId.get(id)?.item;
  }

  /** The texts of the quotes. */
  quotes() {
    return [...this.#byId.values()].map(({ item }) => item.quote);
  }

  /** Highlights the cards that the answer cites. The button on each calls `onBack(id)`. */
  markCited(ids, onBack) {
    for (const id of ids) {
      const element = this.#byId.get(id)?.element;
      if (!element || element.classList.contains("is-cited")) continue;
      element.classList.add("is-cited");
      element.querySelector(".card-foot").append(button("link", SAY.whereCited, () => onBack(id)));
    }
  }

  /** Scrolls a card into view, focuses it and highlights it. */
  point(id) {
    for (const { element } of this.#byId.values()) element.classList.remove("is-pointed");
    const { element } = this.#byId.get(id);
    element.classList.add("is-pointed");
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", behavior: scrollBehavior() });
  }
}

function card(item, question) {
  const title = make("a", "card-product", item.product_title);
  Object.assign(title, { href: link("product", item.product_id), title: item.product_title });
  const head = make("div", "card-head", make("span", "card-number", String(item.id)), title);
  const facts = make("p", "card-facts", stars(item.rating), make("span", "", reviewWords(item.review_id)));
  const element = make("li", "card", head, facts);
  if (item.summary) element.append(make("p", "card-summary", item.summary));
  const before = shortLead(spaced(item.before ?? "", item.quote, ""));
  const after = shortTail(spaced("", item.quote, item.after ?? ""));
  const quote = make("blockquote", "card-quote", before, make("span", "quote", ...marked(item.quote, question)), after);
  quote.dir = "auto";
  element.append(quote, make("div", "card-foot", button("link", SAY.wholeReview, () => import("./review.js").then(({ showReview }) => showReview(item)))));
  element.tabIndex = -1;
  return element;
}

/** Adds a missing space before and after the quote: reviewers often leave out the space between sentences. */
function spaced(before, middle, after) {
  if (before) return /\s$/.test(before) || /^\s/.test(middle) ? before : `${before} `;
  if (after) return /\s$/.test(middle) || /^[\s.,;:!?)]/.test(after) ? after : ` ${after}`;
  return "";
}

function shortLead(text) {
  return text.length <= CONTEXT_CHARS ? text : `… ${text.slice(-CONTEXT_CHARS).replace(/^\S*\s+/, "")}`;
}

function shortTail(text) {
  return text.length <= CONTEXT_CHARS ? text : `${text.slice(0, CONTEXT_CHARS).replace(/\s+\S*$/, "")} …`;
}
