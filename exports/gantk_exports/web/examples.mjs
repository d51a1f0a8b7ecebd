// The pictures that come with a model, there to be clicked.

import { element } from "./page.mjs";

export class Examples {
  #files = []; // Promises of the pictures, in order.

  /** `chosen(file)` hears of a picture that was clicked. */
  constructor(chosen) {
    this.chosen = chosen;
  }

  /** Shows those of a model: {name, examples}, the names of their files. */
  open({ name, examples }) {
    const places = examples.map((file) => ["models", `${name}.examples`, file].map(encodeURIComponent).join("/"));
    this.#files = places.map((place, number) => picture(place, examples[number]));
    element("examples").hidden = !places.length;
    element("examples").querySelector("div").replaceChildren(...places.map((place, number) => this.#thumbnail(place, number)));
  }

  /** The pictures as files. */
  async files() {
    return (await Promise.all(this.#files)).filter(Boolean);
  }

  /** Marks the one of these files that is shown, if one is. */
  async mark(file) {
    const shown = (await this.files()).indexOf(file);
    [...element("examples").querySelectorAll("button")].forEach((button, number) => button.setAttribute("aria-pressed", number === shown));
  }

  #thumbnail(place, number) {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.append(Object.assign(document.createElement("img"), { src: place, alt: `Example ${number + 1}` }));
    button.addEventListener("click", async () => this.chosen(await this.#files[number]));
    return button;
  }
}

async function picture(place, name) {
  const answer = await fetch(place);
  return answer.ok ? new File([await answer.blob()], name) : undefined;
}
