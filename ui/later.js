// Owns what is fetched only when it is wanted, so that the first load stays small.

import { make } from "./dom.js";

let sheet;

/** The style of products, figures and the inspector. */
export function laterStyle() {
  sheet ??= new Promise((resolve) => {
    const link = make("link", "");
    // Without the style everything can still be read.
    link.onload = link.onerror = resolve;
    Object.assign(link, { rel: "stylesheet", href: "/ui/later.css" });
    document.head.append(link);
  });
  return sheet;
}
