// Highlights the words of a quote that match the question. Input: text. Output: text nodes and <mark> elements.

import { make } from "./dom.js";

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Common words of questions (stop words). */
const COMMON = new Set(
  ("about and any are best better buy buyers can complain did does find for from get good has have how into its like most much " +
    "not one people product say says should tell than that the them there these they this was what when which who why will with worth " +
    "would you your").split(" "),
);
/** Suffixes that the stemmer removes. */
const ENDING = /(?:ing|ed|es|s|ly)$/;
const SHORTEST = 3;

/** The text as nodes. Words that have the same stem as a word of the question are marked. */
export function marked(text, question) {
  const wanted = new Set(words(question).filter((word) => word.length >= SHORTEST && !COMMON.has(word)).map(stem));
  const nodes = [];
  let from = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (!wanted.has(stem(word.toLowerCase()))) continue;
    nodes.push(text.slice(from, index), make("mark", "", word));
    from = index + word.length;
  }
  return [...nodes, text.slice(from)];
}

function words(text) {
  return text.toLowerCase().match(WORD) ?? [];
}

function stem(word) {
  const bare = word.replace(ENDING, "");
  return bare.length >= SHORTEST ? bare : word;
}
