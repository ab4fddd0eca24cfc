// Owns what is said beside the page's own content: to screen readers, and in a short notice at the bottom.

import { button, make } from "./dom.js";

const NOTICE_MS = 8000;

/** Said once by screen readers. Not used for single words: an answer is announced when it is whole. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}

let timer;

/** Shows and says `text` for a while, with a button where there is something to do about it. */
export function notice(text, label, onClick) {
  const place = document.getElementById("notice");
  const close = () => place.replaceChildren();
  const act = label ? [button("link", label, () => (close(), onClick()))] : [];
  place.replaceChildren(make("p", "notice", text, " ", ...act));
  clearTimeout(timer);
  timer = setTimeout(close, NOTICE_MS);
}
