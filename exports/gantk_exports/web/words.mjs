// Captions as numbers of their words, by the rule that a card states (docs/models.md).

/** The words of a text in their order. */
export const wordsOf = (text) => text.normalize("NFC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

const numbers = new WeakMap(); // Of each list of words the number of each.

/** The numbers of a text's words, filled up with 0. Throws where the input does not know one, or reads fewer. */
export function tokens({ name, words, length }, text) {
  if (!numbers.has(words)) numbers.set(words, new Map(words.map((word, place) => [word, place + 1])));
  const known = numbers.get(words);
  const said = wordsOf(text);
  if (text.trim() && !said.length) throw new Error(`${name} has no words: ${text}`);
  const unknown = [...new Set(said)].filter((word) => !known.has(word));
  if (unknown.length) {
    const count = said.length > 1 ? `${unknown.length} of its ${said.length} words` : "its word";
    throw new Error(`${name}: the model does not know ${count}: ${unknown.slice(0, 3).join(", ")}${unknown.length > 3 ? ` and ${unknown.length - 3} more` : ""}`);
  }
  if (said.length > length) throw new Error(`${name} has ${said.length} words, and the model reads ${length}: say fewer`);
  return [...said.map((word) => known.get(word)), ...Array(length - said.length).fill(0)];
}

/** A text of words that an input knows. */
export const example = ({ words, length }) => words.slice(0, Math.min(3, length)).join(" ");

/** What to say of the texts that a model takes and that are not among those said, or nothing. */
export function unsaid(card, said) {
  const port = card["gantk.inputs"].find(({ kind, name }) => kind === "caption" && said[name] === undefined);
  return port ? `this model takes a text ${port.name}, of words that it knows, such as ${example(port)}` : "";
}
