// The conversation on the page: sends questions, passes the server's events to the turn and its view, and saves turns.

import { Conversation } from "./conversation.js";
import { scrollBehavior } from "./dom.js";
import { announce } from "./live.js";
import { TurnView } from "./render.js";
import { RequestError } from "./requests.js";
import { isInspecting } from "./settings.js";
import { chat } from "./stream.js";
import { evidenceWords, failureWords, leftOutWords, SAY } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Chat {
  #conversation = new Conversation();
  /** The AbortController of the answer being written, or null. */
  #running = null;
  #views = [];
  #composer;
  #onChange;
  #onLost;
  #onAsk;

  /**
   * `onChange(conversation)` is called when a turn must be saved, `onLost()` when the server may be down, and
   * `onAsk(product)` when the visitor wants to ask about a product.
   */
  constructor({ composer, onChange, onLost, onAsk }) {
    this.#composer = composer;
    this.#onChange = onChange;
    this.#onLost = onLost;
    this.#onAsk = onAsk;
  }

  get id() {
    return this.#conversation.id;
  }

  get isEmpty() {
    return this.#conversation.isEmpty;
  }

  /** Shows a conversation; by default, a new one. */
  open(conversation = new Conversation()) {
    this.stop();
    this.#running = null;
    this.#conversation = conversation;
    this.#views = [];
    $("turns").replaceChildren();
    for (const turn of conversation.turns) this.#place(turn).showKept();
    this.#show();
    this.#composer.limitTo(conversation.turns.at(-1)?.about ?? []);
    $("turns").lastElementChild?.scrollIntoView({ block: "start" });
  }

  /** Stops the current answer, if there is one. */
  stop() {
    this.#running?.abort();
  }

  ask(text, products = []) {
    const about = products.map(({ id, title }) => ({ id, title }));
    if (!this.#composer.isFree) return this.#composer.write(text);
    const turn = this.#conversation.ask(text, about);
    const view = this.#place(turn);
    view.element.scrollIntoView({ block: "start", behavior: scrollBehavior() });
    this.#answer(turn, view);
  }

  async #answer(turn, view) {
    const control = new AbortController();
    this.#running = control;
    turn.forget();
    const conversation = this.#conversation;
    const keep = () => {
      conversation.updated = Date.now();
      return this.#onChange(conversation);
    };
    keep();
    this.#show();
    view.start();
    announce(SAY.looking);
    try {
      await follow(turn, view, chat(this.#request(turn), control.signal));
      settle(turn, view);
    } catch (error) {
      if (control.signal.aborted) halted(SAY.youStopped, turn, view);
      else this.#failed(error, turn, view);
    } finally {
      // Another conversation may have started an answer in the meantime.
      if (this.#running === control) this.#running = null;
      this.#show();
      keep();
    }
  }

  #request(turn) {
    const request = { messages: this.#conversation.messagesFor(turn) };
    if (turn.about.length > 0) request.filters = { product_ids: turn.about.map((product) => product.id) };
    if (isInspecting()) request.debug = true;
    return request;
  }

  #failed(error, turn, view) {
    if (!(error instanceof RequestError)) console.error(error);
    turn.state = "failed";
    view.failed(failureWords(error));
    if (error.kind === "network" || error.status === 503) this.#onLost();
  }

  /** Asks `turn` again, optionally with a new text. All later turns are removed. */
  #again(turn, text = turn.question) {
    if (!this.#composer.isFree) return;
    const view = this.#views.find((other) => other.turn === turn);
    if (text === turn.question && turn === this.#conversation.turns.at(-1)) {
      this.#answer(turn, view);
      return $("stop").focus({ preventScroll: true });
    }
    this.#conversation.withdraw(turn);
    const place = this.#views.indexOf(view);
    for (const later of this.#views.splice(place)) later.element.remove();
    this.ask(text, turn.about);
    $("stop").focus({ preventScroll: true });
  }

  #place(turn) {
    const view = new TurnView(turn, {
      again: (text) => this.#again(turn, text),
      ask: (text, about) => this.ask(text, about),
      onAsk: this.#onAsk,
      keep: () => this.#onChange(this.#conversation),
    });
    this.#views.push(view);
    $("turns").append(view.element);
    return view;
  }

  #show() {
    const isEmpty = this.#conversation.isEmpty;
    this.#composer.show({ busy: this.#running !== null });
    $("welcome").hidden = !isEmpty;
  }
}

/** Shows the events as they arrive, up to the final one. Unknown events are ignored. */
async function follow(turn, view, stream) {
  for await (const { event, data } of stream) {
    turn.note(event, data);
    view.see(event, data);
    if (event === "evidence" && data.items.length > 0) announce(`${evidenceWords(data.items.length)}. ${SAY.writing}`);
  }
  if (!turn.final) throw new RequestError("network", { message: "The stream ended before the answer did." });
}

function settle(turn, view) {
  if (turn.final.outcome === "cancelled") return halted(SAY.serverStopped, turn, view);
  if (turn.final.outcome === "error") throw new RequestError("server", { message: turn.final.text });
  turn.state = "done";
  view.finish();
  const missing = turn.leftOut.length > 0 ? leftOutWords(turn.leftOut.length) : "";
  announce(`${SAY.answer} ${turn.text} ${missing}`.trim());
}

function halted(text, turn, view) {
  turn.state = "stopped";
  view.stopped(text);
  announce(text);
}
