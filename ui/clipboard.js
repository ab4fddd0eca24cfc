// Copies text to the clipboard and shows a notice.

import { make } from "./dom.js";
import { notice } from "./live.js";
import { SAY } from "./words.js";

export async function copyText(text) {
  const copied = await (navigator.clipboard?.writeText(text).then(() => true, () => false) ?? false);
  const said = copied || copyBySelection(text) ? SAY.copied : SAY.notCopied;
  notice(said);
}

/** The fallback for pages without HTTPS, where browsers do not offer the clipboard API. */
function copyBySelection(text) {
  const holder = make("textarea", "unseen");
  holder.value = text;
  document.body.append(holder);
  const focused = document.activeElement;
  holder.select();
  const copied = document.execCommand("copy");
  holder.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}
