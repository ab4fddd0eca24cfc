// Creates elements. Text is added only as text nodes, so text of reviews, models and visitors never becomes markup.

/** `make("p", "note", "text", child…)` creates an element with a class and children. Strings become text. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

export function button(className, label, onClick) {
  const element = make("button", className, label);
  element.type = "button";
  element.addEventListener("click", onClick);
  return element;
}

/** "smooth", or "auto" if the visitor prefers reduced motion. */
export function scrollBehavior() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
}
