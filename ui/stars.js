// Star ratings: a rating as a row of five stars, and a histogram of all ratings.

import { make } from "./dom.js";
import { drawing } from "./icons.js";
import { barWords, starWords } from "./words.js";

const STAR = "m8 1 2.1 4.4 4.9.6-3.6 3.4.9 4.8L8 11.8l-4.3 2.4.9-4.8L1 6l4.9-.6z";

export function stars(rating) {
  const svg = drawing("svg", { class: "stars", viewBox: "0 0 88 16", role: "img", "aria-label": starWords(rating) });
  for (let place = 0; place < 5; place += 1) {
    const kind = place < Math.round(rating) ? "star-full" : "star-empty";
    svg.append(drawing("path", { d: STAR, transform: `translate(${place * 18} 0)`, class: kind }));
  }
  return svg;
}

/** `counts` are the numbers of ratings with one to five stars. Five stars are shown at the top. */
export function histogram(counts) {
  const most = Math.max(1, ...counts);
  const rows = counts.map((count, place) => {
    const bar = drawing("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img" });
    bar.setAttribute("aria-label", barWords(place + 1, count));
    bar.append(drawing("rect", { width: (100 * count) / most, height: 6 }));
    const [label, figure] = [make("span", "", String(place + 1)), make("span", "", String(count))];
    for (const silent of [label, figure]) silent.setAttribute("aria-hidden", "true");
    return make("li", "histogram-row", label, bar, figure);
  });
  return make("ul", "histogram", ...rows.reverse());
}
