// How long the model has been working on a picture, and the button that stops it.

import { element } from "./page.mjs";

const LONG = 300; // Milliseconds from which work is waited for.

export class Clock {
  #began;
  #timer;

  /** Whether work goes on that is waited for. */
  get waits() {
    return this.#began !== undefined && performance.now() - this.#began > LONG;
  }

  /** Begins with a picture {width, height}. */
  begin({ width, height }) {
    this.#began = performance.now();
    this.#timer = setInterval(() => {
      this.#show(true);
      const seconds = Math.round((performance.now() - this.#began) / 1000);
      element("said").textContent = `Working on ${width} × ${height} pixels: ${seconds} s. A smaller size is faster.`;
    }, LONG);
  }

  /** The seconds since it began, in words. */
  get seconds() {
    return `${((performance.now() - this.#began) / 1000).toFixed(1)} s`;
  }

  end() {
    clearInterval(this.#timer);
    this.#began = undefined;
    this.#show(false);
  }

  #show(busy) {
    element("compare").querySelector(".busy").hidden = !busy;
    element("compare").classList.toggle("waiting", busy);
    element("stop").hidden = !busy;
  }
}
