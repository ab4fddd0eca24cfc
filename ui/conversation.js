// Owns what has been said. The server keeps no conversation: the whole of it goes with every question.

/** The server reads a few turns back and refuses a conversation without end. */
const MOST_EARLIER_TURNS = 8;
const TITLE_CHARS = 60;

/** One question with all that came of it: enough to show it again after a reload. */
export class Turn {
  constructor(question, about = []) {
    this.question = question;
    /** The products that it is about, as `{id, title}`; none means all. */
    this.about = about;
    this.forget();
  }

  /** Back to the bare question. */
  forget() {
    /** "open" until it is "done", "stopped" or "failed". */
    this.state = "open";
    this.answerId = null;
    this.evidence = [];
    this.products = [];
    /** What the language model said and no review supports. */
    this.leftOut = [];
    this.text = "";
    this.final = null;
    this.trace = null;
    /** The visitor's own verdict on the answer: "up", "down" or null. */
    this.verdict = null;
  }

  /** Takes over what an event says. */
  note(event, data) {
    if (event === "accepted") this.answerId = data.answer_id;
    if (event === "evidence") this.evidence = data.items;
    if (event === "products") this.products = data.items;
    if (event === "token") this.text += data.text;
    if (event === "trace") this.trace = data;
    if (event === "citation" && data.verdict === "unsupported" && !this.leftOut.includes(data.sentence)) {
      this.leftOut.push(data.sentence);
    }
    if (event === "final") Object.assign(this, { final: data, text: data.text });
  }

  static from(record) {
    if (typeof record?.question !== "string") throw new TypeError("A turn has no question.");
    const turn = new Turn(record.question);
    for (const [name, blank] of Object.entries(turn)) {
      const value = record[name];
      const fits = blank === null ? value !== undefined : typeof value === typeof blank && Array.isArray(value) === Array.isArray(blank);
      if (fits) turn[name] = value;
    }
    // The page was left while the answer was being written.
    if (turn.state === "open") turn.state = "stopped";
    return turn;
  }
}

export class Conversation {
  constructor() {
    this.id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    /** Given by the visitor; null means that the first question is the title. */
    this.name = null;
    this.updated = Date.now();
    this.turns = [];
  }

  static from(record) {
    if (typeof record?.id !== "string" || !Array.isArray(record.turns)) throw new TypeError("A conversation lacks its id or its turns.");
    const conversation = new Conversation();
    conversation.id = record.id;
    if (typeof record.name === "string") conversation.name = record.name;
    if (Number.isFinite(record.updated)) conversation.updated = record.updated;
    conversation.turns = record.turns.map(Turn.from);
    return conversation;
  }

  get title() {
    const text = this.name ?? this.turns[0]?.question ?? "";
    return text.length > TITLE_CHARS ? `${text.slice(0, TITLE_CHARS).trimEnd()}…` : text;
  }

  get isEmpty() {
    return this.turns.length === 0;
  }

  /** Whether each of `words`, in small letters, is somewhere in it. */
  speaksOf(words) {
    const all = [this.name ?? "", ...this.turns.flatMap((turn) => [turn.question, turn.text])].join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
  }

  ask(question, about) {
    const turn = new Turn(question, about);
    this.turns.push(turn);
    return turn;
  }

  /** `turn` and all after it, gone: its question is asked anew. */
  withdraw(turn) {
    this.turns = this.turns.slice(0, this.turns.indexOf(turn));
  }

  /**
   * What to send so that `turn` gets answered. Turns that were stopped or failed are left out: half an answer would
   * mislead the model, and a question without its answer would break the user/assistant alternation templates need.
   */
  messagesFor(turn) {
    const before = this.turns.slice(0, this.turns.indexOf(turn)).filter((earlier) => earlier.state === "done");
    return [
      ...before.slice(-MOST_EARLIER_TURNS).flatMap((earlier) => [
        { role: "user", content: earlier.question },
        { role: "assistant", content: earlier.text },
      ]),
      { role: "user", content: turn.question },
    ];
  }
}
