// A cache of the shop's products. Each product is requested once; a failed request is repeated.

import { json } from "./requests.js";

const PART = 100;

const details = new Map();
let listing = null;

/** One product with its aspects: what reviews praise and complain about. */
export function product(id) {
  if (!details.has(id)) {
    const asked = json(`/api/products/${encodeURIComponent(id)}?limit=1`);
    asked.catch(() => details.delete(id));
    details.set(id, asked);
  }
  return details.get(id);
}

/** All products. `onPart(products)` is called after each page of results with all products so far. */
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

/** The aspects that several buyers clearly praise, and those that several clearly complain about, in their order. */
export function praisedAndComplained(aspects) {
  const agreed = (on) => aspects.filter((aspect) => aspect.agreed === on);
  return { praised: agreed("praised"), complained: agreed("complained") };
}
