// A model that gantk exported, in Node: npm install, then what `usage` says.

import { readFile, writeFile } from "node:fs/promises";
import * as ort from "onnxruntime-web";
import { generate, openModel, translate } from "../../gantk_exports/web/model.mjs";
import { decode, encode } from "./pictures.mjs";

const wanted = { translate: "MODEL.onnx IN.png|IN.jpg OUT.png|OUT.jpg", generate: "MODEL.onnx SEED OUT.png|OUT.jpg" };

const usage = `usage: node app.mjs translate ${wanted.translate}
       node app.mjs generate ${wanted.generate}      (sample 0 of SEED, a whole number below 2^64)

MODEL.json, which gantk export writes too, lies beside MODEL.onnx.`;

/** Says in one line what was called wrongly, and how it is called. */
function check([task, , source, target, ...further]) {
  if (!Object.hasOwn(wanted, task ?? "")) {
    throw new Error(`${task === undefined ? "no task" : `no task is called ${task}`}: say translate or generate, as node app.mjs --help shows`);
  }
  if (target === undefined || further.length) throw new Error(`${task} takes three arguments: node app.mjs ${task} ${wanted[task]}`);
  const seed = /^\d{1,20}$/.test(source) && BigInt(source) < 2n ** 64n;
  if (task === "generate" && !seed) throw new Error(`${source} is no seed: give a whole number from 0 to 2^64 - 1`);
}

async function main(given) {
  const [task, name, source, target] = given;
  if (["-h", "--help"].includes(task)) return console.log(usage);
  check(given);
  const to = encode(target);
  const model = await openModel(ort, name, readFile);
  const does = model.card["gantk.task"];
  if (does !== task) throw new Error(`${name} is a model that ${does}s images`);
  const image =
    task === "translate"
      ? await translate(model, decode(await readFile(source), source))
      : (await generate(model, { count: 1, seed: BigInt(source) }))[0];
  await writeFile(target, to(image));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
