// Owns keeping conversations in the browser (IndexedDB). Where the browser keeps nothing, they last as long as the page.

import { Conversation } from "./conversation.js";

const DATABASE = "ask-the-reviews";
const TABLE = "conversations";
/** What an exported file says of itself. */
const FORMAT = "ask-the-reviews/1";

export class Store {
  #database;
  /** By id. All of them: a person's conversations are few, and search looks into each. */
  #kept = new Map();

  /** Opens the store and reads it. */
  static async open() {
    const store = new Store();
    store.#database = await database().catch(() => null);
    const records = store.#database ? await done(store.#table("readonly").getAll()) : [];
    for (const record of records) store.#kept.set(record.id, record);
    return store;
  }

  /** Whether conversations outlive the page. */
  get isLasting() {
    return this.#database !== null;
  }

  /** Newest first. */
  all() {
    return [...this.#kept.values()].map(Conversation.from).sort((a, b) => b.updated - a.updated);
  }

  find(id) {
    return this.#kept.has(id) ? Conversation.from(this.#kept.get(id)) : null;
  }

  async save(conversation) {
    // A copy: what is on the page goes on changing.
    const record = structuredClone({ ...conversation, turns: conversation.turns.map((turn) => ({ ...turn })) });
    this.#kept.set(record.id, record);
    try {
      if (this.#database) await done(this.#table("readwrite").put(record));
    } catch {
      // The browser has no room left: what is on the page stays, but nothing more is kept.
      this.#database = null;
    }
  }

  async remove(id) {
    this.#kept.delete(id);
    if (this.#database) await done(this.#table("readwrite").delete(id));
  }

  /** All of them as the text of a file. */
  exported() {
    return JSON.stringify({ format: FORMAT, conversations: this.all() }, null, 1);
  }

  /** Takes in an exported file and says how many conversations came of it; throws where it is not one. */
  async takeIn(text) {
    const file = JSON.parse(text);
    if (file.format !== FORMAT || !Array.isArray(file.conversations)) throw new TypeError("This is not an exported file.");
    const conversations = file.conversations.map(Conversation.from);
    for (const conversation of conversations) await this.save(conversation);
    return conversations.length;
  }

  #table(mode) {
    return this.#database.transaction(TABLE, mode).objectStore(TABLE);
  }
}

function database() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE, { keyPath: "id" });
  return done(opening);
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
