// Owns which words of a quote have to do with a question. Text in, text nodes and <mark> elements out.

import { make } from "./dom.js";

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Words that every question has. */
const COMMON = new Set(
  ("about and any are best better buy buyers can complain did does find for from get good has have how into its like most much " +
    "not one people product say says should tell than that the them there these they this was what when which who why will with worth " +
    "would you your").split(" "),
);
/** Endings by which forms of one word differ. */
const ENDING = /(?:ing|ed|es|s|ly)$/;
const SHORTEST = 3;

/** The text as nodes, with the words marked that share their stem with a word of the question. */
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
