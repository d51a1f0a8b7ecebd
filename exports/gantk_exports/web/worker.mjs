// Runs one model beside the page, so that the page stays quick: a message in, an answer of the same number out.

import * as ort from "./onnxruntime/ort.wasm.min.mjs";
import { generate, measure, openModel, translate } from "./model.mjs";

ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;

let model;

const tasks = {
  async open({ name, bytes }) {
    const progress = (loaded) => self.postMessage({ loaded, total: bytes });
    model = await openModel(ort, `models/${name}.onnx`, (file) => read(file, progress));
  },
  translate: ({ image, said }) => translate(model, image, said),
  measure: ({ image, said }) => measure(model, image, said),
  generate: (asked) => generate(model, asked),
};

async function read(file, progress) {
  const answer = await fetch(file.split("/").map(encodeURIComponent).join("/"));
  if (!answer.ok) throw new Error(`${file} could not be loaded (${answer.status})`);
  const chunks = [];
  let loaded = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    if (file.endsWith(".onnx")) progress(loaded);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

self.addEventListener("message", async ({ data: { number, task, asked } }) => {
  try {
    const result = await tasks[task](asked);
    const buffers = [result ?? []].flat().flatMap((one) => (one.data ? [one.data.buffer] : []));
    self.postMessage({ number, result }, buffers);
  } catch (error) {
    self.postMessage({ number, problem: error?.message ?? `ONNX Runtime failed (${error})` });
  }
});
