// A rollout as people follow it: waves and lanes, evidence and countdown, going back, and the table at the end.
import { Table, h, say } from "./dom.js";
import { time } from "./requests.js";
import { bad, over } from "./rollout.js";

// Lanes of a wave that get a line each; of more, each region gets one.
const LINES = 8;
const TONES = { done: "good", nothing: "good", "nothing to do": "good", running: "busy", preparing: "busy", untouched: "warn", inconclusive: "warn" };
const WORDS = { rolled_back: "went back", mixed: "mixed: some machines are new, some old", untouched: "failed before anything was changed" };

export class RolloutView {
  constructor(place) {
    this.place = place;
    this.chosen = null;
    this.built = null;
    this.dirty = true;
    setInterval(() => this.#tick(), 250);
  }

  draw(state) {
    this.state = state;
    const runs = [...state.rollouts.runs.values()];
    this.place.hidden = !runs.length;
    if (!runs.length) return;
    const rollout = state.rollouts.runs.get(this.chosen) ?? runs.at(-1);
    const key = `${rollout.run}/${runs.length}`;
    if (this.built !== key) this.#build(key, runs, rollout);
    this.#update(rollout);
  }

  #build(key, runs, rollout) {
    this.built = key;
    this.title = h("h2", { id: "rollout-title" });
    this.badge = h("p", { class: "badge", role: "status" });
    this.why = h("p", { class: "bad" });
    this.watch = h("p", { class: "watch" });
    this.evidence = h("div", { class: "evidence" });
    this.waves = h("ol", { class: "waves", "aria-label": "Waves" });
    this.lines = h("ul", { class: "plain happened", tabindex: 0, "aria-label": "What happened" });
    this.end = h("div", { class: "scroll", role: "region", "aria-label": "Machines at the end", tabindex: 0, hidden: true });
    this.table = new Table(this.end, "What became of each machine", ["Region", "Group", "Machine", "Release", "Fate", "Health", { text: "Latency", number: true }, "Why"]);
    const others = runs.length > 1 && h("div", { class: "field inline" }, h("label", { for: "which-rollout" }, "Rollout"),
      h("select", { id: "which-rollout", onchange: (event) => { this.chosen = event.target.value; this.draw(this.state); } },
        this.options = runs.map((one) => h("option", { value: one.run, selected: one === rollout }, name(one)))));
    this.runs = runs;
    this.place.replaceChildren(h("div", { class: "head" }, this.title, this.badge, others || ""), this.why, h("div", { class: "head" }, this.watch, this.evidence), this.waves, this.end, this.lines);
    this.shownWaves = "";
    this.shownLines = "";
  }

