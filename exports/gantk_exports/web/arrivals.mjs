// How pictures come to the page: chosen, dropped, pasted.

import { element, say } from "./page.mjs";

/** `taken(file)` hears of each picture that comes. */
export function acceptPictures(taken) {
  document.querySelectorAll(".choose").forEach((button) => button.addEventListener("click", () => element("file").click()));
  element("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) taken(target.files[0]);
    target.value = "";
  });
  for (const type of ["dragover", "dragleave", "drop"]) {
    addEventListener(type, (event) => {
      event.preventDefault();
      document.body.classList.toggle("over", event.type === "dragover");
    });
  }
  addEventListener("drop", ({ dataTransfer }) => dataTransfer.files[0] && taken(dataTransfer.files[0]));
  addEventListener("paste", (event) => {
    const file = event.clipboardData.files[0];
    if (file) taken(file);
    else if (!event.target.matches("input")) say("What was pasted holds no picture.");
  });
}
