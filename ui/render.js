// One turn on the page: the question, the progress, the answer, its evidence, and the outcome.

import { Answer } from "./answer.js";
import { Cards } from "./cards.js";
import { button, make } from "./dom.js";
import { icon } from "./icons.js";
import { QuestionView } from "./question.js";
import { laterStyle } from "./later.js";
import { leftOutWords, outcomeWords, prefillWords, queueWords, SAY, sourceWords, timingWords } from "./words.js";

export class TurnView {
  #cards = new Cards();
  #answer = new Answer(this.#cards);
  #busyText = make("span", "busy-text");
  #busyBar = make("progress", "busy-bar");
  #busy;
  #ending = make("div", "ending");
  #offers = make("div", "offers");
  #shelf = make("section", "shelf");
  #actions;

  /** `actions`: `again(text)`, `ask(text, about)`, `onAsk(product)` and `keep()`, called for the visitor's actions. */
  constructor(turn, actions) {
    this.turn = turn;
    this.#actions = actions;
    const dots = make("span", "dots", make("i"), make("i"), make("i"));
    dots.setAttribute("aria-hidden", "true");
    this.#busyBar.setAttribute("aria-label", SAY.readingPrompt);
    this.#busy = make("div", "busy", dots, this.#busyText, this.#busyBar);
    const reply = make("div", "reply", this.#answer.element, this.#busy, this.#ending, this.#offers);
    const column = make("div", "reply-column", reply);
    // The style sheet needs the height to decide which end of the answer sticks.
    new ResizeObserver(() => column.style.setProperty("--reply", `${column.offsetHeight}px`)).observe(reply);
    this.element = make(
      "article",
      "turn",
      new QuestionView(turn, actions.again).element,
      make("div", "turn-body", column, this.#cards.element),
      this.#shelf,
    );
    this.#shelf.setAttribute("aria-label", SAY.products);
    this.element.setAttribute("aria-label", turn.question);
  }

  /** Resets the turn: no evidence, no answer. */
  start() {
    this.#cards.clear();
    this.#answer.clear();
    this.#ending.replaceChildren();
    this.#offers.replaceChildren();
    this.#shelf.replaceChildren();
    this.element.dataset.state = "busy";
    this.#isBusy(SAY.looking);
  }

  /** Shows the data of a stream event. */
  see(event, data) {
    if (event === "queue") this.#isBusy(queueWords(data));
    if (event === "evidence") {
      this.#cards.show(data.items, this.turn.question);
      this.#isBusy(SAY.reading);
    }
    if (event === "progress") {
      if (data.processed >= data.prompt_tokens) this.#isBusy(SAY.writing);
      else this.#isBusy(prefillWords(data), data.processed, data.prompt_tokens);
    }
    if (event === "token") this.#write(data.text);
  }

  /** Shows a saved turn. */
  showKept() {
    const { turn } = this;
    this.#cards.show(turn.evidence, turn.question);
    this.#answer.push(turn.text);
    if (turn.state === "done") this.finish();
    else if (turn.state === "failed") this.failed(SAY.keptFailed);
    else this.stopped(SAY.keptStopped);
  }

  finish() {
    const { final, leftOut } = this.turn;
    this.#end("done");
    this.#answer.finish(final.text);
    this.#cards.markCited(final.evidence_ids ?? [], (id) => this.#answer.point(id));
    const note = outcomeWords(final);
    if (note) this.#ending.append(make("p", "outcome", note));
    if (leftOut.length > 0) this.#ending.append(leftOutList(leftOut));
    this.#ending.append(this.#tools(timingWords(final)));
    this.#addLater();
  }

  /** Marks the answer as incomplete. The text so far stays. */
  stopped(text) {
    this.#end("stopped");
    this.#answer.finish();
    this.#ending.append(make("p", "note", text), this.#wayOn(SAY.askAgain));
  }

  failed(text) {
    this.#end("failed");
    this.#answer.finish();
    const alert = make("p", "failure", text);
    alert.setAttribute("role", "alert");
    this.#ending.append(alert, this.#wayOn(SAY.tryAgain));
  }

  /** Shows the current step; with `done` of `total`, also a progress bar. */
  #isBusy(text, done = 0, total = 0) {
    this.#busyText.textContent = text;
    this.#busyBar.hidden = total <= 0;
    if (total > 0) Object.assign(this.#busyBar, { max: total, value: done });
    this.#busy.hidden = false;
  }

  /** Appends to the answer. Scrolls only if the reader is at the bottom of the page. */
  #write(text) {
    const page = document.documentElement;
    const atBottom = page.scrollHeight - page.scrollTop - page.clientHeight < 48;
    this.#busy.hidden = true;
    this.element.dataset.state = "writing";
    this.#answer.push(text);
    if (atBottom) page.scrollTop = page.scrollHeight;
  }

  /** Shows the parts below the answer. */
  async #addLater() {
    const tools = this.#ending.lastElementChild;
    const [{ suggest }, { inspector }, { thumbs }] = await Promise.all([
      import("./suggestions.js"),
      import("./inspector.js"),
      import("./feedback.js"),
      laterStyle(),
    ]);
    // The question was asked again in the meantime.
    if (!tools.isConnected) return;
    const why = make("div", "why");
    tools.lastElementChild.before(...thumbs(this.turn, why, this.#actions.keep));
    tools.after(why);
    if (this.turn.trace) this.#ending.append(inspector(this.turn.trace));
    await suggest({ offers: this.#offers, products: this.#shelf }, this.turn, this.#actions);
  }

  #wayOn(label) {
    return make("div", "actions", button("action is-main", label, () => this.#actions.again()));
  }

  #tools(timing) {
    const copy = tool("copy", SAY.copy, async () => {
      const { copyText } = await import("./clipboard.js");
      copyText(`${this.turn.text}\n\n${sourceWords(this.turn)}`.trim());
    });
    const again = tool("again", SAY.askAgain, () => this.#actions.again());
    again.classList.add("is-again");
    return make("div", "tools", copy, again, make("p", "timing", timing));
  }

  #end(state) {
    this.element.dataset.state = state;
    this.#busy.hidden = true;
    this.#ending.replaceChildren();
  }
}

function tool(name, label, onClick) {
  const element = button("tool is-bare", icon(name), onClick);
  element.setAttribute("aria-label", label);
  element.title = label;
  return element;
}

/** The sentences that were left out: hidden at first, and struck through. */
function leftOutList(sentences) {
  const items = sentences.map((sentence) => make("li", "", make("span", "unseen", `${SAY.leftOut} `), make("s", "", sentence)));
  return make("details", "left-out", make("summary", "", leftOutWords(sentences.length)), make("ul", "", ...items));
}
