// Draws a rollout, or many bad days, at any moment of it.
const TONES = { waiting: "not begun", changing: "being changed or looked at", good: "good", back: "as it was before", bad: "failed, or no verdict" };
const GOOD = new Set(["healthy", "asleep", "destroyed"]), BAD = new Set(["failed", "inconclusive"]);
// All shapes are 10 units wide; shape and colour say the same.
const SHAPES = { waiting: "M5 1.5a3.5 3.5 0 1 0 .01 0z", changing: "M5 1L9 9H1z", good: "M5 1.5a3.5 3.5 0 1 0 .01 0z", back: "M1.5 1.5h7v7h-7z", bad: "M1.5 1.5L8.5 8.5M8.5 1.5L1.5 8.5" };
const ENDS = { new: "new", old: "as before", mixed: "mixed" };
const MARKS = 12, PLAY_SECONDS = 20, STEPS = 500;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const tone = (phase) => (!phase || phase === "waiting" ? "waiting" : BAD.has(phase) ? "bad" : phase === "restored" ? "back" : GOOD.has(phase) ? "good" : "changing");
const worst = (tones) => ["bad", "changing", "back", "good", "waiting"].find((one) => tones.includes(one)) ?? "waiting";

const PLAY = byId("play");
let run = null, playing = 0, places = DATA?.places ?? {};
// Called when a person goes to a moment: a page that follows a rollout follows it no longer.
let moved = () => {};

function show(chosen) {
  run = chosen;
  stop();
  redraw();
  go(run.lasted);
}

// All but what changes from moment to moment.
function redraw() {
  byId("run").hidden = false;
  const end = run.result, name = `${run.day ? ` · ${run.day}` : ""}${run.id ? ` · ${run.id}` : ""}`;
  say(byId("began"), `${new Date(run.began).toISOString().replace("T", " ").slice(0, 19)} UTC, ${seconds(run.lasted)}${name}`);
  say(byId("result"), end.result ? `${end.result.replaceAll("_", " ")}: ${end.what ?? ""}; exit status ${end.exit}` : unfinished());
  byId("result").className = end.result ? (end.exit ? "bad" : "good") : "warn";
  say(byId("next"), end.next ?? "");
  const wrong = run.lines.filter((line) => (line[2] === "bad" || line[2] === "warn") && line[1] !== end.what);
  byId("wrong").hidden = !wrong.length;
  table(byId("wrong"), [], wrong.map(line));
  byId("log").hidden = !end.log;
  say(byId("log"), end.log ? `${end.log.source}\n${end.log.lines.join("\n")}` : "");
  table(byId("lines"), ["Moment", "What"], run.lines.map(line));
  const rows = (end.machines ?? []).map((one) => [one.region, one.group, one.machine || "–", one.release ? `v${one.release}` : "–", one.state, one.fate, one.health, took(one.latency_s === null ? null : 1000 * one.latency_s), { text: one.why ?? "", class: "long" }]);
  table(byId("outcome"), ["Region", "Group", "Machine", "Release", "State", "What became of it", "Health", "Latency", "Why"], rows);
  byId("outcome-part").hidden = !rows.length;
  drawWaves();
  drawMap();
}

let unfinished = () => "The events of its end are not there.";

// A line of what happened; its moment can be clicked.
const line = ([at, text, how]) => [
  { text: seconds(at), key: at, make: () => h("button", { type: "button", class: "link", onclick: () => { stop(); moved(); go(at); } }, seconds(at)) },
  { text, class: `long ${how}` },
];

