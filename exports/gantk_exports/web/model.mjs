// What the apps share: a model with the card that `gantk export` wrote beside it, run by ONNX Runtime.

import { category, latent } from "./random.mjs";

/** Opens NAME.onnx and NAME.json; `read(name)` gives a file's bytes, `ort` is onnxruntime-web or onnxruntime-node. */
export async function openModel(ort, name, read) {
  const card = JSON.parse(new TextDecoder().decode(await read(name.replace(/\.onnx$/, ".json"))));
  const session = await ort.InferenceSession.create(await read(name));
  const port = (end) => card[`gantk.${end}`][0];
  if (card["gantk.task"] !== "generate" && (port("inputs").dtype !== "uint8" || port("inputs").layout !== "NHWC")) {
    throw new Error(`${name} takes ${port("inputs").dtype} ${port("inputs").layout}, not 8-bit images as they are`);
  }
  return { ort, card, session, port };
}

/** Translates an image {data, width, height} of RGBA bytes into another one; transparency lies over white. */
export async function translate({ ort, card, session, port }, { data, width, height }) {
  const size = card["gantk.size"];
  if (size && (width !== size || height !== size)) throw new Error(`the model takes ${size} x ${size} pixels alone`);
  const { name, channels } = port("inputs");
  const pixels = new Uint8Array(width * height * channels);
  for (let from = 0, to = 0; from < data.length; from += 4, to += channels) {
    const share = channels === 4 ? 1 : data[from + 3] / 255;
    const [red, green, blue] = [0, 1, 2].map((i) => Math.round(255 + (data[from + i] - 255) * share));
    const grey = (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16;
    pixels.set(channels === 1 ? [grey] : [red, green, blue, data[from + 3]].slice(0, channels), to);
  }
  const image = new ort.Tensor("uint8", pixels, [1, height, width, channels]);
  return (await images(session, port, { [name]: image }))[0];
}

/** Generates `count` images of a seed (a BigInt) from sample `start` on; `said` gives inputs by name, as arrays. */
export async function generate({ ort, card, session, port }, { count, seed = 0n, start = 0, truncation, said = {} }) {
  const given = {};
  for (const input of card["gantk.inputs"]) {
    const each = (value) => Array.from({ length: count }, (_, row) => value(BigInt(start + row), row));
    if (input.kind === "category") {
      const indices = each((sample, row) => BigInt(said[input.name]?.[row] ?? category(input, seed, sample)));
      given[input.name] = new ort.Tensor("int64", BigInt64Array.from(indices), [count]);
    } else {
      const places = Array.from({ length: input.length }, (_, place) => BigInt(place));
      const vectors = each(
        (sample, row) => said[input.name]?.[row] ?? places.map((place) => latent(input, seed, sample, place, truncation)),
      );
      given[input.name] = new ort.Tensor("float32", Float32Array.from(vectors.flat()), [count, input.length]);
    }
  }
  return images(session, port, given);
}

async function images(session, port, given) {
  const { name, channels } = port("outputs");
  const { data, dims } = (await session.run(given))[name];
  const [count, height, width] = dims;
  const place = (from, i) => (channels === 1 ? from : from + i);
  return Array.from({ length: count }, (_, image) => {
    const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const from = (image * width * height + pixel) * channels;
      for (let i = 0; i < Math.max(3, channels); i++) rgba[4 * pixel + i] = data[place(from, i)];
    }
    return { data: rgba, width, height };
  });
}
