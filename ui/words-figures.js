// Owns the wording of the live figures, fetched with them. Pure functions, no DOM.

import { duration } from "./words.js";

const number = new Intl.NumberFormat("en");

/** The words of the figures. */
export const FIGURES = {
  title: "Live figures",
  speed: "Tokens per second",
  decode: "Writing, median",
  prefill: "Reading, median",
  written: "Tokens written",
  queue: "Being answered and waiting",
  running: "Being answered",
  waiting: "Waiting",
  rejected: "Turned away",
  questions: "Questions",
  outcomes: {
    answered: "Answered", extractive: "Quoted", no_evidence: "No evidence", overloaded: "Turned away", cancelled: "Stopped", error: "Failed",
  },
  latency: "Times",
  times: "Count",
  stages: { first_token: "First word", answer: "Whole answer", queue: "Queue", retrieval: "Retrieval", embedding: "Embedding" },
  grounding: "Sentences checked",
  verdicts: { supported: "Supported", unsupported: "Left out", none: "No claim" },
  grounded: "Supported, mean of answers",
  thumbs: "Thumbs up / down",
  cache: "What was saved",
  prefix: "Prompt tokens from the cache",
  lookup: "Guessed tokens accepted",
  memory: "Cache memory",
  index: "Index",
  reviews: "Reviews",
  products: "Products",
  passages: "Passages",
  recall: "Recall",
  server: "Server",
  status: "Status",
  uptime: "Running for",
  version: "Version",
  device: "Computes on",
};

export function amountWords(amount) {
  return number.format(amount);
}

export function rateWords(rate) {
  return Number.isFinite(rate) ? `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} /s` : "–";
}

export function secondsWords(seconds) {
  return Number.isFinite(seconds) ? duration(seconds * 1000) : "–";
}

export function shareWords(share) {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "–";
}

export function sizeWords(bytes) {
  return `${number.format(Math.round(bytes / 2 ** 20))} MiB`;
}

export function uptimeWords(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${number.format(hours)} h ${minutes} min` : minutes > 0 ? `${minutes} min` : `${Math.round(seconds)} s`;
}

/** What a line over time shows. */
export function lineWords(last, most) {
  return `Now ${last}, at most ${most}`;
}
