// The API key: the page asks for it when the server requires one, and keeps it only until the tab is closed.

import { button, make } from "./dom.js";
import { SAY } from "./words.js";

const KEPT_AS = "api-key";

let key = null;
try {
  key = sessionStorage.getItem(KEPT_AS);
} catch {
  // Storage is disabled: the key lasts until the page is closed.
}

/** The request header with the key, if there is a key. */
export function keyHeader() {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** The open dialog, so that several refused requests open only one. */
let asking = null;

/** Asks for a key and resolves to whether the visitor entered one. `code` is the server's error code. */
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
    // Storage is disabled: the key lasts until the page is closed.
  }
  return true;
}
