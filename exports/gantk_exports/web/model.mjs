// A model with the card that `gantk export` wrote beside it, run by ONNX Runtime, in a browser or in Node.
// Images are {data, width, height} of RGBA bytes; what a model takes and gives, its card says (docs/models.md).

import { fitted } from "./fitting.mjs";
import { category, latent } from "./random.mjs";

/** Opens NAME.onnx and NAME.json; `read(name)` gives a file's bytes, `ort` is onnxruntime-web or onnxruntime-node. */
export async function openModel(ort, name, read) {
  const card = JSON.parse(new TextDecoder().decode(await read(name.replace(/\.onnx$/, ".json"))));
  for (const { kind, dtype, layout } of [...card["gantk.inputs"], ...card["gantk.outputs"]]) {
    if (kind === "image" && (dtype !== "uint8" || layout !== "NHWC")) {
      throw new Error(`${name} has images of ${dtype} ${layout}, not of 8 bits as they are`);
    }
  }
  return { ort, card, session: await ort.InferenceSession.create(await read(name)) };
}

/** Height and width of the images that a model takes, where it takes no other. */
export function sides(card) {
  const size = card["gantk.size"];
  return typeof size === "number" ? [size, size] : size;
}

/** Translates an image; it keeps its size, or becomes what the model's one size leaves of it. */
export async function translate(model, image) {
  const taken = take(model, image);
  const [answer] = await images(model, await model.session.run(taken.tensors));
  if (taken.alpha && model.card["gantk.outputs"][0].channels !== 4) {
    for (let pixel = 0; pixel < taken.alpha.length; pixel++) answer.data[4 * pixel + 3] = taken.alpha[pixel];
  }
  return answer;
}

/** Encodes or scores an image: the numbers of each output, by name. */
export async function measure(model, image) {
  const answers = await model.session.run(take(model, image).tensors);
  return Object.fromEntries(model.card["gantk.outputs"].map(({ name }) => [name, Array.from(answers[name].data, Number)]));
}

/** Generates `count` images of a seed (a BigInt) from sample `start` on; `said` gives inputs by name, as arrays. */
export async function generate(model, { count, seed = 0n, start = 0, truncation, said = {} }) {
  const most = model.card["gantk.batch"] ?? count;
  if (count > most) {
    const parts = [];
    for (let from = 0; from < count; from += most) {
      const rows = Object.entries(said).map(([name, values]) => [name, values.slice(from, from + most)]);
      parts.push(...(await generate(model, { count: most, seed, start: start + from, truncation, said: Object.fromEntries(rows) })));
    }
    return parts;
  }
  const given = Object.fromEntries(
    model.card["gantk.inputs"].map((port) => {
      const rows = Array.from({ length: count }, (_, row) => said[port.name]?.[row] ?? drawn(port, seed, start + row, truncation));
      const tensor =
        port.kind === "category"
          ? new model.ort.Tensor("int64", BigInt64Array.from(rows, BigInt), [count])
          : new model.ort.Tensor("float32", Float32Array.from(rows.flat()), [count, port.length]);
      return [port.name, tensor];
    }),
  );
  return images(model, await model.session.run(given));
}

/** What a seed gives an input in one sample: a category's index, or a latent's numbers. */
export function drawn(port, seed, sample, truncation) {
  if (port.kind === "category") return category(port, seed, BigInt(sample));
  return Array.from({ length: port.length }, (_, place) => latent(port, seed, BigInt(sample), BigInt(place), truncation));
}

/** The tensors that an image becomes, and its alpha channel where the model does not take it. */
function take({ ort, card }, { data, width, height }) {
  const { name, channels } = card["gantk.inputs"][0];
  let pixels = new Uint8Array(width * height * channels);
  let alpha = new Uint8Array(width * height);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    alpha[pixel] = data[4 * pixel + 3];
    const share = channels === 4 ? 1 : alpha[pixel] / 255;
    const over = (channel) => Math.round(255 + (data[4 * pixel + channel] - 255) * share);
    if (channels === 1) pixels[pixel] = (over(0) * 19595 + over(1) * 38470 + over(2) * 7471 + 32768) >> 16;
    else for (let channel = 0; channel < 3; channel++) pixels[channels * pixel + channel] = over(channel);
    if (channels === 4) pixels[4 * pixel + 3] = alpha[pixel];
  }
  const opaque = channels === 4 || alpha.every((value) => value === 255);
  const wanted = sides(card);
  if (wanted) {
    pixels = fitted(pixels, width, height, channels, wanted);
    if (!opaque) alpha = fitted(alpha, width, height, 1, wanted);
    [height, width] = wanted;
  }
  const tensors = { [name]: new ort.Tensor("uint8", pixels, [1, height, width, channels]) };
  return { tensors, alpha: opaque ? null : alpha };
}

/** The images that a model gave, as RGBA bytes. */
async function images({ card }, answers) {
  const { name, channels } = card["gantk.outputs"][0];
  const { data, dims } = answers[name];
  const [count, height, width] = dims;
  return Array.from({ length: count }, (_, image) => {
    const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const from = (image * width * height + pixel) * channels;
      for (let i = 0; i < Math.max(3, channels); i++) rgba[4 * pixel + i] = data[channels === 1 ? from : from + i];
    }
    return { data: rgba, width, height };
  });
}
