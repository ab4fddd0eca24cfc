// Owns what has been said. The server keeps no conversation: the whole of it goes with every question.

/** One question and, once the server has settled it, its answer's final text. */
export class Turn {
  constructor(question) {
    this.question = question;
    this.answer = null;
  }
}

export class Conversation {
  #turns = [];

  get isEmpty() {
    return this.#turns.length === 0;
  }

  ask(question) {
    const turn = new Turn(question);
    this.#turns.push(turn);
    return turn;
  }

  /** The last turn, gone from the conversation: its question is about to be written anew. */
  withdraw(turn) {
    this.#turns = this.#turns.filter((other) => other !== turn);
  }

  clear() {
    this.#turns = [];
  }

  /**
   * What to send so that `turn` gets answered. Turns that were stopped or failed are left out: half an answer would
   * mislead the model, and a question without its answer would break the user/assistant alternation templates need.
   */
  messagesFor(turn) {
    const before = this.#turns.slice(0, this.#turns.indexOf(turn)).filter((earlier) => earlier.answer !== null);
    return [
      ...before.flatMap((earlier) => [
        { role: "user", content: earlier.question },
        { role: "assistant", content: earlier.answer },
      ]),
      { role: "user", content: turn.question },
    ];
  }
}
