// Runs one model beside the page, so that the page stays quick: a message in, an answer of the same number out.

import * as ort from "./onnxruntime/ort.wasm.min.mjs";
import { read } from "./bytes.mjs";
import { generate, measure, openModel, translate } from "./model.mjs";

ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;

let model;

const tasks = {
  async open({ name, runtime }) {
    ort.env.wasm.wasmBinary = runtime;
    const progress = (file) => (file.endsWith(".onnx") ? (loaded) => self.postMessage({ loaded }) : undefined);
    model = await openModel(ort, `models/${name}.onnx`, (file) => read(file, progress(file)));
  },
  translate: ({ image, said }) => translate(model, image, said),
  measure: ({ image, said }) => measure(model, image, said),
  generate: (asked) => generate(model, asked),
};

self.addEventListener("message", async ({ data: { number, task, asked } }) => {
  try {
    const result = await tasks[task](asked);
    const buffers = [result ?? []].flat().flatMap((one) => (one.data ? [one.data.buffer] : []));
    self.postMessage({ number, result }, buffers);
  } catch (error) {
    self.postMessage({ number, problem: error?.message ?? `ONNX Runtime failed (${error})` });
  }
});
