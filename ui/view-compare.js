// Owns the comparison: two to four products side by side, aspect by aspect, by what their buyers wrote.

import { make } from "./dom.js";
import { judged } from "./judged.js";
import { json } from "./requests.js";
import { link } from "./router.js";
import { histogram, stars } from "./stars.js";
import { meanWords, priceWords, SAY } from "./words.js";

export async function show(place, ids) {
  const title = make("h2", "view-title", SAY.comparison);
  if (ids.length < 2) return place.replaceChildren(title, make("p", "note", SAY.compareFew));
  place.replaceChildren(title, make("p", "note", SAY.loading));
  const { products, aspects } = await json("/api/compare", { body: { product_ids: ids } });
  const head = products.map((product) => {
    const name = make("a", "", product.title);
    name.href = link("product", product.id);
    name.dir = "auto";
    return headCell("col", name);
  });
  const rows = [
    row(SAY.price, products, (product) => priceWords(product.price) || SAY.unknown),
    row(SAY.ratings, products, ratings),
    ...aspects.map(({ name, cells }) => row(name, cells, (cell) => (cell.reviews > 0 ? judged(cell) : SAY.silent))),
  ];
  const table = make(
    "table",
    "compare",
    make("caption", "unseen", SAY.comparison),
    make("thead", "", make("tr", "", make("td", ""), ...head)),
    make("tbody", "", ...rows),
  );
  // A wide table scrolls by itself, also by keyboard.
  const frame = make("div", "table-frame", table);
  Object.assign(frame, { tabIndex: 0, role: "region", ariaLabel: SAY.comparison });
  place.replaceChildren(title, make("p", "note", SAY.compareHow), frame);
}

function row(name, items, draw) {
  return make("tr", "", headCell("row", name), ...items.map((item) => make("td", "", draw(item))));
}

function headCell(scope, content) {
  return Object.assign(make("th", "", content), { scope });
}

function ratings({ mean_rating: mean, reviews, histogram: counts }) {
  return make("div", "", make("p", "card-facts", stars(mean), meanWords(mean, reviews)), histogram(counts));
}
