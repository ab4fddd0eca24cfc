// The catalogue view: all products, filtered and sorted in the browser.

import { products } from "./catalogue.js";
import { button, make } from "./dom.js";
import { announce } from "./live.js";
import { productCard } from "./product-card.js";
import { productsWords, SAY } from "./words.js";

/** The number of cards shown at first, and added by each click on "Show more". */
const STEP = 24;

const ORDERS = {
  rating: (a, b, mean) => shrunk(b, mean) - shrunk(a, mean),
  reviews: (a, b) => b.reviews - a.reviews,
  cheap: (a, b) => (a.price ?? Infinity) - (b.price ?? Infinity),
  expensive: (a, b) => (b.price ?? -1) - (a.price ?? -1),
  title: (a, b) => a.title.localeCompare(b.title),
};

/** The visitor's last choices, so that the list is the same after a visit to a product. */
const choice = { words: "", category: "", stars: "0", price: "", order: "rating" };

export async function show(place, _, { onAsk }) {
  const list = make("ul", "products");
  const amount = make("p", "note");
  const more = button("action", SAY.more, () => draw(shown + STEP));
  const controls = make("div", "filters");
  place.replaceChildren(make("h2", "view-title", SAY.browse), controls, amount, list, make("div", "actions is-middle", more));
  let items = [];
  let shown = STEP;

  function draw(most = STEP) {
    shown = most;
    const mean = shopMean(items);
    const found = items.filter(fits).sort((a, b) => ORDERS[choice.order](a, b, mean));
    amount.textContent = productsWords(found.length, items.length);
    const kept = most > STEP ? list.childElementCount : 0;
    if (kept === 0) list.replaceChildren();
    list.append(...found.slice(kept, most).map((facts) => productCard(facts, onAsk)));
    more.hidden = found.length <= most;
    // The first product that was added gets the keyboard focus.
    if (kept > 0) list.children[kept]?.querySelector("a").focus({ preventScroll: true });
  }

  const onChange = () => {
    draw();
    announce(amount.textContent);
  };
  const onPart = (part) => {
    items = part;
    if (place.contains(list)) draw();
  };
  fillControls(controls, [], onChange);
  items = await products(onPart);
  fillControls(controls, [...new Set(items.map(({ category }) => category).filter(Boolean))].sort(), onChange);
  draw();
}

function fits({ title, category, price, mean_rating: mean }) {
  const words = choice.words.toLowerCase().split(/\s+/);
  return (
    words.every((word) => title.toLowerCase().includes(word) || category?.toLowerCase().includes(word)) &&
    (choice.category === "" || choice.category === category) &&
    mean >= Number(choice.stars) &&
    (choice.price === "" || (price ?? Infinity) <= Number(choice.price))
  );
}

/** A Bayesian average: adds ten reviews with the shop's average, so that a single review cannot put a product first. */
function shrunk({ mean_rating: mean, reviews }, shop) {
  return (mean * reviews + 10 * shop) / (reviews + 10);
}

function shopMean(items) {
  const sum = (of) => items.reduce((total, item) => total + of(item), 0);
  return sum(({ mean_rating: mean, reviews }) => mean * reviews) / Math.max(1, sum(({ reviews }) => reviews));
}

function fillControls(place, categories, onChange) {
  const listen = (control, name) => {
    control.value = choice[name];
    control.addEventListener("input", () => {
      choice[name] = control.value;
      onChange();
    });
    return control;
  };
  const field = (label, name, attributes) => make("label", "", label, listen(Object.assign(make("input", "field"), attributes), name));
  const select = (label, name, options) => {
    const control = make("select", "field", ...options.map(([value, text]) => Object.assign(make("option", "", text), { value })));
    return make("label", "", label, listen(control, name));
  };
  place.replaceChildren(
    field(SAY.filterWords, "words", { type: "search" }),
    select(SAY.filterCategory, "category", [["", SAY.anyCategory], ...categories.map((name) => [name, name])]),
    select(SAY.filterStars, "stars", [["0", SAY.anyStars], ...["3", "3.5", "4", "4.5"].map((least) => [least, `${least} +`])]),
    field(SAY.filterPrice, "price", { type: "number", min: 0, step: "any", inputMode: "decimal" }),
    select(SAY.sort, "order", Object.keys(ORDERS).map((order) => [order, SAY.orders[order]])),
  );
}
