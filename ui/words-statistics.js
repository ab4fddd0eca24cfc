// The texts of the statistics view, loaded together with it. Pure functions, no DOM.

import { duration } from "./words.js";

const number = new Intl.NumberFormat("en");

/** Fixed texts. */
export const STATISTICS = {
  title: "Live statistics",
  speed: "Tokens per second",
  decode: "Generation, median",
  prefill: "Prompt, median",
  written: "Tokens written",
  queue: "Running and waiting",
  running: "Running",
  waiting: "Waiting",
  rejected: "Rejected",
  questions: "Questions",
  outcomes: {
    answered: "Answered", extractive: "Told by rule", no_evidence: "No evidence", overloaded: "Rejected", cancelled: "Stopped", error: "Failed",
  },
  latency: "Latency",
  times: "Count",
  stages: { first_token: "First word", answer: "Whole answer", queue: "Queue", retrieval: "Retrieval", embedding: "Embedding" },
  grounding: "Checked sentences",
  verdicts: { supported: "Supported", unsupported: "Left out", none: "No claim" },
  grounded: "Supported share, average per answer",
  thumbs: "Thumbs up / down",
  cache: "Caches",
  prefix: "Prompt tokens from the cache",
  lookup: "Draft tokens accepted",
  memory: "Cache memory",
  index: "Index",
  reviews: "Reviews",
  products: "Products",
  passages: "Passages",
  recall: "Recall",
  server: "Server",
  status: "Status",
  uptime: "Uptime",
  version: "Version",
  device: "Device",
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

/** The label of a line chart. */
export function lineWords(last, most) {
  return `Now ${last}, maximum ${most}`;
}
