// The view of one product: its ratings, all aspects in its reviews, and the most informative quotes.

import { compareButton } from "./basket.js";
import { product } from "./catalogue.js";
import { button, make } from "./dom.js";
import { judged, quoteButton } from "./judged.js";
import { factsLine } from "./product-card.js";
import { histogram } from "./stars.js";
import { aspectQuestion, SAY } from "./words.js";

export async function show(place, [id], { onAsk, ask }) {
  place.replaceChildren(make("p", "note", SAY.loading));
  const whole = await product(id);
  const title = make("h2", "view-title", whole.title);
  title.dir = "auto";
  place.replaceChildren(
    title,
    factsLine(whole),
    make("div", "actions", button("action is-main", SAY.askAbout, () => onAsk(whole)), compareButton(whole)),
    make("div", "product-parts", panel(SAY.ratings, histogram(whole.histogram)), ...quotes(whole), aspects(whole, ask)),
  );
}

function quotes({ best_quotes: best, worst_quotes: worst }) {
  const list = (title, items) =>
    items.length === 0 ? [] : [panel(title, make("ul", "quotes", ...items.map((quote) => make("li", "", quoteButton(quote)))))];
  return [...list(SAY.bestQuotes, best), ...list(SAY.worstQuotes, worst)];
}

function aspects(whole, ask) {
  if (whole.aspects.length === 0) return panel(SAY.aspects, make("p", "note", SAY.noAspects));
  const rows = whole.aspects.map((aspect) => {
    const question = aspectQuestion(aspect.name, whole.title);
    const open = button("link", aspect.name, () => ask(question, [whole]));
    open.setAttribute("aria-label", question);
    return make("li", "aspect", make("h4", "", open), judged(aspect));
  });
  const all = panel(SAY.aspects, make("ul", "aspects", ...rows));
  all.classList.add("is-wide");
  return all;
}

function panel(title, ...content) {
  return make("section", "panel", make("h3", "", title), ...content);
}
