// The colours to draw with: those of a model's example pictures, and any other.

import { decode, element } from "./page.mjs";

const SIDE = 96; // Pixels of a picture's longer side that are looked at.
const APART = 24; // How far colours are apart at least, in RGB of 0 to 255.
const SHARE = 1 / 500; // Of all pixels, below which a colour is none of the pictures'.
const COMMONNESS = 0.25; // The power at which a colour's share counts: a map's land comes before its second blue.
const MOST = 8;
const PLAIN = ["#ffffff", "#000000"]; // Where there are no pictures: paper, pen.

export class Colours {
  paper = PLAIN[0];
  #pen = PLAIN[1];

  constructor() {
    const other = element("other-colour");
    const choose = () => (this.#pen = other.value);
    other.addEventListener("input", choose);
    other.addEventListener("change", choose);
    element("colours").addEventListener("change", ({ target }) => {
      this.#pen = target.value;
      other.value = this.#pen;
    });
  }

  /** The colour that was chosen. */
  get pen() {
    return this.#pen;
  }

  /** Offers the colours of some pictures, which are files; the first is the paper's, the second the pen's. */
  async open(files) {
    const found = palette(await Promise.all(files.map((file) => decode(file, SIDE, true))));
    const [paper, pen, ...others] = found.length > 1 ? found : PLAIN.map(channels);
    this.paper = hex(paper);
    this.#pen = hex(pen);
    element("other-colour").value = this.#pen;
    element("colours").replaceChildren(...[pen, ...others, paper].map((colour) => this.#swatch(hex(colour))));
  }

  #swatch(colour) {
    const label = Object.assign(document.createElement("label"), { className: "colour" });
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "colour", value: colour });
    input.checked = colour === this.#pen;
    const text = colour === this.paper ? `${colour}, the paper's: it erases` : colour;
    input.setAttribute("aria-label", text);
    label.title = text;
    label.style.setProperty("--colour", colour);
    label.append(input);
    return label;
  }
}

/** The colours of some pictures, [r, g, b] each: the commonest, then always the one that adds most, apart and common. */
export function palette(pictures) {
  const bins = binned(pictures).sort((one, other) => other.share - one.share);
  const found = bins.slice(0, 1);
  while (found.length > 0 && found.length < MOST) {
    const apart = (bin) => Math.min(...found.map(({ colour }) => distance(colour, bin.colour)));
    const worth = (bin) => bin.share ** COMMONNESS * apart(bin);
    const best = bins.reduce((one, other) => (worth(other) > worth(one) ? other : one));
    if (apart(best) < APART) break;
    found.push(best);
  }
  return found.map(({ colour }) => colour);
}

/** The commonest colour of those with the same upper four bits, and the share of all of them: {colour, share} each. */
function binned(pictures) {
  const bins = new Map();
  let count = 0;
  for (const { data } of pictures) {
    for (let at = 0; at < data.length; at += 4, count++) {
      const opacity = data[at + 3] / 255;
      const colour = [0, 1, 2].map((channel) => Math.round(255 + (data[at + channel] - 255) * opacity));
      const code = colour.reduce((sum, value) => sum * 16 + (value >> 4), 0);
      const bin = bins.get(code) ?? bins.set(code, new Map()).get(code);
      bin.set(hex(colour), (bin.get(hex(colour)) ?? 0) + 1);
    }
  }
  return [...bins.values()].flatMap((bin) => {
    const share = [...bin.values()].reduce((sum, value) => sum + value) / count;
    const [commonest] = [...bin].reduce((one, other) => (other[1] > one[1] ? other : one));
    return share < SHARE ? [] : [{ colour: channels(commonest), share }];
  });
}

const distance = (one, other) => Math.hypot(...one.map((value, channel) => value - other[channel]));
const hex = (colour) => `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
const channels = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
