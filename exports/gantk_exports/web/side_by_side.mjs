// Other models on the same picture, each in a worker of its own.

import { isImage } from "./model.mjs";
import { element, megabytes, paint } from "./page.mjs";
import { Session, newest } from "./session.mjs";

export class SideBySide {
  #shown = new Map(); // By a model's name {session, figure, refresh}.
  #current; // The model that the page shows, which is none of these.
  #asked; // The image that was asked for last.

  /** `models` are all of the page, `cardOf(name)` gives the promise of a card. */
  constructor(models, cardOf) {
    this.models = models;
    this.cardOf = cardOf;
  }

  /** Offers the models that translate a picture alone, but for the one that the page shows. */
  async open(current, card) {
    this.#current = current;
    this.#hide(current);
    element("beside").hidden = true;
    if (!translatesAlone(card)) return;
    const cards = await Promise.all(this.models.map(({ name }) => this.cardOf(name).catch(() => null)));
    if (this.#current !== current) return;
    const others = this.models.filter(({ name }, place) => name !== current && cards[place] && translatesAlone(cards[place]));
    element("beside").hidden = !others.length;
    element("beside").querySelector("div").replaceChildren(...others.map((model) => this.#choice(model)));
  }

  /** Asks all that are chosen for an image; without one nothing is shown of them. */
  show(image) {
    this.#asked = image;
    element("beside-results").hidden = !image || !this.#shown.size;
    for (const { refresh } of this.#shown.values()) refresh();
  }

  #choice(model) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: this.#shown.has(model.name) });
    box.addEventListener("change", () => (box.checked ? this.#add(model) : this.#hide(model.name)));
    label.append(box, ` ${model.name}`);
    return label;
  }

  #add(model) {
    const figure = document.createElement("figure");
    const canvas = Object.assign(document.createElement("canvas"), { hidden: true });
    const caption = Object.assign(document.createElement("figcaption"), { textContent: model.name });
    figure.append(canvas, caption);
    element("beside-results").append(figure);
    const session = new Session();
    const ready = session.open(model, (loaded, total) => (caption.textContent = `${model.name}: ${megabytes(loaded)} of ${megabytes(total)}`));
    const refresh = newest(async () => {
      try {
        await ready;
        caption.textContent = this.#asked ? `${model.name}: working …` : model.name;
        const answer = this.#asked && (await session.ask("translate", { image: this.#asked, said: {} }));
        canvas.hidden = !answer;
        if (answer) paint(canvas, answer);
        caption.textContent = model.name;
      } catch (error) {
        canvas.hidden = true;
        caption.textContent = `${model.name} could not do this: ${error.message}`;
      }
    });
    this.#shown.set(model.name, { session, figure, refresh });
    this.show(this.#asked);
  }

  #hide(name) {
    const { session, figure } = this.#shown.get(name) ?? {};
    session?.close();
    figure?.remove();
    this.#shown.delete(name);
    element("beside-results").hidden = !this.#asked || !this.#shown.size;
  }
}

/** Whether a model translates an image, and nothing else must be said. */
function translatesAlone(card) {
  const [first, ...others] = card["gantk.inputs"];
  return (
    card["gantk.task"] === "translate" &&
    first.kind === "image" &&
    others.every((port) => !isImage(port) && port.kind !== "caption" && (port.kind === "latent" || port.default !== undefined))
  );
}
