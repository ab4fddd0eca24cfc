// Addresses: which view `#/…` opens, and links to views. `/stats` is a separate path, for bookmarks.

/** `link("product", "a/b")` is "#/product/a%2Fb". */
export function link(...parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** The parts of the current address; empty for a new conversation. */
export function here() {
  if (location.hash.startsWith("#/")) return location.hash.slice(2).split("/").filter(Boolean).map(decoded);
  return location.pathname === "/stats" ? ["stats"] : [];
}

/** Replaces the address without a new entry in the browser's history. */
export function rename(...parts) {
  history.replaceState(null, "", link(...parts));
}

export function go(...parts) {
  location.hash = link(...parts);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
