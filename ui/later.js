// Loads later.css when it is first needed, to keep the first load small.

import { make } from "./dom.js";

let sheet;

/** The style of products, statistics and the inspector. */
export function laterStyle() {
  sheet ??= new Promise((resolve) => {
    const link = make("link", "");
    // If it cannot be loaded, everything is still readable.
    link.onload = link.onerror = resolve;
    Object.assign(link, { rel: "stylesheet", href: "/ui/later.css" });
    document.head.append(link);
  });
  return sheet;
}
