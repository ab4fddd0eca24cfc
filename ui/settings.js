// Owns what the visitor switches on and off, kept in the browser.

const KEPT_AS = "inspector";

let inspects = false;
try {
  inspects = localStorage.getItem(KEPT_AS) === "on";
} catch {
  // Storage is switched off: the switch holds until the page is left.
}

/** Whether the server is asked to tell how it came to its answers. */
export function isInspecting() {
  return inspects;
}

/** Ties the checkbox to it. */
export function bindInspector(checkbox) {
  checkbox.checked = inspects;
  checkbox.addEventListener("change", () => {
    inspects = checkbox.checked;
    try {
      localStorage.setItem(KEPT_AS, inspects ? "on" : "off");
    } catch {
      // As above.
    }
  });
}
