// The list of earlier conversations: search, open, rename, delete, export to a file and import from a file.

import { button, make } from "./dom.js";
import { icon } from "./icons.js";
import { notice } from "./live.js";
import { link } from "./router.js";
import { dayWords, SAY, takenInWords } from "./words.js";

const $ = (id) => document.getElementById(id);
/** From this width on, the list is beside the page. On narrower screens it opens over the page. */
const wide = matchMedia("(min-width: 1280px)");

export class History {
  #store;
  #current = null;
  /** The conversation that is being renamed. */
  #renaming = null;
  #onGone;

  /** `onGone(id)` is called when a conversation was deleted. */
  constructor(store, onGone) {
    this.#store = store;
    this.#onGone = onGone;
    $("find").addEventListener("input", () => this.show());
    $("export").addEventListener("click", () => this.#export());
    $("import").addEventListener("click", () => $("import-file").click());
    $("import-file").addEventListener("change", () => this.#import());
    wide.addEventListener("change", placeList);
    placeList();
  }

  /** Draws the list again. `current` is the id of the conversation on the page. */
  show(current = this.#current) {
    this.#current = current;
    const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#store.all().filter((conversation) => conversation.speaksOf(words));
    let day = "";
    const rows = found.flatMap((conversation) => {
      const today = dayWords(conversation.updated);
      const head = today === day ? [] : [make("li", "day", today)];
      day = today;
      return [...head, this.#row(conversation)];
    });
    $("past").replaceChildren(...rows);
    $("past-none").hidden = found.length > 0;
    $("past-none").textContent = words.length > 0 ? SAY.noneFound : this.#store.isLasting ? SAY.nonePast : SAY.notKept;
    $("export").disabled = this.#store.all().length === 0;
  }

  #row(conversation) {
    const { id, title } = conversation;
    if (this.#renaming === id) return make("li", "past-row", this.#nameField(conversation));
    const open = make("a", "past-title", title);
    Object.assign(open, { href: link("c", id), title });
    if (id === this.#current) open.setAttribute("aria-current", "page");
    open.addEventListener("click", () => wide.matches || $("side").hidePopover());
    const rename = iconButton("pen", `${SAY.rename}: ${title}`, () => this.#rename(id));
    const remove = iconButton("bin", `${SAY.remove}: ${title}`, () => this.#remove(conversation));
    return make("li", "past-row", open, rename, remove);
  }

  #rename(id) {
    this.#renaming = id;
    this.show();
    $("past").querySelector("input").select();
  }

  #nameField(conversation) {
    const input = make("input", "field");
    Object.assign(input, { value: conversation.name ?? conversation.title, maxLength: 200 });
    input.setAttribute("aria-label", SAY.newName);
    const end = async (name) => {
      if (this.#renaming !== conversation.id) return;
      this.#renaming = null;
      if (name) await this.#store.save(Object.assign(conversation, { name }));
      this.show();
      [...$("past").querySelectorAll("a")].find((row) => row.hash === link("c", conversation.id))?.focus();
    };
    input.addEventListener("keydown", (event) => {
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter" ? input.value.trim() : "");
    });
    input.addEventListener("blur", () => end(input.value.trim()));
    return input;
  }

  async #remove(conversation) {
    await this.#store.remove(conversation.id);
    this.#onGone(conversation.id);
    this.show();
    $("find").focus();
    notice(SAY.removed, SAY.undo, async () => {
      await this.#store.save(conversation);
      this.show();
    });
  }

  #export() {
    const file = make("a", "");
    file.href = URL.createObjectURL(new Blob([this.#store.exported()], { type: "application/json" }));
    file.download = `conversations-${new Date().toISOString().slice(0, 10)}.json`;
    file.click();
    URL.revokeObjectURL(file.href);
  }

  async #import() {
    const [file] = $("import-file").files;
    $("import-file").value = "";
    if (!file) return;
    try {
      notice(takenInWords(await this.#store.takeIn(await file.text())));
    } catch {
      notice(SAY.notTakenIn);
    }
    this.show();
  }
}

/** Over the page, the list is a popover: Escape or a click outside closes it. */
function placeList() {
  if (wide.matches) $("side").removeAttribute("popover");
  else $("side").popover = "auto";
}

function iconButton(name, label, onClick) {
  const element = button("tool is-bare", icon(name), onClick);
  element.setAttribute("aria-label", label);
  element.title = label;
  return element;
}
