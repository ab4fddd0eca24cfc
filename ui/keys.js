// Owns the API key: asked for when the server wants one, kept until the tab is closed, never written elsewhere.

import { button, make } from "./dom.js";
import { SAY } from "./words.js";

const KEPT_AS = "api-key";

let key = null;
try {
  key = sessionStorage.getItem(KEPT_AS);
} catch {
  // Storage is switched off: the key holds until the page is left.
}

/** The header that carries the key, if there is one. */
export function keyHeader() {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** The question that is open, so that several refused requests ask once. */
let asking = null;

/** Asks for a key and says whether one was given. `code` is the server's reason. */
export function askForKey(code) {
  asking ??= ask(code).finally(() => (asking = null));
  return asking;
}

async function ask(code) {
  const input = make("input", "field");
  Object.assign(input, { type: "password", required: true, autocomplete: "off", name: "key" });
  const label = make("label", "", SAY.keyLabel, input);
  const give = make("button", "action is-main", SAY.keyGive);
  const form = make("form", "", label, make("div", "actions", give, button("action", SAY.cancel, () => dialog.close())));
  const title = make("h2", "", SAY.keyTitle);
  const why = make("p", "note", key && code === "invalid_api_key" ? SAY.keyWrong : SAY.keyWhy);
  const dialog = make("dialog", "dialog is-small", title, why, form);
  dialog.setAttribute("aria-label", SAY.keyTitle);
  document.body.append(dialog);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close(input.value.trim());
  });
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  dialog.remove();
  if (dialog.returnValue === "") return false;
  key = dialog.returnValue;
  try {
    sessionStorage.setItem(KEPT_AS, key);
  } catch {
    // As above.
  }
  return true;
}
