// Files as bytes, with word of how far they are.

/** A file's bytes; `progress(loaded)` hears of them as they come. Throws where it cannot be loaded. */
export async function read(file, progress = () => {}) {
  const answer = await fetch(file.split("/").map(encodeURIComponent).join("/"));
  if (!answer.ok) throw new Error(`${file} could not be loaded (${answer.status})`);
  const chunks = [];
  let loaded = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    progress(loaded);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
