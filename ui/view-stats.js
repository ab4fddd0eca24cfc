// Owns the live figures of the server, for shops without a dashboard: asked for every two seconds while they are shown.

import { lines, shares } from "./charts.js";
import { make } from "./dom.js";
import { json } from "./requests.js";
import { amountWords, FIGURES, rateWords, secondsWords, shareWords, sizeWords, uptimeWords } from "./words-figures.js";

const POLL_MS = 2000;
/** Two minutes of lines. */
const MOST_SAMPLES = 60;

export async function show(place) {
  const samples = [];
  let now = await json("/api/stats");
  const title = make("h2", "view-title", FIGURES.title);
  const board = make("div", "product-parts");
  place.replaceChildren(title, board);
  while (place.isConnected) {
    samples.push({ at: performance.now() / 1000, stats: now });
    if (samples.length > MOST_SAMPLES) samples.shift();
    board.replaceChildren(...panels(now, samples));
    await new Promise((later) => setTimeout(later, POLL_MS));
    if (place.isConnected && !document.hidden) now = await json("/api/stats");
  }
}

function panels(stats, samples) {
  const { speed, latency, queue, questions, cache, grounding, feedback, index, server } = stats;
  return [
    panel(FIGURES.speed, lines(rates(samples, (each) => each.speed.generated_tokens), rateWords), facts([
      [FIGURES.decode, rateWords(speed.decode_tokens_per_second.p50)],
      [FIGURES.prefill, rateWords(speed.prefill_tokens_per_second.p50)],
      [FIGURES.written, amountWords(speed.generated_tokens)],
    ])),
    panel(FIGURES.queue, lines(samples.map(({ stats: each }) => each.queue.running + each.queue.waiting), amountWords), facts([
      [FIGURES.running, amountWords(queue.running)],
      [FIGURES.waiting, amountWords(queue.waiting)],
      [FIGURES.rejected, amountWords(queue.rejected)],
    ])),
    panel(FIGURES.questions, shares(Object.entries(questions).map(([name, amount]) => [FIGURES.outcomes[name] ?? name, amount]))),
    panel(FIGURES.latency, percentiles(latency)),
    panel(FIGURES.grounding, shares(["supported", "unsupported", "none"].map((name) => [FIGURES.verdicts[name], grounding[name]])), facts([
      [FIGURES.grounded, shareWords(grounding.ratio.mean)],
      [FIGURES.thumbs, `${amountWords(feedback.up)} / ${amountWords(feedback.down)}`],
    ])),
    panel(FIGURES.cache, facts([
      [FIGURES.prefix, shareWords(cache.prefix_queries > 0 ? cache.prefix_hits / cache.prefix_queries : null)],
      [FIGURES.lookup, shareWords(cache.lookup_drafted > 0 ? cache.lookup_accepted / cache.lookup_drafted : null)],
      [FIGURES.memory, `${sizeWords(cache.kv_bytes)} / ${sizeWords(cache.kv_capacity_bytes)}`],
    ])),
    panel(FIGURES.index, facts([
      [FIGURES.reviews, amountWords(index.reviews)],
      [FIGURES.products, amountWords(index.products)],
      [FIGURES.passages, amountWords(index.passages)],
      [FIGURES.recall, shareWords(index.recall)],
    ])),
    panel(FIGURES.server, facts([
      [FIGURES.status, stats.status],
      [FIGURES.uptime, uptimeWords(stats.uptime_seconds)],
      [FIGURES.version, server.version],
      [FIGURES.device, [server.device, `${server.threads} threads`].filter(Boolean).join(", ")],
      ...server.models.map(({ role, name, sha256 }) => [`${role} model`, [name, sha256?.slice(0, 12)].filter(Boolean).join(", ")]),
    ])),
  ];
}

/** What grew between one sample and the next, per second. */
function rates(samples, of) {
  return samples.slice(1).map((sample, place) => {
    const before = samples[place];
    return Math.max(0, (of(sample.stats) - of(before.stats)) / (sample.at - before.at));
  });
}

function percentiles(latency) {
  const cells = (tag, texts) => texts.map((text) => make(tag, "", text));
  const rows = Object.entries(latency).map(([name, { count, p50, p90, p99 }]) => {
    const head = Object.assign(make("th", "", FIGURES.stages[name] ?? name), { scope: "row" });
    return make("tr", "", head, ...cells("td", [amountWords(count), ...[p50, p90, p99].map(secondsWords)]));
  });
  const heads = cells("th", ["", FIGURES.times, "p50", "p90", "p99"]);
  heads.splice(0, 1, make("td", ""));
  return make("table", "figures", make("caption", "unseen", FIGURES.latency), make("thead", "", make("tr", "", ...heads)), make("tbody", "", ...rows));
}

function facts(pairs) {
  return make("dl", "facts", ...pairs.map(([name, figure]) => make("div", "", make("dt", "", name), make("dd", "", figure))));
}

function panel(title, ...content) {
  return make("section", "panel", make("h3", "", title), ...content);
}
