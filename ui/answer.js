// The text of one answer: appends words as they arrive and turns citations such as [1] into buttons. A "[1]" inside a
// quoted review was written by the reviewer, so it stays text.

import { button, make, scrollBehavior } from "./dom.js";
import { starWords } from "./words.js";

/** `[1]` or `[1, 2]`. */
const CITATION = /\[\s*\d+(?:\s*,\s*\d+)*\s*\]/g;
/** The beginning of a possible citation at the end of the text. */
const UNFINISHED = /\[[\d\s,]*$/;

export class Answer {
  #text = "";
  /** The number of characters of `#text` on the page. Text is only appended, so a focused citation keeps the focus. */
  #shown = 0;
  #cards;

  constructor(cards) {
    this.#cards = cards;
    this.element = make("p", "answer");
    this.element.dir = "auto";
  }

  get text() {
    return this.#text;
  }

  clear() {
    this.#text = "";
    this.#shown = 0;
    this.element.replaceChildren();
  }

  push(text) {
    // A model's first token often begins with a space.
    this.#text = this.#text === "" ? text.trimStart() : this.#text + text;
    const unfinished = UNFINISHED.exec(this.#text);
    this.#show(unfinished ? unfinished.index : this.#text.length);
  }

  /** Shows all of the text, including an unfinished citation. If `text` is given, it replaces the streamed text. */
  finish(text = this.#text) {
    const final = text.trim();
    const shown = this.#text.slice(0, this.#shown);
    if (!final.startsWith(shown) && final !== shown.trimEnd()) this.clear();
    this.#text = final;
    this.#show(final.length);
  }

  /** Moves the focus from a quote to its citation in the answer. */
  point(id) {
    const cite = [...this.element.querySelectorAll(".cite")].find((other) => other.textContent === String(id));
    cite?.focus({ preventScroll: true });
    cite?.scrollIntoView({ block: "nearest", behavior: scrollBehavior() });
  }

  #show(end) {
    if (end <= this.#shown) return;
    const fresh = this.#text.slice(this.#shown, end);
    let from = 0;
    for (const match of fresh.matchAll(CITATION)) {
      if (this.#isQuoted(this.#shown + match.index)) continue;
      this.#words(fresh.slice(from, match.index));
      this.#citation(match[0]);
      from = match.index + match[0].length;
    }
    this.#words(fresh.slice(from));
    this.#shown = end;
  }

  /** Whether this position is inside a quoted review. A quote always arrives in one piece. */
  #isQuoted(place) {
    return this.#cards.quotes().some((quote) => {
      const from = this.#text.lastIndexOf(`“${quote}”`, place);
      return from >= 0 && place < from + quote.length + 2;
    });
  }

  #words(text) {
    const last = this.element.lastChild;
    if (last instanceof Text) last.appendData(text);
    else if (text) this.element.append(text);
  }

  #citation(source) {
    const ids = source.match(/\d+/g).map(Number);
    if (!ids.every((id) => this.#cards.item(id))) return this.#words(source);
    for (const id of ids) {
      const { product_title: product, rating } = this.#cards.item(id);
      const cite = button("cite", String(id), () => this.#cards.point(id));
      cite.setAttribute("aria-label", `Source ${id}: ${product}, ${starWords(rating)}`);
      this.element.append(cite);
    }
  }
}
