// The comparison view: two to four products side by side, with the counts of each aspect.

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
    row(SAY.price, products, (product) => priceWords(product) || SAY.unknown),
    row(SAY.ratings, products, ratings),
    ...aspects.map(({ name, cells }) => row(name, cells, (cell) => (cell.reviews > 0 ? judged(cell) : SAY.silent))),
  ];
  const table = withRole(
    "table",
    make(
      "table",
      "compare",
      make("caption", "unseen", SAY.comparison),
      withRole("rowgroup", make("thead", "", withRole("row", make("tr", "", withRole("cell", make("td", "")), ...head)))),
      withRole("rowgroup", make("tbody", "", ...rows)),
    ),
  );
  table.style.setProperty("--products", products.length);
  // A wide table has its own scrollbar, which also works with the keyboard.
  const frame = make("div", "table-frame", table);
  Object.assign(frame, { tabIndex: 0, role: "region", ariaLabel: SAY.comparison });
  place.replaceChildren(title, make("p", "note", SAY.compareHow), frame);
}

function row(name, items, draw) {
  const cells = items.map((item) => withRole("cell", make("td", "", draw(item))));
  return withRole("row", make("tr", "", headCell("row", name), ...cells));
}

function headCell(scope, content) {
  return withRole(scope === "row" ? "rowheader" : "columnheader", Object.assign(make("th", "", content), { scope }));
}

/** On phones, CSS shows the rows as grids. The roles keep the table semantics for screen readers. */
function withRole(role, element) {
  return Object.assign(element, { role });
}

function ratings({ mean_rating: mean, reviews, histogram: counts }) {
  return make("div", "", make("p", "card-facts", stars(mean), meanWords(mean, reviews)), histogram(counts));
}
