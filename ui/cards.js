// Owns the evidence beside an answer: one card per quote, numbered as the answer cites it.

import { button, make, scrollBehavior } from "./dom.js";
import { evidenceWords, starWords } from "./words.js";

/** Characters of a review shown on either side of the quote before "Show more". */
const CONTEXT_CHARS = 110;

const SVG = "http://www.w3.org/2000/svg";
const STAR = "m8 1 2.1 4.4 4.9.6-3.6 3.4.9 4.8L8 11.8l-4.3 2.4.9-4.8L1 6l4.9-.6z";

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

  show(items) {
    this.clear();
    for (const item of items) {
      const element = card(item);
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

  markCited(ids) {
    for (const id of ids) this.#byId.get(id)?.element.classList.add("is-cited");
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

function card(item) {
  const title = make("p", "card-product", item.product_title ?? item.product_id ?? "Unnamed product");
  title.title = title.textContent;
  const head = make("div", "card-head", make("span", "card-number", String(item.id)), title);
  const facts = make("p", "card-facts", stars(item.rating), make("span", "card-review", `Review ${item.review_id}`));
  const element = make("li", "card", head, facts);
  if (item.summary) element.append(make("p", "card-summary", item.summary));
  element.append(...quote(item));
  element.tabIndex = -1;
  return element;
}

function stars(rating) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "stars");
  svg.setAttribute("viewBox", "0 0 88 16");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", starWords(rating));
  for (let place = 0; place < 5; place += 1) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", STAR);
    path.setAttribute("transform", `translate(${place * 18} 0)`);
    path.setAttribute("class", place < Math.round(rating) ? "star-full" : "star-empty");
    svg.append(path);
  }
  return svg;
}

/** The quote, marked, inside the review around it; a long surrounding is cut and can be opened. */
function quote(item) {
  const before = spaced(item.before ?? "", item.quote, "");
  const after = spaced("", item.quote, item.after ?? "");
  const mark = make("mark", "", item.quote);
  const [lead, tail] = [shortLead(before), shortTail(after)];
  const text = make("blockquote", "card-quote", lead, mark, tail);
  if (lead === before && tail === after) return [text];

  const more = button("link", "Show more of the review", () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    text.replaceChildren(open ? before : lead, mark, open ? after : tail);
    more.setAttribute("aria-expanded", String(open));
    more.textContent = open ? "Show less" : "Show more of the review";
  });
  more.setAttribute("aria-expanded", "false");
  return [text, more];
}

/** Reviewers often leave out the space between sentences; the mark needs one on either side to be readable. */
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
