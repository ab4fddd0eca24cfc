// Suggestions below an answer: its products, and further questions that their reviews can answer.

import { product } from "./catalogue.js";
import { button, make } from "./dom.js";
import { productCard } from "./product-card.js";
import { aspectQuestion, complaintQuestion, productsTitle, SAY } from "./words.js";

const MOST_PRODUCTS = 3;
const MOST_QUESTIONS = 3;

/** The products of a turn: the recommended ones, else the cited ones, else those of the evidence. */
function productIds({ products, evidence, final }) {
  const cited = evidence.filter((item) => final?.evidence_ids?.includes(item.id));
  const ids = products.length > 0 ? products.map((item) => item.product.id) : (cited.length > 0 ? cited : evidence).map((item) => item.product_id);
  return [...new Set(ids)].slice(0, MOST_PRODUCTS);
}

/** Fills two places: suggested questions (a click calls `ask(text, about)`), and products (`onAsk(product)`). */
export async function suggest({ offers, products: shelf }, turn, { ask, onAsk }) {
  // A product of an older data file may no longer exist. The others are still shown.
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
 * Takes one question from each product in turn: about the aspects that most reviews mention and the question does not,
 * and about complaints. Each topic is used once.
 */
function questions(products, { question }) {
  const asked = question.toLowerCase();
  const lists = products.map((about) => {
    const fresh = about.aspects.filter(({ name }) => !asked.includes(name.toLowerCase()));
    const offers = fresh.map(({ name }) => ({ about, topic: name, text: aspectQuestion(name, about.title) }));
    if (about.worst_quotes.length > 0) offers.splice(1, 0, { about, topic: null, text: complaintQuestion(about.title) });
    return offers;
  });
  const longest = Math.max(...lists.map((offers) => offers.length));
  const turns = Array.from({ length: longest }, (_, place) => lists.flatMap((offers) => offers.slice(place, place + 1)));
  const topics = new Set();
  const isNew = ({ topic }) => !topics.has(topic) && topics.add(topic);
  return turns.flat().filter(isNew).slice(0, MOST_QUESTIONS);
}
