// What a model takes besides its first picture: a place for each further one, and the classes of label maps.

import { coloured, idsOf } from "./labels.mjs";
import { decode, paint, say } from "./page.mjs";

/** The places where further pictures are dropped or chosen, one for each such input of a model. */
export class FurtherPictures {
  #ports = [];
  #kept = {}; // Pictures by input.

  /** `changed()` hears of each picture that came. */
  constructor(box, changed) {
    this.box = box;
    this.changed = changed;
  }

  /** Makes the places anew. Pictures of inputs of the same name stay. */
  open(ports) {
    this.#ports = ports;
    this.#kept = Object.fromEntries(ports.flatMap(({ name }) => (this.#kept[name] ? [[name, this.#kept[name]]] : [])));
    this.box.replaceChildren(...ports.map((port) => this.#place(port)));
    this.box.hidden = !ports.length;
  }

  /** The pictures that are there, by input. */
  get said() {
    return this.#kept;
  }

  /** What to say of the inputs of which there is no picture yet, or nothing. */
  get missing() {
    const ports = this.#ports.filter(({ name }) => !this.#kept[name]);
    const things = ports.map((port) => `a ${thing(port)} for ${port.name}`).join(" and ");
    return things && `This model takes ${things} besides: drop or choose one above.`;
  }

  #place(port) {
    const place = Object.assign(document.createElement("div"), { className: "place" });
    const canvas = Object.assign(document.createElement("canvas"), { hidden: true });
    const text = Object.assign(document.createElement("p"), { textContent: `Drop a ${thing(port)} here` });
    text.prepend(Object.assign(document.createElement("strong"), { textContent: port.name }));
    const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", hidden: true });
    input.setAttribute("aria-label", port.name);
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Choose" });
    button.setAttribute("aria-label", `Choose a ${thing(port)} for ${port.name}`);
    const show = (picture) => {
      paint(canvas, shown(port, picture));
      canvas.hidden = false;
    };
    let awaited;
    const take = async (file) => {
      if (!file) return;
      say();
      awaited = file;
      try {
        const picture = await decode(file);
        if (awaited !== file) return;
        show(picture);
        this.#kept[port.name] = picture;
      } catch (error) {
        return say(`${port.name}: ${error.message}`);
      }
      this.changed();
    };
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      take(input.files[0]);
      input.value = "";
    });
    for (const type of ["dragover", "dragleave", "drop"]) {
      place.addEventListener(type, (event) => {
        // What is dropped here is not the first picture.
        event.preventDefault();
        event.stopPropagation();
        document.body.classList.remove("over");
        place.classList.toggle("over", event.type === "dragover");
      });
    }
    place.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
    place.append(canvas, text, button, input);
    if (this.#kept[port.name]) show(this.#kept[port.name]);
    return place;
  }
}

/** What an input is, in a word. */
export const thing = ({ kind }) => (kind === "labels" ? "label map" : "picture");

/** A picture as it is shown: a label map in the colours of its classes. */
export function shown(port, picture) {
  return port.kind === "labels" ? coloured(port, idsOf(port, picture), picture.width, picture.height) : picture;
}

/** The names and colours of the classes of each label map among some tensors. */
export function legends(box, ports) {
  const maps = ports.filter(({ kind }) => kind === "labels");
  box.hidden = !maps.length;
  box.replaceChildren(
    ...maps.map(({ name, palette }) => {
      const legend = Object.assign(document.createElement("details"), { open: palette.names.length <= 40 });
      const title = `${name}: ${palette.names.length} classes`;
      const list = document.createElement("ul");
      list.append(...palette.names.map((_, id) => entry(palette, id)));
      legend.append(Object.assign(document.createElement("summary"), { textContent: title }), list);
      return legend;
    }),
  );
}

function entry({ names, colours, values, ignored }, id) {
  const item = document.createElement("li");
  const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
  swatch.style.background = `rgb(${colours[id].join(" ")})`;
  const grey = values[id].length === 1 && names[id] !== `${values[id][0]}` ? ` (${values[id][0]})` : "";
  item.append(swatch, `${names[id]}${grey}${id === ignored ? ", ignored" : ""}`);
  return item;
}
