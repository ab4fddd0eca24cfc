// The question above an answer, and the form to edit it.

import { button, make } from "./dom.js";
import { icon } from "./icons.js";
import { SAY } from "./words.js";

/** Longer questions are shown as body text, not as a heading. */
const LONG_CHARS = 140;

export class QuestionView {
  #turn;
  #onAsk;

  /** `onAsk(text)` is called with the edited question. */
  constructor(turn, onAsk) {
    this.#turn = turn;
    this.#onAsk = onAsk;
    this.element = make("div", "question-row");
    this.#read();
  }

  #read() {
    const { question, about } = this.#turn;
    const edit = button("tool is-bare", icon("pen"), () => this.#write());
    edit.setAttribute("aria-label", SAY.edit);
    edit.title = SAY.edit;
    const words = make("h2", question.length > LONG_CHARS ? "question is-long" : "question", question);
    words.dir = "auto";
    const only = about.map((product) => make("p", "question-about", `${SAY.only} ${product.title}`));
    this.element.replaceChildren(make("div", "question-text", words, ...only), edit);
    return edit;
  }

  #write() {
    const text = make("textarea", "field");
    Object.assign(text, { value: this.#turn.question, rows: 2, dir: "auto" });
    text.setAttribute("aria-label", SAY.edit);
    const ask = () => text.value.trim() && this.#onAsk(text.value.trim());
    const leave = () => this.#read().focus();
    text.addEventListener("keydown", (event) => {
      if (event.isComposing || event.shiftKey || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Enter") ask();
      else leave();
    });
    const form = make(
      "div",
      "question-form",
      text,
      make("p", "note", SAY.editing),
      make("div", "actions", button("action is-main", SAY.ask, ask), button("action", SAY.cancel, leave)),
    );
    this.element.replaceChildren(form);
    text.focus();
    text.select();
  }
}
