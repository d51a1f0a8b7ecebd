const at = (id) => document.getElementById(id);
const SILENT = 180; // seconds after which a training that says nothing may have been ended
const REPORT = null; // what gantk report puts here
let runs = [];
let steps = []; // of all previews
let follows = true; // the newest preview
let player = null;
let told = []; // tables of a report

const number = (value) => value.toLocaleString("en");
const file = (run, step) => run.images ? run.images[step] : `previews/${String(step).padStart(6, "0")}.png`;
const duration = (s) => s < 90 ? `${s.toFixed(0)} s` : s < 5400 ? `${(s / 60).toFixed(0)} min` : `${(s / 3600).toFixed(1)} h`;
const made = (kind, text) => Object.assign(document.createElement(kind), text === undefined ? {} : { textContent: text });

function show(...said) {
  const news = runs.length === 0 || said.some((run, index) => run.updated !== runs[index].updated);
  runs = said;
  at("state").textContent = runs.length === 1 ? state(runs[0]) : `${runs.length} runs`;
  if (!news) return;
  head();
  steps = [...new Set(runs.flatMap((run) => run.previews))].sort((one, other) => one - other);
  const place = at("place");
  place.max = Math.max(steps.length - 1, 0);
  at("bar").hidden = steps.length < 2;
  if (follows) place.value = place.max;
  sheets();
  curves();
  tables();
  preview();
}

function head() {
  const run = runs[0], several = runs.length > 1;
  const share = run.total ? Math.floor(100 * run.step / run.total) : 100;
  at("name").textContent = several ? runs.map((one) => one.name).join(", ") : run.name;
  document.title = run.state === "training" && !several ? `${share}% · ${run.name}` : at("name").textContent;
  at("progress").max = run.total;
  at("progress").value = run.step;
  at("progress").hidden = several;
  at("legend").hidden = !several;
  at("legend").replaceChildren(...(several ? runs : []).map((one, index) => {
    const line = made("li"), dot = made("span");
    dot.className = "dot";
    dot.style.background = `var(--run-${index % 6})`;
    line.append(dot, `${one.name}: ${state(one)}`);
    return line;
  }));
  document.querySelector("main").classList.toggle("several", several);
  at("data").textContent = [...new Set(runs.map((one) => one.data))].join("; ");
  at("command").textContent = runs.map((one) => one.command).join("\n");
  const over = run.state === "trained", stopped = run.state === "stopped";
  at("then").textContent = several ? "" : over ? "measure it, ship it" : stopped ? "go on with" : "";
  at("next").replaceChildren(...(several ? [] : over ? run.next : stopped ? [run.again] : [])
    .map((command) => made("code", command)));
  const found = runs.flatMap((one) => (one.warnings || []).map((text) => several ? `${one.name}: ${text}` : text));
  at("warned").hidden = found.length === 0;
  at("found").replaceChildren(...found.map((text) => made("li", text)));
}

function state(run) {
  const silent = Date.now() / 1000 - run.updated;
  const done = run.step - run.start;
  const words = [`step ${number(run.step)} of ${number(run.total)}`];
  if (run.state === "training" && done > 1 && !REPORT) {
    words.push(`about ${duration((run.total - run.step) * (run.updated - run.began) / done)} left`);
  }
  if (run.state === "stopped") words.push(run.why ? `stopped: ${run.why}` : "stopped");
  if (run.state === "trained") words.push("trained");
  if (run.state === "training" && REPORT) words.push("still training");
  if (run.state === "trained" && run.why) words.push(run.why);
  if (run.state === "training" && silent > SILENT && !REPORT) {
    words.push(`no news for ${duration(silent)}: if nothing trains it any more, go on with: ${run.again}`);
  }
  return words.join(" · ");
}

