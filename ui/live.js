// Messages outside the page's content: announcements for screen readers, and a short notice at the bottom.

import { button, make } from "./dom.js";

const NOTICE_MS = 8000;

/** Screen readers read `text` once. An answer is announced when it is complete, not word by word. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}

let timer;

/** Shows and announces `text` for a few seconds, optionally with a button. */
export function notice(text, label, onClick) {
  const place = document.getElementById("notice");
  const close = () => place.replaceChildren();
  const act = label ? [button("link", label, () => (close(), onClick()))] : [];
  place.replaceChildren(make("p", "notice", text, " ", ...act));
  clearTimeout(timer);
  timer = setTimeout(close, NOTICE_MS);
}
