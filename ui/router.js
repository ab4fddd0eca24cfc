// Owns addresses: which view `#/…` names, and the links to it. `/stats` is a path of its own, for bookmarks.

/** `link("product", "a/b")` is "#/product/a%2Fb". */
export function link(...parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** The parts of the present address; empty for a new conversation. */
export function here() {
  if (location.hash.startsWith("#/")) return location.hash.slice(2).split("/").filter(Boolean).map(decoded);
  return location.pathname === "/stats" ? ["stats"] : [];
}

/** Goes there without a step in the browser's history where the view only got its name. */
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
