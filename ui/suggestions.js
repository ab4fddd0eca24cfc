// Owns what a visitor may want to know next: the products in the evidence, and questions that their reviews can answer.

import { praisedAndComplained, product } from "./catalogue.js";
import { button, make } from "./dom.js";
import { productCard } from "./product-card.js";
import { aspectQuestion, complaintQuestion, productsTitle, SAY } from "./words.js";

const MOST_PRODUCTS = 3;
const MOST_QUESTIONS = 3;

/** The products of a turn: those recommended, else those that the answer cites, else those of the evidence. */
function productIds({ products, evidence, final }) {
  const cited = evidence.filter((item) => final?.evidence_ids?.includes(item.id));
  const ids = products.length > 0 ? products.map((item) => item.product.id) : (cited.length > 0 ? cited : evidence).map((item) => item.product_id);
  return [...new Set(ids)].slice(0, MOST_PRODUCTS);
}

/** Fills two places: what to ask next, by `ask(text, about)`, and the products, which `onAsk(product)` asks about. */
export async function suggest({ offers, products: shelf }, turn, { ask, onAsk }) {
  // A product of an older data file is gone; the others are still of use.
  const found = await Promise.all(productIds(turn).map((id) => product(id).catch(() => null)));
  const products = found.filter(Boolean);
  if (products.length === 0) return;
  const chips = questions(products, turn).map(({ text, about }) => make("li", "", button("chip", text, () => ask(text, [about]))));
  if (chips.length > 0) offers.replaceChildren(make("h3", "cards-title", SAY.next), make("ul", "about", ...chips));
  const reasons = new Map(turn.products.map((item) => [item.product.id, item.dissent?.counted]));
  const cards = make("ul", "products", ...products.map((facts) => productCard(facts, onAsk, reasons.get(facts.id))));
  shelf.replaceChildren(make("h3", "cards-title", productsTitle(turn.products.length > 0)), cards);
}

/**
 * Of each product in turn: the aspects that most reviews speak of and the question did not name, and the complaints; each
 * of these once.
 */
function questions(products, { question }) {
  const asked = question.toLowerCase();
  const lists = products.map((about) => {
    const { complained } = praisedAndComplained(about.aspects);
    const fresh = about.aspects.filter(({ name }) => !asked.includes(name.toLowerCase()));
    const offers = fresh.map(({ name }) => ({ about, topic: name, text: aspectQuestion(name, about.title) }));
    if (complained.length > 0) offers.splice(1, 0, { about, topic: null, text: complaintQuestion(about.title) });
    return offers;
  });
  const longest = Math.max(...lists.map((offers) => offers.length));
  const turns = Array.from({ length: longest }, (_, place) => lists.flatMap((offers) => offers.slice(place, place + 1)));
  const topics = new Set();
  const isNew = ({ topic }) => !topics.has(topic) && topics.add(topic);
  return turns.flat().filter(isNew).slice(0, MOST_QUESTIONS);
}
