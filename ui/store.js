// Stores conversations in the browser (IndexedDB). Without IndexedDB, they last until the page is closed.

import { Conversation } from "./conversation.js";

const DATABASE = "ask-the-reviews";
const TABLE = "conversations";
/** The format name in exported files. */
const FORMAT = "ask-the-reviews/1";

export class Store {
  #database;
  /** All conversations, by id. They are few enough to keep in memory, and search reads each of them. */
  #kept = new Map();

  /** Opens the database and reads all conversations. */
  static async open() {
    const store = new Store();
    store.#database = await database().catch(() => null);
    const records = store.#database ? await done(store.#table("readonly").getAll()) : [];
    for (const record of records) store.#kept.set(record.id, record);
    return store;
  }

  /** Whether conversations are kept after the page is closed. */
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
    // A copy, because the conversation on the page keeps changing.
    const record = structuredClone({ ...conversation, turns: conversation.turns.map((turn) => ({ ...turn })) });
    this.#kept.set(record.id, record);
    try {
      if (this.#database) await done(this.#table("readwrite").put(record));
    } catch {
      // The browser's storage is full: the page still works, but nothing more is stored.
      this.#database = null;
    }
  }

  async remove(id) {
    this.#kept.delete(id);
    if (this.#database) await done(this.#table("readwrite").delete(id));
  }

  /** All conversations as the text of an export file. */
  exported() {
    return JSON.stringify({ format: FORMAT, conversations: this.all() }, null, 1);
  }

  /** Imports an exported file and returns the number of conversations. Throws if the file has another format. */
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
