// A model in its worker, as the page sees it.

import { read } from "./bytes.mjs";

const RUNTIME = "onnxruntime/ort-wasm-simd-threaded.wasm";

let runtime; // The promise of ONNX Runtime's bytes, which all workers get.

export class Session {
  #worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
  #waiting = new Map();
  #number = 0;
  #closed = false;
  #progress = () => {};

  constructor() {
    this.#worker.addEventListener("message", ({ data }) => {
      if (data.loaded !== undefined) return this.#progress(data.loaded);
      const { keep, fail } = this.#waiting.get(data.number);
      this.#waiting.delete(data.number);
      return data.problem ? fail(new Error(data.problem)) : keep(data.result);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      for (const { fail } of this.#waiting.values()) fail(new Error(event.message || "the model's worker did not start"));
      this.#waiting.clear();
    });
  }

  /**
   * Loads a model, before the first one ONNX Runtime. `progress(loaded, total)` hears of the bytes of both as they come.
   * Throws where one cannot be loaded.
   */
  async open({ name, bytes }, progress) {
    const whole = Number(document.documentElement.dataset.runtime);
    const told = (loaded) => progress(loaded, whole + bytes);
    told(0);
    runtime ??= read(RUNTIME, told);
    const binary = await runtime.catch((error) => {
      runtime = undefined;
      throw error;
    });
    this.#progress = (loaded) => told(whole + loaded);
    await this.ask("open", { name, runtime: binary });
  }

  /** Asks the worker for a task of worker.mjs. Of a session that is closed meanwhile the answer is undefined. */
  async ask(task, asked) {
    if (this.#closed) return undefined;
    const number = this.#number++;
    return new Promise((keep, fail) => {
      this.#waiting.set(number, { keep, fail });
      this.#worker.postMessage({ number, task, asked });
    });
  }

  close() {
    this.#closed = true;
    this.#worker.terminate();
    for (const { keep } of this.#waiting.values()) keep(undefined);
    this.#waiting.clear();
  }
}

/** Makes of slow work what may be asked for at any rate: while it runs, of what is asked only the newest is kept. */
export function newest(work) {
  let waiting = null;
  let running = false;
  return async (...asked) => {
    waiting = asked;
    if (running) return;
    running = true;
    try {
      while (waiting) {
        const now = waiting;
        waiting = null;
        await work(...now);
      }
    } finally {
      running = false;
    }
  };
}