  #update(rollout) {
    this.rollout = rollout;
    say(this.title, name(rollout));
    say(this.badge, status(rollout));
    say(this.why, rollout.finished?.code && rollout.state !== "done" ? rollout.finished.what : rollout.ended ? "" : (rollout.back?.reason ?? ""));
    // What a run is called is known only some time after it has begun.
    if (this.runs.length > 1) this.runs.forEach((run, index) => say(this.options[index], name(run)));
    this.badge.className = `badge ${TONES[rollout.state] ?? "bad"}`;
    this.#waves(rollout);
    const lines = rollout.lines.map((line) => `${clock(line.at)} ${line.text}`).join("\n");
    if (this.shownLines !== lines) {
      this.shownLines = lines;
      this.lines.replaceChildren(...rollout.lines.map((line) => h("li", { class: line.tone }, h("time", {}, clock(line.at)), ` ${line.text}`)));
      this.lines.scrollTop = this.lines.scrollHeight;
    }
    this.end.hidden = !rollout.machines.length;
    this.table.draw(rollout.machines.map((one, index) => ({
      key: `${index}`,
      class: one.fate === "failed" || one.health === "unhealthy" ? "bad" : "",
      cells: [one.region, one.group, one.machine || "–", one.release ? `v${one.release}` : "–", one.fate, one.health, one.latency_s === null ? "–" : time(1000 * one.latency_s), one.why || ""],
    })));
    this.#tick();
  }

  // Four times a second: what counts down.
  #tick() {
    const rollout = this.rollout;
    if (!rollout || this.place.hidden) return;
    const now = Date.now() + (this.state?.skew ?? 0);
    const left = rollout.watch ? Math.max(0, Math.ceil((rollout.watch.until - now) / 1000)) : 0;
    say(this.watch, rollout.watch && rollout.watch.seconds ? `${rollout.watch.what}: ${left} s left of ${rollout.watch.seconds} s` : rollout.ended ? "" : rollout.doing);
    const seen = rollout.watch || !rollout.ended ? rollout.evidence : null;
    const text = seen ? `${seen.good} of ${seen.asked} answers good, ${seen.wanted} wanted` : "";
    if (this.evidence.dataset.text === text) return;
    this.evidence.dataset.text = text;
    this.evidence.replaceChildren(...(seen ? [h("progress", { max: Math.max(1, seen.wanted), value: Math.min(seen.good, seen.wanted), "aria-label": "Evidence" }), h("span", {}, text)] : []));
  }

  #waves(rollout) {
    const waves = rollout.waves.map((wave) => ({ ...wave, lanes: (wave.lanes ?? []).map((lane) => rollout.lanes.get(lane)).filter(Boolean) }));
    const shown = JSON.stringify(waves);
    if (this.shownWaves === shown) return;
    this.shownWaves = shown;
    this.waves.replaceChildren(...waves.map((wave) => h("li", { class: `wave ${wave.state}` },
      h("h3", {}, wave.name, h("span", { class: "quiet" }, ` ${wave.state}`)),
      wave.lanes.length <= LINES ? h("ul", { class: "lanes" }, wave.lanes.map(line)) : h("ul", { class: "lanes" }, regions(wave.lanes)))));
  }
}

const tone = (lane) => (bad(lane.phase) ? "failing" : lane.phase === "restored" ? "restored" : over(lane.phase) ? "started" : lane.phase === "waiting" ? "asleep" : "changing");

function line(lane) {
  const who = lane.machine ? lane.machine.slice(-6) : lane.name.split("/").at(-1);
  const took = lane.latency === null ? "" : ` · ${time(1000 * lane.latency)}`;
  return h("li", { title: lane.reason || null }, h("span", { class: `mark ${tone(lane)}` }), h("strong", {}, lane.region), ` ${who} `, h("span", { class: bad(lane.phase) ? "bad" : "quiet" }, `${lane.phase}${took}`));
}

// One line for a region: a mark for each lane, and how many have come to their end.
function regions(lanes) {
  const by = new Map();
  for (const lane of lanes) by.set(lane.region, [...(by.get(lane.region) ?? []), lane]);
  return [...by].map(([region, there]) => {
    const failed = there.filter((lane) => bad(lane.phase)).length, ended = there.filter((lane) => over(lane.phase)).length;
    return h("li", {}, h("strong", {}, region), h("span", { class: "marks" }, there.map((lane) => h("span", { class: `mark ${tone(lane)}` }))), h("span", { class: failed ? "bad" : "quiet" }, failed ? `${failed} failed` : `${ended} of ${there.length}`));
  });
}

function name(rollout) {
  const what = rollout.kind === "rollout" ? "Rollout" : rollout.kind[0].toUpperCase() + rollout.kind.slice(1);
  return `${rollout.rehearsal ? "Rehearsal" : what}${rollout.id ? ` ${rollout.id.split("-")[0]}` : ""} of ${rollout.app}`;
}

function status(rollout) {
  const took = rollout.ended ? `, after ${Math.round((rollout.ended - rollout.began) / 1000)} s` : "";
  const number = rollout.waves.findLastIndex((wave) => wave.state !== "waiting") + 1;
  if (rollout.state === "running" && number) return `wave ${number} of ${rollout.waves.length}`;
  return `${WORDS[rollout.state] ?? rollout.state}${took}`;
}

const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
