// The map: land, regions with a mark for each machine, and a table of the same.
import { Arcs } from "./arcs.js";
import { CONDITIONS, condition, newest, words, worst } from "./condition.js";
import { Table, byId, h, s, say } from "./dom.js";
import { HEIGHT, WIDTH, labelOf, place, project } from "./geography.js";

// Marks beside a region's name; the rest is a number.
const MARKS = 12;

export class World {
  constructor(select) {
    this.select = select;
    this.svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", class: "land" }, s("use", { href: "/_page/land.svg#land" }));
    this.places = s("g");
    this.svg.append(this.places);
    // A picture of its own above the land, so that what moves does not have the land drawn again.
    const canvas = h("canvas", { "aria-hidden": "true", class: "arcs" });
    this.labels = h("div", { class: "labels" });
    // Called with a place that was clicked on (person.js). Keys have the person's own field and mark.
    this.placed = () => {};
    this.svg.addEventListener("click", (event) => this.#clicked(event));
    byId("map").replaceChildren(this.svg, canvas, this.labels);
    this.arcs = new Arcs(canvas);
    byId("legend").replaceChildren(
      ...Object.entries(CONDITIONS).map(([name, text]) => h("li", {}, h("span", { class: `mark ${name}` }), text)),
      h("li", {}, h("span", { class: "mark started new" }), "newest release, while there are several"),
    );
    this.table = new Table(byId("regions"), "Regions", ["Region", "Machines", "State", "Releases", { text: "Requests/s", number: true }, { text: "Under way", number: true }]);
    this.regions = new Map();
  }

  // Regions are known once the daemon has told them.
  place(regions) {
    this.regions = new Map(regions.map((one) => [one.code, { ...one, at: project(one.longitude, one.latitude) }]));
    this.known = new Map();
    this.places.replaceChildren();
    for (const button of this.labels.querySelectorAll(".region")) button.remove();
    for (const region of [...this.regions.values()].sort((a, b) => a.longitude - b.longitude)) this.#add(region);
  }

  #add(region) {
    const label = labelOf(region);
    const leader = s("path", { class: "leader", d: `M${region.at.x} ${region.at.y}L${label.x} ${label.y}` });
    const dot = s("circle", { class: "place", cx: region.at.x, cy: region.at.y, r: 3 });
    const marks = h("span", { class: "marks" });
    const more = h("span", { class: "more" });
    const button = h(
      "button",
      { type: "button", class: "region", style: { left: `${(label.x / WIDTH) * 100}%`, top: `${(label.y / HEIGHT) * 100}%` }, onclick: () => this.select({ region: region.code }) },
      h("span", { class: "code" }, region.code), more, marks,
    );
    this.places.append(leader, dot);
    this.labels.append(button);
    this.known.set(region.code, { leader, dot, marks, more, button, shown: "" });
  }

  #clicked(event) {
    const box = this.svg.getBoundingClientRect();
    this.placed(place(((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT));
  }

  draw(state) {
    const machines = [...state.machines.values()].filter((one) => one.managed);
    const fresh = newest(machines);
    const by = new Map([...this.regions.keys()].map((code) => [code, []]));
    for (const one of machines) by.get(one.region)?.push(one);
    for (const [code, there] of by) this.#region(code, there.sort((a, b) => a.id.localeCompare(b.id)), fresh, state);
    this.#table(by, state);
  }

  #region(code, machines, fresh, state) {
    const known = this.known.get(code), region = this.regions.get(code), how = worst(machines);
    const classes = machines.slice(0, MARKS).map((one) => `mark ${condition(one)}${fresh.get(one.app) === one.release ? " new" : ""}`);
    const chosen = state.selected?.region === code;
    const shown = `${classes.join("|")}/${machines.length}/${how}/${chosen}`;
    if (known.shown === shown) return;
    known.shown = shown;
    while (known.marks.children.length > classes.length) known.marks.lastChild.remove();
    classes.forEach((name, index) => {
      const mark = known.marks.children[index] ?? known.marks.appendChild(h("span"));
      if (mark.className !== name) mark.className = name;
    });
    say(known.more, machines.length > MARKS ? `+${machines.length - MARKS}` : "");
    known.button.className = `region ${how}`;
    known.button.setAttribute("aria-pressed", String(chosen));
    known.button.setAttribute("aria-label", `${code}, ${region.name}: ${summary(machines)}`);
    known.dot.setAttribute("class", `place ${how}`);
    known.dot.setAttribute("r", machines.length ? 4 : 2.5);
    known.leader.setAttribute("class", `leader ${how}`);
  }

  #table(by, state) {
    const rows = [...by].filter(([, machines]) => machines.length).map(([code, machines]) => {
      const releases = [...new Set(machines.map((one) => one.release).filter(Boolean))].sort((a, b) => a - b).map((one) => `v${one}`);
      const rate = machines.reduce((sum, one) => sum + (state.rate[one.id] ?? 0), 0);
      const busy = machines.reduce((sum, one) => sum + (state.load[one.id] ?? 0), 0);
      const name = `${code} · ${this.regions.get(code).name}`;
      return {
        key: code,
        class: `row ${worst(machines)}`,
        cells: [
          { text: name, make: () => h("button", { type: "button", class: "link", onclick: () => this.select({ region: code }) }, name) },
          String(machines.length), summary(machines), releases.join(", ") || "–", String(rate), String(busy),
        ],
      };
    });
    this.table.draw(rows);
  }
}

// "3 started, 1 suspended, out of reach"
export function summary(machines) {
  if (!machines.length) return "no machines";
  const counts = new Map();
  for (const one of machines) counts.set(words(one), (counts.get(words(one)) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} ${text}`).join(" · ");
}
