// A model that gantk exported, in Node: npm install, then
//   node app.mjs translate a_to_b.onnx in.png out.png
//   node app.mjs generate generator.onnx 7 out.png        (sample 0 of seed 7)

import { readFile, writeFile } from "node:fs/promises";
import * as ort from "onnxruntime-web";
import { PNG } from "pngjs";
import { generate, openModel, translate } from "../../gantk_exports/web/model.mjs";

const [task, name, source, target] = process.argv.slice(2);
try {
  const model = await openModel(ort, name, readFile);
  if (model.card["gantk.task"] !== task) throw new Error(`${name} is a model that ${model.card["gantk.task"]}s images`);
  const image =
    task === "translate"
      ? await translate(model, PNG.sync.read(await readFile(source)))
      : (await generate(model, { count: 1, seed: BigInt(source) }))[0];
  const png = Object.assign(new PNG({ width: image.width, height: image.height }), { data: Buffer.from(image.data) });
  await writeFile(target, PNG.sync.write(png));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
