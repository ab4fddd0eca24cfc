// The icons: lines in the colour of the surrounding text.

const SVG = "http://www.w3.org/2000/svg";

const LINES = {
  pen: "M4 20l4.5-1L20 7.5 16.5 4 5 15.5zM14 6.5l3.5 3.5",
  bin: "M4 7h16M9 7V4.5h6V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  again: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9M20 4v5h-5",
  up: "M7 11v9H4v-9zM7 11l4-8c2 0 2.7 1.3 2.3 3l-.8 4h6c1.2 0 1.8 1 1.6 2.1l-1.3 6.2c-.2 1-1 1.7-2 1.7H7",
  down: "M7 13V4H4v9zM7 13l4 8c2 0 2.7-1.3 2.3-3l-.8-4h6c1.2 0 1.8-1 1.6-2.1l-1.3-6.2c-.2-1-1-1.7-2-1.7H7",
};

/** An icon. Screen readers ignore it and read the label of its button. */
export function icon(name) {
  const svg = drawing("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  svg.append(drawing("path", { d: LINES[name] }));
  return svg;
}

/** An SVG element with its attributes. */
export function drawing(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
