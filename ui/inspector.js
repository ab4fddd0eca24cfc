// The inspector ("Why this answer"): shows the server's trace of an answer as tables. It does not depend on field names,
// so it also shows the fields of a newer server.

import { make } from "./dom.js";
import { SAY } from "./words.js";

/** Longer texts get a block of their own. */
const LONG_CHARS = 120;

/** `trace` is any JSON object. The element is closed at first. */
export function inspector(trace) {
  return make("details", "trace", make("summary", "", SAY.trace), value(trace));
}

function value(any) {
  if (Array.isArray(any)) return list(any);
  if (any !== null && typeof any === "object") return object(any);
  const text = plain(any);
  if (text.length <= LONG_CHARS && !text.includes("\n")) return make("span", "", text);
  // A long text has its own scrollbar, which also works with the keyboard.
  return Object.assign(make("pre", "", text), { tabIndex: 0, role: "group", ariaLabel: SAY.trace });
}

function object(any) {
  const pairs = Object.entries(any).map(([name, each]) => make("div", "", make("dt", "", label(name)), make("dd", "", value(each))));
  return make("dl", "trace-object", ...pairs);
}

function list(items) {
  if (items.length === 0) return make("span", "", SAY.nothing);
  if (items.every((item) => item !== null && typeof item === "object" && !Array.isArray(item))) return table(items);
  if (items.some((item) => item !== null && typeof item === "object")) return make("ol", "", ...items.map((item) => make("li", "", value(item))));
  return value(items.map(plain).join(", "));
}

/** One row per object, and one column per field of any object. */
function table(items) {
  const columns = [...new Set(items.flatMap(Object.keys))];
  const heads = columns.map((name) => Object.assign(make("th", "", label(name)), { scope: "col" }));
  const rows = items.map((item) => make("tr", "", ...columns.map((name) => make("td", "", name in item ? value(item[name]) : ""))));
  const frame = make("div", "table-frame", make("table", "trace-table", make("thead", "", make("tr", "", ...heads)), make("tbody", "", ...rows)));
  Object.assign(frame, { tabIndex: 0, role: "group", ariaLabel: SAY.trace });
  return frame;
}

function label(name) {
  return name.replaceAll("_", " ");
}

function plain(any) {
  if (typeof any === "number" && !Number.isInteger(any)) return String(Number(any.toPrecision(4)));
  return any === null || any === "" ? SAY.nothing : String(any);
}
