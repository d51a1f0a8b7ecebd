// The list of sizes that a picture or a drawing may have.

import { element } from "./page.mjs";

const ROOMY = 512; // Pixels squared, of what comes out, that a browser makes without a long wait.
const SIZES = [2048, 1024, 512, 256, 128, 64];
const PAPER = 256; // Pixels of a drawing where the model does not say what it was trained on.

/** The longer side in pixels that was chosen. */
export const chosenSize = () => Number(element("size").value);

/** Offers the sizes of a drawing for a model. */
export function offerForDrawing(card) {
  offer(card, Infinity, trained(card) ?? PAPER);
}

/** Offers the sizes of a picture whose file has {width, height}; returns `longest`, or one that does not take long. */
export function offerForPicture(card, { width, height }, longest) {
  const whole = Math.max(width, height);
  const chosen = longest ?? (width * height <= roomy(card) ** 2 || card["gantk.size"] ? whole : roomy(card));
  offer(card, whole, chosen, new Option(`${width} × ${height}, as it is`, whole));
  return chosen;
}

/** What to say of a picture that was made smaller than its file, {width, height}, has it; or nothing. */
export function advice(card, image, { width, height }) {
  return width * height > roomy(card) ** 2 && !card["gantk.size"] && image.width !== width
    ? ` It was made smaller, since large pictures take long in a browser; ${width} × ${height} is there under Size.`
    : "";
}

function offer(card, below, chosen, ...first) {
  const sizes = [...new Set([...SIZES, trained(card), chosen])].filter((size) => size && size < below).sort((a, b) => b - a);
  const text = (size) => `${size}${size === trained(card) ? ", as in training" : ""}`;
  element("size").replaceChildren(...first, ...sizes.map((size) => new Option(text(size), size)));
  element("size").value = chosen;
}

/** The longer side of a picture that does not take long: what a model makes larger takes longer. */
function roomy(card) {
  return ROOMY / Math.max(1, card["gantk.scale"] ?? 1);
}

function trained(card) {
  const size = card["gantk.trained_size"];
  return size && Math.max(...[size].flat());
}
