// Owns what the page knows of the shop's products. Each is asked for once; a failed request is asked again.

import { json } from "./requests.js";

const PART = 100;

const details = new Map();
let listing = null;

/** One product with what its reviews praise and complain about. */
export function product(id) {
  if (!details.has(id)) {
    const asked = json(`/api/products/${encodeURIComponent(id)}?limit=1`);
    asked.catch(() => details.delete(id));
    details.set(id, asked);
  }
  return details.get(id);
}

/** All products. `onPart(products)` hears of what has come so far, for a shop with many. */
export function products(onPart) {
  listing ??= all(onPart).catch((error) => {
    listing = null;
    throw error;
  });
  return listing;
}

async function all(onPart) {
  const items = [];
  for (;;) {
    const part = await json(`/api/products?limit=${PART}&offset=${items.length}`);
    items.push(...part.items);
    onPart(items);
    if (part.items.length === 0 || items.length >= part.total) return items;
  }
}

/** The aspects that more reviews praise than complain about, and the others; those that most speak of first. */
export function praisedAndComplained(aspects) {
  return {
    praised: aspects.filter((aspect) => aspect.praised > aspect.complained),
    complained: aspects.filter((aspect) => aspect.complained > 0 && aspect.complained >= aspect.praised),
  };
}
