// Owns the question box at the bottom: typing, asking, stopping, and the products that the question is about.

import { button, make } from "./dom.js";
import { SAY } from "./words.js";

const $ = (id) => document.getElementById(id);
const [form, question, send, stop] = ["form", "question", "send", "stop"].map($);

const touch = matchMedia("(pointer: coarse)");

export class Composer {
  #ready = false;
  #busy = false;
  #about = [];

  /** `onAsk(text, about)` and `onStop()` are called for what the visitor does. */
  constructor({ onAsk, onStop }) {
    const submit = () => {
      const text = question.value.trim();
      if (text === "" || !this.isFree) return;
      this.write("");
      if (touch.matches) question.blur();
      onAsk(text, this.#about);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    question.addEventListener("input", () => this.#fit());
    question.addEventListener("keydown", (event) => {
      // While an input method composes, Enter picks a word.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
    // The second click of a double click on Ask lands on Stop and is not meant.
    stop.addEventListener("click", (event) => event.detail < 2 && onStop());
    // The style sheet keeps what is scrolled to clear of the box at the bottom.
    const composer = $("composer");
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--composer", `${composer.offsetHeight}px`);
    }).observe(composer);
  }

  /** Whether a question can be asked now. */
  get isFree() {
    return this.#ready && !this.#busy;
  }

  /** `busy` while an answer is being written; `ready` when the server takes questions. */
  show({ ready = this.#ready, busy = this.#busy }) {
    this.#ready = ready;
    this.#busy = busy;
    const focused = document.activeElement;
    send.hidden = busy;
    stop.hidden = !busy;
    send.disabled = !ready || question.value.trim() === "";
    // A button that vanished under the focus hands it on, so that the keyboard is never lost.
    if (focused === send && send.hidden) stop.focus();
    else if ((focused === stop && stop.hidden) || (focused === send && send.disabled)) this.focus();
  }

  /** Puts `text` into the box. */
  write(text) {
    question.value = text;
    this.#fit();
  }

  /** Limits the next questions to these products, as `{id, title}`; none means all. */
  limitTo(products) {
    this.#about = products;
    const chip = (product) => {
      const drop = button("chip is-out", make("span", "", product.title), () => {
        this.limitTo(this.#about.filter((other) => other !== product));
        this.focus();
      });
      drop.setAttribute("aria-label", `${SAY.noLonger} ${product.title}`);
      drop.title = product.title;
      return make("li", "", drop);
    };
    $("about").replaceChildren(...products.map(chip));
    $("about").hidden = products.length === 0;
  }

  /**
   * Ready to type, except on a touch screen: its keyboard would cover the page. The box is in view already, so nothing
   * may scroll (a browser would scroll to where a sticky element would be without sticking).
   */
  focus() {
    if (!touch.matches) question.focus({ preventScroll: true });
  }

  /** The box grows with its text; the style sheet limits how far. */
  #fit() {
    question.style.height = "auto";
    question.style.height = `${question.scrollHeight}px`;
    this.show({});
  }
}
