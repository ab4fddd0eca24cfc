// The questions and answers of a conversation. The server stores nothing: every question is sent with the conversation.

/** The server uses only the last few turns and refuses very long conversations. */
const MOST_EARLIER_TURNS = 8;
const TITLE_CHARS = 60;

/** One question with its answer and evidence: everything needed to show it again after a reload. */
export class Turn {
  constructor(question, about = []) {
    this.question = question;
    /** The products that the question is limited to, each `{id, title}`. An empty list means all products. */
    this.about = about;
    this.forget();
  }

  /** Resets the turn to the question alone. */
  forget() {
    /** "open", then "done", "stopped" or "failed". */
    this.state = "open";
    this.answerId = null;
    this.evidence = [];
    this.products = [];
    /** Sentences of the language model that no review supports. */
    this.leftOut = [];
    this.text = "";
    this.final = null;
    this.trace = null;
    /** The visitor's own verdict on the answer: "up", "down" or null. */
    this.verdict = null;
  }

  /** Stores the data of an event. */
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
    // The page was closed while the answer was being written.
    if (turn.state === "open") turn.state = "stopped";
    return turn;
  }
}

export class Conversation {
  constructor() {
    this.id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    /** The visitor's title; null means that the first question is the title. */
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

  /** Whether the conversation contains all of `words` (lower-case). */
  speaksOf(words) {
    const all = [this.name ?? "", ...this.turns.flatMap((turn) => [turn.question, turn.text])].join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
  }

  ask(question, about) {
    const turn = new Turn(question, about);
    this.turns.push(turn);
    return turn;
  }

  /** Removes `turn` and all later turns, because its question is asked again. */
  withdraw(turn) {
    this.turns = this.turns.slice(0, this.turns.indexOf(turn));
  }

  /**
   * The messages to send for `turn`. Stopped and failed turns are left out: half an answer would mislead the model, and
   * chat templates require that user and assistant messages alternate.
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
