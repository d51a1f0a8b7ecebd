// The view of generators: the samples of a seed, and sliders for the numbers of one of them.

import { choice, line, range, reach } from "./controls.mjs";
import { drawn } from "./model.mjs";
import { download, element, paint, say, sentence } from "./page.mjs";
import { newest } from "./session.mjs";
import { unsaid } from "./words.mjs";

const SAMPLES = 12;
const TRUNCATIONS = [1.5, 1, 0.7, 0.5];

export class GeneratorView {
  #model;
  #seed = 0n;
  #chosen = 0; // Number of the sample that is shown large.
  #said = {}; // Categories, numbers and texts that were said for all samples, by input.
  #moved = {}; // Numbers of the chosen sample that were moved, by input.
  #truncation;
  #refreshAll = newest(() => this.#fill());
  #refreshOne = newest(() => this.#large());

  constructor() {
    element("seed").addEventListener("change", ({ target }) => this.#sow(target.value));
    element("dice").addEventListener("click", () => this.#sow(String(crypto.getRandomValues(new Uint32Array(1))[0])));
    element("save-sample").addEventListener("click", () =>
      download(element("sample"), `${this.#model.name}-${this.#seed}-${this.#chosen}`),
    );
  }

  /** Shows the view for a model that is loaded. */
  open(model) {
    this.#model = model;
    this.#said = {};
    this.#truncation = undefined;
    element("generate").hidden = false;
    element("save-sample").disabled = true;
    // Not among the controls of a sample, which are made anew while somebody types.
    const texts = model.card["gantk.inputs"].filter(({ kind }) => kind === "caption");
    element("texts").replaceChildren(...texts.map((port) => line(port, (text) => this.#say(port, text))));
    element("samples").replaceChildren(...Array.from({ length: SAMPLES }, (_, sample) => this.#thumbnail(sample)));
    this.#choose(0);
    this.#refreshAll();
  }

  #sow(text) {
    if (!/^\d{1,20}$/.test(text.trim()) || BigInt(text) >= 2n ** 64n) {
      return say(`A seed is a whole number from 0 to 2^64 - 1, not ${text || "nothing"}.`);
    }
    say();
    this.#seed = BigInt(text);
    element("seed").value = this.#seed;
    this.#choose(0);
    return this.#refreshAll();
  }

  #thumbnail(sample) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sample ${sample}`);
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => this.#choose(sample));
    return button;
  }

  #choose(sample) {
    this.#chosen = sample;
    this.#moved = {};
    [...element("samples").children].forEach((button, index) => button.setAttribute("aria-pressed", index === sample));
    this.#control();
    this.#refreshOne();
  }

  async #fill() {
    const said = Object.fromEntries(Object.entries(this.#said).map(([name, index]) => [name, Array(SAMPLES).fill(index)]));
    const answers = await this.#ask({ count: SAMPLES, said });
    answers?.forEach((image, sample) => paint(element("samples").children[sample].firstChild, image));
  }

  async #large() {
    const said = Object.fromEntries(Object.entries({ ...this.#said, ...this.#moved }).map(([name, value]) => [name, [value]]));
    const began = performance.now();
    const answers = await this.#ask({ count: 1, start: this.#chosen, said });
    if (!answers) return;
    paint(element("sample"), answers[0]);
    element("save-sample").disabled = false;
    const { width, height } = answers[0];
    const changed = Object.keys(this.#moved).length ? ", changed by hand" : "";
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    element("made").textContent =
      `Sample ${this.#chosen} of seed ${this.#seed}${changed}: ${width} × ${height} pixels in ${seconds} s.`;
  }

  async #ask(asked) {
    const { session, name, card } = this.#model;
    const missing = unsaid(card, this.#said);
    if (missing) return say(sentence(missing));
    try {
      return await session.ask("generate", { ...asked, seed: this.#seed, truncation: this.#truncation });
    } catch (error) {
      return say(`${name} could not do this: ${error.message}`);
    }
  }

  /** Makes the controls anew: what the chosen sample is made of. */
  #control() {
    const shown = ({ shape, kind }) => !shape && kind !== "caption";
    const ports = this.#model.card["gantk.inputs"].filter(shown).toSorted((one, other) => (one.length ?? 1) - (other.length ?? 1));
    const open = new Set([...element("inputs").querySelectorAll("details[open]")].map((details) => details.dataset.name));
    element("inputs").replaceChildren(...ports.map((port) => this.#controls(port, open)));
    const inputs = this.#model.card["gantk.inputs"];
    // Styles are truncated by the number psi, which has a slider.
    if (inputs.some(({ distribution }) => distribution === "normal") && !inputs.some(({ name }) => name === "psi")) element("inputs").append(this.#truncating());
  }

  #controls(port, open) {
    if (port.kind === "category") return this.#select(port);
    if (port.kind === "scalar") return this.#dial(port);
    const values = drawn(port, this.#seed, this.#chosen, this.#truncation);
    const slider = (place, text) =>
      range(text, ...reach(port), values[place], (value) => {
        values[place] = value;
        this.#moved[port.name] = values;
        this.#refreshOne();
      });
    if (port.length === 1) return slider(0, port.name);
    const details = Object.assign(document.createElement("details"), { open: open.has(port.name) });
    details.dataset.name = port.name;
    const title = Object.assign(document.createElement("summary"), { textContent: `${port.name}: ${port.length} numbers` });
    const back = Object.assign(document.createElement("button"), { type: "button", textContent: "As the seed gives them" });
    back.addEventListener("click", () => this.#choose(this.#chosen));
    const sliders = Object.assign(document.createElement("div"), { className: "sliders" });
    sliders.append(...Array.from(values, (_, place) => slider(place, `${place}`)));
    details.append(title, back, sliders);
    return details;
  }

  #dial(port) {
    return range(port.name, ...reach(port), this.#said[port.name] ?? port.default, (value) => this.#say(port, value));
  }

  #say({ name }, value) {
    this.#said[name] = value;
    this.#refreshAll();
    this.#refreshOne();
  }

  #select(port) {
    const names = port.names.length ? port.names : Array.from({ length: port.categories }, (_, index) => String(index));
    const unsaid = port.default === undefined ? "as the seed gives it" : "as the model has it";
    return choice(port.name, [unsaid, ...names], (this.#said[port.name] ?? -1) + 1, (chosen) => {
      if (chosen) this.#said[port.name] = chosen - 1;
      else delete this.#said[port.name];
      this.#refreshAll();
      this.#refreshOne();
    });
  }

  #truncating() {
    const texts = ["off: all variety", ...TRUNCATIONS.map((value) => `beyond ${value}`)];
    return choice("truncation", texts, TRUNCATIONS.indexOf(this.#truncation) + 1, (chosen) => {
      this.#truncation = TRUNCATIONS[chosen - 1];
      this.#choose(this.#chosen);
      this.#refreshAll();
    });
  }
}
