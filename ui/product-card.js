// One product in a list: title, price, stars, and what buyers praise and complain about.

import { compareButton } from "./basket.js";
import { praisedAndComplained, product } from "./catalogue.js";
import { button, make } from "./dom.js";
import { link } from "./router.js";
import { histogram, stars } from "./stars.js";
import { meanWords, priceWords, SAY } from "./words.js";

/** The number of aspects on a card. */
const MOST_ASPECTS = 3;

/** `facts` is the product as the API returns it. `onAsk(product)` asks about it; `reason` is why it is listed. */
export function productCard(facts, onAsk, reason = "") {
  const title = make("a", "product-title", facts.title);
  title.href = link("product", facts.id);
  title.dir = "auto";
  const detail = make("div", "product-said");
  const card = make(
    "li",
    "product",
    make("h3", "", title),
    factsLine(facts),
    ...(reason ? [make("p", "note", reason)] : []),
    detail,
    make("div", "actions", button("action", SAY.askAbout, () => onAsk(facts)), compareButton(facts)),
  );
  whenSeen(card, async () => {
    // The card is still useful without it.
    const whole = await product(facts.id).catch(() => null);
    if (whole) detail.append(histogram(whole.histogram), saidLists(whole.aspects));
  });
  return card;
}

/** Average rating, number of reviews, price and category. */
export function factsLine({ mean_rating: mean, reviews, price, currency, category }) {
  const said = [meanWords(mean, reviews), priceWords({ price, currency }), category ?? ""].filter(Boolean);
  return make("p", "card-facts", stars(mean), ...said.map((text) => make("span", "", text)));
}

function saidLists(aspects) {
  const { praised, complained } = praisedAndComplained(aspects);
  const line = (label, className, list) => {
    const names = list.slice(0, MOST_ASPECTS).map(({ name }) => name).join(", ");
    return names ? [make("p", className, make("span", "said-label", label), " ", names)] : [];
  };
  const lines = [...line(SAY.praised, "is-praised", praised), ...line(SAY.complained, "is-complained", complained)];
  return make("div", "said", ...lines);
}

/** Calls back once, when the element is close to the visible area. A catalogue is long; most cards are never seen. */
function whenSeen(element, onSeen) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    onSeen();
  }, { rootMargin: "200px" });
  watch.observe(element);
}
