// Owns how one turn looks: the question, what is going on, the answer, its evidence, and how it ended.

import { Answer } from "./answer.js";
import { Cards } from "./cards.js";
import { button, make } from "./dom.js";
import { leftOutWords, outcomeWords, timingWords } from "./words.js";

/** A question longer than this is set as text, not as a headline. */
const LONG_CHARS = 140;

export class TurnView {
  #cards = new Cards();
  #answer = new Answer(this.#cards);
  #busyText = make("span", "busy-text");
  #busyBar = make("progress", "busy-bar");
  #busy;
  #ending = make("div", "ending");
  /** What the language model said and no review supports. */
  #leftOut = new Set();

  constructor(question) {
    const dots = make("span", "dots", make("i"), make("i"), make("i"));
    dots.setAttribute("aria-hidden", "true");
    this.#busyBar.setAttribute("aria-label", "Reading the question and the quotes");
    this.#busy = make("div", "busy", dots, this.#busyText, this.#busyBar);
    const reply = make("div", "reply", this.#busy, this.#answer.element, this.#ending);
    const column = make("div", "reply-column", reply);
    // The style sheet must know the height to decide by which end the answer sticks.
    new ResizeObserver(() => column.style.setProperty("--reply", `${column.offsetHeight}px`)).observe(reply);
    this.element = make(
      "article",
      "turn",
      make("h2", question.length > LONG_CHARS ? "question is-long" : "question", question),
      make("div", "turn-body", column, this.#cards.element),
    );
  }

  /** Back to the beginning: nothing found, nothing written. */
  start(text) {
    this.#cards.clear();
    this.#answer.clear();
    this.#leftOut.clear();
    this.#ending.replaceChildren();
    this.element.dataset.state = "busy";
    this.busy(text);
  }

  /** Says what is going on; with `done` of `total`, shows a bar too. */
  busy(text, done = 0, total = 0) {
    this.#busyText.textContent = text;
    this.#busyBar.hidden = total <= 0;
    if (total > 0) Object.assign(this.#busyBar, { max: total, value: done });
    this.#busy.hidden = false;
  }

  evidence(items) {
    this.#cards.show(items);
  }

  /** Appends to the answer. A reader who is at the bottom of the page stays there; any other is left alone. */
  token(text) {
    const page = document.documentElement;
    const atBottom = page.scrollHeight - page.scrollTop - page.clientHeight < 48;
    this.#busy.hidden = true;
    this.element.dataset.state = "writing";
    this.#answer.push(text);
    if (atBottom) page.scrollTop = page.scrollHeight;
  }

  leftOut(sentence) {
    this.#leftOut.add(sentence);
  }

  finish(final) {
    this.#end("done");
    this.#answer.finish(final.text);
    this.#cards.markCited(final.evidence_ids ?? []);
    const [note, timing] = [outcomeWords(final), timingWords(final.timings)];
    if (note) this.#ending.append(make("p", "note", note));
    if (this.#leftOut.size > 0) this.#ending.append(leftOutList(this.#leftOut));
    if (timing) this.#ending.append(make("p", "timing", timing));
  }

  /** The answer was cut short; what has been written stays. `actions` are `[label, onClick]`. */
  stopped(text, actions) {
    this.#end("stopped");
    this.#answer.finish();
    this.#ending.append(make("p", "note", text), actionRow(actions));
  }

  failed(text, actions) {
    this.#end("failed");
    this.#answer.finish();
    const alert = make("p", "failure", text);
    alert.setAttribute("role", "alert");
    this.#ending.append(alert, actionRow(actions));
  }

  /** A newer question exists: this one can no longer be asked again in place. */
  settle() {
    this.#ending.querySelector(".actions")?.remove();
  }

  #end(state) {
    this.element.dataset.state = state;
    this.#busy.hidden = true;
    this.#ending.replaceChildren();
  }
}

/** Closed until somebody wants to see it, and marked as what it is. */
function leftOutList(sentences) {
  const items = [...sentences].map((sentence) => make("li", "", make("s", "", sentence)));
  return make("details", "left-out", make("summary", "", leftOutWords(sentences.size)), make("ul", "", ...items));
}

function actionRow(actions) {
  return make("div", "actions", ...actions.map(([label, onClick]) => button("action", label, onClick)));
}
