// A model that gantk exported, in Node: npm install, then what `usage` says.

import { readFile, writeFile } from "node:fs/promises";
import * as ort from "onnxruntime-web";
import { generate, isImage, openModel, translate } from "../../gantk_exports/web/model.mjs";
import { decode, encode } from "./pictures.mjs";

const wanted = { translate: "MODEL.onnx IN.png|IN.jpg OUT.png|OUT.jpg [NAME=VALUE ...]", generate: "MODEL.onnx SEED OUT.png|OUT.jpg [NAME=VALUE ...]" };

const usage = `usage: node app.mjs translate ${wanted.translate}
       node app.mjs generate ${wanted.generate}      (sample 0 of SEED, a whole number below 2^64)

NAME=VALUE says what the model takes besides: a picture or a label map by its file, a category by its name or index, a
number, a text. MODEL.json, which gantk export writes too, lies beside MODEL.onnx.`;

/** Says in one line what was called wrongly, and how it is called. */
function check([task, , source, target, ...said]) {
  if (!Object.hasOwn(wanted, task ?? "")) {
    throw new Error(`${task === undefined ? "no task" : `no task is called ${task}`}: say translate or generate, as node app.mjs --help shows`);
  }
  if (target === undefined || !said.every((each) => each.includes("="))) {
    throw new Error(`${task} takes three arguments: node app.mjs ${task} ${wanted[task]}`);
  }
  const seed = /^\d{1,20}$/.test(source) && BigInt(source) < 2n ** 64n;
  if (task === "generate" && !seed) throw new Error(`${source} is no seed: give a whole number from 0 to 2^64 - 1`);
}

/** What NAME=VALUE says of a model's inputs, as it takes them. */
async function saidOf(inputs, texts) {
  const said = {};
  for (const text of texts) {
    const [name, value] = [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)];
    const port = inputs.find((one) => one.name === name);
    if (port === undefined) throw new Error(`the model takes no ${name}, only ${inputs.map((one) => one.name).join(", ")}`);
    if (port.kind === "caption") said[name] = value;
    else if (isImage(port)) said[name] = decode(await readFile(value), value);
    else said[name] = port.names?.includes(value) ? port.names.indexOf(value) : Number(value);
    const wrong = port.kind === "category" && !(said[name] >= 0 && said[name] < port.categories);
    if (wrong || Number.isNaN(said[name])) {
      throw new Error(`${name} cannot be ${value}: it is one of ${port.names?.join(", ") || "the numbers"}`);
    }
  }
  return said;
}

async function main(given) {
  const [task, name, source, target, ...texts] = given;
  if (["-h", "--help"].includes(task)) return console.log(usage);
  check(given);
  const to = encode(target);
  const model = await openModel(ort, name, readFile);
  const does = model.card["gantk.task"];
  if (does !== task) throw new Error(`${name} is a model that ${does}s images`);
  const said = await saidOf(model.card["gantk.inputs"], texts);
  const rows = Object.fromEntries(Object.entries(said).map(([name, value]) => [name, [value]]));
  const image =
    task === "translate"
      ? await translate(model, decode(await readFile(source), source), said)
      : (await generate(model, { count: 1, seed: BigInt(source), said: rows }))[0];
  await writeFile(target, to(image));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