function drawWaves() {
  const waves = run.waves, height = 14 * waves.length + 6, x = (at) => (1000 * at) / Math.max(1, run.lasted);
  const bars = waves.filter((wave) => wave.at !== null).map((wave) => {
    const row = waves.indexOf(wave), until = wave.ended ?? run.lasted;
    const how = wave.state === "passed" ? "passed" : wave.state === "running" ? "running" : "bad";
    return s("rect", { x: x(wave.at), y: 14 * row + 2, width: Math.max(2, x(until) - x(wave.at)), height: 10, rx: 2, class: how });
  });
  const ticks = run.lines.filter((line) => line[2] === "bad").map(([at]) => s("path", { class: "tick", d: `M${x(at)} 0V${height}` }));
  const svg = byId("waves");
  svg.setAttribute("viewBox", `0 0 1000 ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("height", Math.min(120, height));
  svg.replaceChildren(...bars, ...ticks, s("path", { class: "now", id: "now", d: "" }));
}

let drawn = new Map();

function drawMap() {
  const shown = run.lanes.map((lane) => lane.name).join();
  if (drawn.shown === shown) return;
  const into = layer();
  drawn = new Map();
  drawn.shown = shown;
  const codes = [...new Set(run.lanes.map((lane) => lane.region))].filter((code) => places[code]);
  for (const code of codes) {
    const at = places[code], lanes = run.lanes.filter((lane) => lane.region === code);
    const spot = s("circle", { cx: at.x, cy: at.y, r: 4, class: "spot" });
    const box = s("rect", { x: at.label_x - 33, y: at.label_y - 16, width: 66, height: lanes.length > 6 ? 34 : 25, rx: 4, class: "box" });
    const marks = lanes.slice(0, MARKS).map((_, index) => s("path", { class: "mark", transform: `translate(${at.label_x - 30 + 10 * (index % 6)} ${at.label_y - 4 + 9.5 * Math.floor(index / 6)}) scale(.9)` }));
    const said = s("text", { x: at.label_x - 29, y: at.label_y - 6 }, lanes.length > MARKS ? `${code} ${lanes.length}` : code);
    into.append(s("g", { class: "label" }, s("path", { class: "leader", d: `M${at.x} ${at.y}L${at.label_x} ${at.label_y}` }), box, said, marks), spot);
    drawn.set(code, { spot, box, marks, lanes });
  }
}

// What is known of every machine at a moment.
function known(at) {
  const lanes = run.lanes.map(() => ({ phase: "", reason: "", good: 0, asked: 0, latency: null, checks: "" }));
  for (const [when, lane, phase, reason] of run.marks) {
    if (when > at) break;
    const one = lanes[lane], before = one.phase;
    one.phase = run.phases[phase];
    one.reason = run.reasons[reason];
    if (one.phase === "checking") one.since = when;
    if (before === "checking") one.checks = BAD.has(one.phase) ? "failing" : `passing after ${took(when - one.since)}`;
  }
  for (const [when, lane, good, asked, latency] of run.answers) {
    if (when > at) break;
    Object.assign(lanes[lane], { good, asked, latency });
  }
  return lanes;
}

function go(at) {
  at = Math.min(run.lasted, Math.max(0, at));
  const lanes = known(at), range = byId("at");
  // A key moves a five-hundredth, and the last one is the end.
  range.value = Math.round((STEPS * at) / Math.max(1, run.lasted));
  range.moment = at;
  range.setAttribute("aria-valuetext", `${seconds(at)} of ${seconds(run.lasted)}`);
  byId("moment").textContent = `${seconds(at)} of ${seconds(run.lasted)}`;
  byId("now").setAttribute("d", `M${(1000 * at) / Math.max(1, run.lasted)} 0V${14 * run.waves.length + 6}`);
  countDown(at);
  const told = run.evidence.filter(([when]) => when <= at).at(-1);
  byId("evidence").textContent = told ? `${told[1]}: ${told[2]} of ${told[3]} good${told[3] < told[4] ? `, ${told[4]} wanted` : ""}` : "no answers are counted yet";
  for (const { spot, box, marks, lanes: there } of drawn.values()) {
    const tones = there.map((lane) => tone(lanes[lane.number].phase)), how = worst(tones);
    spot.setAttribute("class", `spot ${how}`);
    box.setAttribute("class", `box ${how}`);
    marks.forEach((mark, index) => { mark.setAttribute("class", `mark ${tones[index]}`); mark.setAttribute("d", SHAPES[tones[index]]); });
  }
  drawTables(at, lanes);
}

// How long the watch, or the bake after it, still lasts.
function countDown(at) {
  const watch = run.watches.findLast(([began, ended]) => began <= at && (ended === null || ended > at));
  say(byId("watch"), watch && watch[3] ? `${watch[2]}: ${Math.max(0, Math.ceil(watch[3] - (at - watch[0]) / 1000))} s left of ${watch[3]} s` : "");
}

const count = (tones) => Object.keys(TONES).filter((one) => tones.includes(one)).map((one) => `${tones.filter((other) => other === one).length} ${TONES[one]}`).join(" · ");

function drawTables(at, lanes) {
  const state = (wave) => (wave.at === null || wave.at > at ? "waiting" : wave.ended !== null && wave.ended <= at ? wave.state : "running");
  const rows = run.waves.flatMap((wave) => [...new Set(wave.lanes.map((lane) => run.lanes[lane].region))].map((region) => {
    const there = wave.lanes.filter((lane) => run.lanes[lane].region === region);
    const good = there.reduce((sum, lane) => sum + lanes[lane].good, 0), asked = there.reduce((sum, lane) => sum + lanes[lane].asked, 0);
    return [wave.name, state(wave), `${region}${places[region] ? ` · ${places[region].name}` : ""}`, count(there.map((lane) => tone(lanes[lane].phase))), `${good} of ${asked} good`];
  }));
  table(byId("waves-table"), ["Wave", "State", "Region", "Machines", "Answers"], rows);
  table(byId("machines"), ["Region", "Group", "Machine", "Doing", "Checks", "Answers", "Latency", "Before", "Why"], run.lanes.map((lane) => {
    const one = lanes[lane.number], how = tone(one.phase);
    return [lane.region, lane.group, lane.machine || lane.name.split("/").at(-1), { text: one.phase || "waiting", class: how === "bad" ? "bad" : "" }, one.checks || "–", `${one.good} of ${one.asked} good`, took(one.latency), took(run.before[lane.region]), { text: one.reason, class: "long" }];
  }));
}

function stop() {
  playing = 0;
  PLAY.textContent = "Play";
  PLAY.setAttribute("aria-pressed", "false");
}

function play() {
  if (playing) return stop();
  const mine = (playing = performance.now()), from = byId("at").moment >= run.lasted ? 0 : byId("at").moment;
  PLAY.textContent = "Pause";
  PLAY.setAttribute("aria-pressed", "true");
  const next = (now) => {
    if (playing !== mine) return;
    const at = from + ((now - mine) / (1000 * PLAY_SECONDS)) * run.lasted;
    go(at);
    if (at >= run.lasted) stop();
    else requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

function step(turn) {
  stop();
  moved();
  const now = byId("at").moment, moments = [0, ...run.lines.map(([at]) => at), run.lasted];
  const found = turn > 0 ? moments.find((at) => at > now) : moments.findLast((at) => at < now);
  if (found !== undefined) go(found);
}

// One row for each fault and moment, one column for each region; a day opens its time line.
function drawDays() {
  const days = DATA.days, runs = new Map(DATA.runs.map((one) => [one.day, one]));
  const wrong = days.filter((day) => day.wrong);
  byId("days").hidden = false;
  byId("days-said").textContent = `${days.length} days; ${days.filter((day) => day.fleet === "new").length} end all new, ${days.filter((day) => day.fleet === "old").length} all as before, ${days.filter((day) => day.fleet === "mixed").length} mixed. ${wrong.length ? `${wrong.length} not as they should.` : "All as they should."} Days without a time line here: flyo rehearse --all --only DAY --html FILE.`;
  const region = (day) => day.fault?.region ?? "", row = (day) => `${day.fault?.name ?? day.day}${day.moment ? `, ${day.moment}` : ""}`;
  const regions = [...new Set(days.map(region))].sort(), names = [...new Set(days.map(row))];
  const open = (day) => { for (const one of byId("matrix").querySelectorAll("button")) one.setAttribute("aria-pressed", String(one.dataset.day === day.day)); show(runs.get(day.day)); byId("end-title").focus(); };
  const cell = (day) => {
    const how = `${day.day}: exit ${day.exit}, ${ENDS[day.fleet]}${day.wrong ? `, ${day.wrong}` : ""}`, text = `${day.wrong ? "✗ " : ""}${ENDS[day.fleet]}`;
    const make = () => (runs.has(day.day) ? h("button", { type: "button", class: day.wrong ? "bad" : null, "data-day": day.day, "aria-pressed": "false", "aria-label": how, title: day.what, onclick: () => open(day) }, text) : h("span", { title: day.what, class: day.wrong ? "bad" : "quiet" }, text));
    return { text, key: day.day, make };
  };
  const by = new Map(days.map((day) => [`${row(day)}/${region(day)}`, day]));
  table(byId("matrix"), ["Fault, and when", ...regions.map((one) => one || "everywhere")], names.map((name) => [name, ...regions.map((one) => (by.has(`${name}/${one}`) ? cell(by.get(`${name}/${one}`)) : ""))]));
}

byId("at").addEventListener("input", () => { stop(); moved(); go((run.lasted * byId("at").value) / STEPS); });
PLAY.addEventListener("click", play);
byId("earlier").addEventListener("click", () => step(-1));
byId("later").addEventListener("click", () => step(1));
byId("legend").replaceChildren(...Object.entries(TONES).map(([name, text]) => h("li", {}, s("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, s("path", { class: `mark ${name}`, d: SHAPES[name] })), text)));
if (DATA?.days) drawDays();
else if (DATA) show(DATA.runs[0]);
