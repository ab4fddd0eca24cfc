// Owns the evidence beside an answer: one card per quote, numbered as the answer cites it.

import { button, make, scrollBehavior } from "./dom.js";
import { marked } from "./highlight.js";
import { link } from "./router.js";
import { stars } from "./stars.js";
import { evidenceWords, reviewWords, SAY } from "./words.js";

/** Characters of a review shown on either side of the quote; the whole of it is a click away. */
const CONTEXT_CHARS = 110;

/** The cards of one answer. `element` is to be placed by the caller; it is hidden while there are no cards. */
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

  /** Shows quotes, with the words marked that have to do with the question. */
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

  /** The evidence cited as `[id]`, or undefined when there is none: a model may cite a number it was never given. */
  item(id) {
    return this.#byId.get(id)?.item;
  }

  /** What the reviews say, word for word. */
  quotes() {
    return [...this.#byId.values()].map(({ item }) => item.quote);
  }

  /** Lights up the cards that the answer cites; each leads back to it by `onBack(id)`. */
  markCited(ids, onBack) {
    for (const id of ids) {
      const element = this.#byId.get(id)?.element;
      if (!element || element.classList.contains("is-cited")) continue;
      element.classList.add("is-cited");
      element.querySelector(".card-foot").append(button("link", SAY.whereCited, () => onBack(id)));
    }
  }

  /** Brings a card into view, gives it the focus and lights it up. */
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

/** Reviewers often leave out the space between sentences; the quote needs one on either side to be readable. */
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