/* One sheet for each run; the first is there already. */
function sheets() {
  const box = at("sheets");
  while (box.children.length < runs.length) {
    const link = made("a");
    link.append(made("p"), made("img"));
    box.append(link);
  }
  if (runs.length > 1 && box.firstChild.children.length === 1) box.firstChild.prepend(made("p"));
}

function preview() {
  const step = steps[at("place").value];
  at("shown").hidden = step === undefined;
  at("none").hidden = step !== undefined;
  if (step === undefined) return;
  at("step").value = at("only").textContent = `step ${number(step)}`;
  at("only").hidden = steps.length > 1;
  runs.forEach((run, index) => {
    const link = at("sheets").children[index], image = link.querySelector("img");
    const own = run.previews.filter((one) => one <= step).pop();
    link.hidden = own === undefined;
    if (own === undefined) return;
    if (runs.length > 1) link.querySelector("p").textContent = `${run.name}, step ${number(own)}`;
    if (link.getAttribute("href") !== file(run, own)) {
      link.href = image.src = file(run, own);
      image.alt = `the preview of ${run.name} after step ${own}`;
    }
  });
  for (const mark of document.querySelectorAll("svg line")) {
    const x = 100 * step / mark.dataset.last;
    mark.setAttribute("x1", x);
    mark.setAttribute("x2", x);
    mark.style.visibility = x > 100 ? "hidden" : "";
  }
}

function curves() {
  const losses = gathered(runs, (run) => logged(run, (name) => !isPace(name)));
  const pace = gathered(runs, (run) => logged(run, isPace));
  const scores = gathered(runs, scored);
  at("unlogged").hidden = losses.length > 0;
  at("measured").hidden = scores.length === 0;
  at("paced").hidden = pace.length === 0;
  at("curves").replaceChildren(...losses);
  at("scores").replaceChildren(...scores);
  at("pace").replaceChildren(...pace);
}

function tables() {
  at("tables").replaceChildren(...told.map(({ title, head: names, rows }) => {
    const box = made("section"), scrolls = made("div"), table = made("table");
    const row = (kind, cells) => {
      const line = made("tr");
      line.append(...cells.map((cell) => made(kind, cell)));
      return line;
    };
    scrolls.className = "scrolls";
    table.append(...(names.length ? [row("th", names)] : []), ...rows.map((cells) => row("td", cells)));
    scrolls.append(table);
    box.append(made("h2", title), scrolls);
    return box;
  }));
}

function stop() {
  clearInterval(player);
  player = null;
  at("play").textContent = "play";
}

at("place").addEventListener("input", () => {
  stop();
  follows = at("place").value === at("place").max;
  preview();
});
at("play").addEventListener("click", () => {
  if (player) return stop();
  const place = at("place");
  place.value = 0;
  follows = false;
  preview();
  at("play").textContent = "stop";
  player = setInterval(() => {
    place.stepUp();
    preview();
    if (place.value === place.max) {
      follows = true;
      stop();
    }
  }, 500);
});
at("sheets").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  at("full").querySelector("img").src = link.href;
  at("full").showModal();
});

function read() {
  const script = document.createElement("script");
  script.src = `page.js?${Date.now()}`;
  script.onload = script.onerror = () => {
    script.remove();
    setTimeout(read, runs.length && runs[0].state === "training" ? 2000 : 10000);
  };
  document.head.append(script);
}
function report(said) {
  told = said.tables;
  show(...said.runs);
}

/* Ask gantk report --watch what there is now; once it has ended, the page stays as it is. */
async function watch() {
  try {
    const answer = await fetch("report.json", { cache: "no-store" });
    const said = await answer.json();
    at("lost").textContent = said.error || "";
    if (!said.error) report(said);
  } catch {
    at("lost").textContent = "gantk report --watch has ended: what stands here is the last that it said";
  }
  at("lost").hidden = !at("lost").textContent;
  setTimeout(watch, 3000);
}
if (!REPORT) read();
else report(REPORT);
if (REPORT && REPORT.watched) setTimeout(watch, 3000);
