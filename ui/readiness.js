// Owns what is said while the server gets ready: its phase, how far it is, that it can be browsed, and that it can be
// asked now.

import { announce } from "./live.js";
import { info, untilReady } from "./server.js";
import { phaseFigures, phaseWords, SAY } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Readiness {
  /** The waiting that goes on, so that several who ask wait once. */
  #waiting = null;
  /** Whether the catalogue is known to be there, which comes before the assistant. */
  #isOpen = false;
  #onChange;
  #onInfo;

  /** `onChange(ready)` hears whether questions are taken, `onInfo(facts)` what the server holds, once it can be browsed. */
  constructor({ onChange, onInfo }) {
    this.#onChange = onChange;
    this.#onInfo = onInfo;
  }

  /** Waits until the server takes questions, and shows the waiting. */
  wait() {
    this.#waiting ??= this.#wait().finally(() => (this.#waiting = null));
    return this.#waiting;
  }

  async #wait() {
    let said = null;
    this.#isOpen = false;
    await untilReady((phase) => {
      if (!this.#isOpen) this.#look();
      this.#onChange(false);
      showPhase(phase);
      // Figures change every second; a screen reader hears only the phase.
      const name = phaseWords(phase).replace(/[\d/\s]+$/, "");
      if (name !== said) announce(name);
      said = name;
    });
    $("getting-ready").hidden = true;
    if (said !== null) announce(SAY.ready);
    this.#onChange(true);
    this.#onInfo(await info());
  }

  async #look() {
    const facts = await info();
    if (this.#isOpen || facts.products === undefined) return;
    this.#isOpen = true;
    this.#onInfo(facts);
  }
}

function showPhase(phase) {
  const figures = phaseFigures(phase);
  $("getting-ready").hidden = false;
  $("phase").textContent = phaseWords(phase);
  $("phase-bar").hidden = figures === null;
  if (figures) Object.assign($("phase-bar"), { max: figures.total, value: figures.done });
}
