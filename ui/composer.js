// The question box at the bottom: typing, asking, stopping, and the products that the question is limited to.

import { button, make } from "./dom.js";
import { SAY } from "./words.js";

const $ = (id) => document.getElementById(id);
const [form, question, send, stop] = ["form", "question", "send", "stop"].map($);

const touch = matchMedia("(pointer: coarse)");

export class Composer {
  #ready = false;
  #busy = false;
  #about = [];

  /** `onAsk(text, about)` is called when the visitor asks, `onStop()` when the visitor stops the answer. */
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
      // In an input method, Enter selects a word.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
    // After a double click on Ask, the second click hits Stop by accident.
    stop.addEventListener("click", (event) => event.detail < 2 && onStop());
    // The style sheet needs the height, to keep scroll targets above the box.
    const composer = $("composer");
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--composer", `${composer.offsetHeight}px`);
    }).observe(composer);
  }

  /** Whether the visitor can ask a question now. */
  get isFree() {
    return this.#ready && !this.#busy;
  }

  /** `busy` is true while an answer is being written, `ready` when the server accepts questions. */
  show({ ready = this.#ready, busy = this.#busy }) {
    this.#ready = ready;
    this.#busy = busy;
    const focused = document.activeElement;
    send.hidden = busy;
    stop.hidden = !busy;
    send.disabled = !ready || question.value.trim() === "";
    // If the focused button is hidden or disabled, the focus moves on, so that keyboard users do not lose it.
    if (focused === send && send.hidden) stop.focus();
    else if ((focused === stop && stop.hidden) || (focused === send && send.disabled)) this.focus();
  }

  /** Puts `text` into the box. */
  write(text) {
    question.value = text;
    this.#fit();
  }

  /** Limits the next questions to these products, each `{id, title}`. An empty list means all products. */
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
   * Focuses the box, except on a touch screen, where the keyboard would cover the page. The box is always visible, so
   * the page must not scroll (a browser would scroll to the position of the sticky box without `sticky`).
   */
  focus() {
    if (!touch.matches) question.focus({ preventScroll: true });
  }

  /** Grows the box with its text. The style sheet sets the maximum height. */
  #fit() {
    question.style.height = "auto";
    question.style.height = `${question.scrollHeight}px`;
    this.show({});
  }
}
