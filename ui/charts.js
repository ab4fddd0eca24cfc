// Two small charts: a line over time, and bars for parts of a whole. Both also show their values as text.

import { make } from "./dom.js";
import { drawing } from "./icons.js";
import { amountWords, lineWords } from "./words-statistics.js";

const [WIDTH, HEIGHT] = [240, 48];

/** Values from the oldest to the newest; `words` formats one value. */
export function lines(values, words) {
  const most = Math.max(...values, 1e-9);
  const last = values.at(-1) ?? 0;
  const svg = drawing("svg", { class: "line-chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  svg.setAttribute("aria-label", lineWords(words(last), words(values.length > 0 ? most : 0)));
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, place) => `${(place * step).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`);
  if (points.length > 1) svg.append(drawing("polyline", { points: points.join(" "), "vector-effect": "non-scaling-stroke" }));
  return make("div", "", make("p", "figure", words(last)), svg);
}

/** `[label, amount]` pairs. */
export function shares(pairs) {
  const most = Math.max(1, ...pairs.map(([, amount]) => amount));
  const rows = pairs.map(([label, amount]) => {
    const svg = drawing("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(drawing("rect", { width: (100 * amount) / most, height: 6 }));
    return make("li", "share", make("span", "", label), svg, make("span", "share-amount", amountWords(amount)));
  });
  return make("ul", "shares", ...rows);
}
