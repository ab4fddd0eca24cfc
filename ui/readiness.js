// The state of the server while it starts: its phase, the progress, and when the catalogue and the assistant are ready.

import { announce } from "./live.js";
import { info, untilReady } from "./server.js";
import { phaseFigures, phaseWords, SAY } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Readiness {
  /** The current wait, shared by all callers. */
  #waiting = null;
  /** Whether the catalogue is ready. It is ready before the assistant. */
  #isOpen = false;
  #onChange;
  #onInfo;

  /** `onChange(ready)`: whether the server accepts questions. `onInfo(facts)`: called when the catalogue is ready. */
  constructor({ onChange, onInfo }) {
    this.#onChange = onChange;
    this.#onInfo = onInfo;
  }

  /** Waits until the server accepts questions, and shows the progress. */
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
      // The numbers change every second, so only the phase is announced to screen readers.
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
