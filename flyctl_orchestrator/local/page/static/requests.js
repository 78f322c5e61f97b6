// Requests: as arcs on the map while motion is welcome, and as a list in any case.
import { Table, byId, say } from "./dom.js";
import { project } from "./geography.js";
import { coordinates } from "./person.js";

const KEPT = 30, MOST_ARCS = 60, LABELLED_BELOW = 4, TURN_MS = 350;
const still = matchMedia("(prefers-reduced-motion: reduce)");
export const tone = (status) => (status >= 500 ? "bad" : status >= 400 ? "warn" : "good");
export const time = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);

export class Requests {
  constructor(world) {
    this.world = world;
    this.last = [];
    this.number = 0;
    this.table = new Table(byId("requests"), "The last requests", ["From", "Way", "Answer", { text: "Time", number: true }, "App"]);
  }

  see(message, rate) {
    for (const one of message.shown) {
      this.last.unshift({ ...one, key: ++this.number });
      if (!still.matches && !document.hidden) this.#arcs(one, rate);
    }
    this.last.length = Math.min(this.last.length, KEPT);
  }

  draw(state) {
    const { seen, shown } = state.perSecond;
    say(byId("rate"), seen > shown ? `${seen} a second, ${shown} of them shown` : `${seen} a second`);
    this.table.draw(this.last.map((one) => ({
      key: one.key,
      class: tone(one.status),
      cells: [one.place ? `${coordinates(one.place)}, ${one.from}` : one.from, way(one), `${one.method} ${one.status}`, time(one.ms), one.app],
    })));
  }

  // One arc for each machine that the request reached: a replay is a second one, from machine to machine.
  #arcs(request, rate) {
    const stops = [request.from, ...request.hops.map(([region]) => region)].map((code) => this.world.regions.get(code)?.at).filter(Boolean);
    // From a person to where the request comes in, and on from there.
    if (request.place) this.world.arcs.arc(project(request.place[1], request.place[0]), stops[0], tone(request.status), 0);
    if (stops.length === 1) return this.#pulse(stops[0], request);
    for (let index = 1; index < stops.length; index++) {
      if (this.world.arcs.count > MOST_ARCS) return;
      const from = stops[index - 1], to = stops[index];
      if (from === to) this.#pulse(to, request);
      else this.#arc(from, to, request, index, rate);
    }
  }

  #arc(from, to, request, index, rate) {
    const after = TURN_MS * (index - 1), how = tone(request.status);
    this.world.arcs.arc(from, to, index > 1 && how !== "bad" ? "replay" : how, after);
    if (rate < LABELLED_BELOW && index === request.hops.length) {
      const high = (from.y + to.y) / 2 - Math.hypot(to.x - from.x, to.y - from.y) * 0.14 - 4;
      this.world.arcs.text({ x: (from.x + to.x) / 2, y: Math.max(14, high) }, time(request.ms), after);
    }
  }

  #pulse(at, request) {
    this.world.arcs.pulse(at, tone(request.status), 0);
  }
}

function way(request) {
  if (!request.hops.length) return "no machine";
  return request.hops.map(([region, machine], index) => `${index ? "replayed to " : ""}${region} ${machine.slice(-6)}`).join(", ");
}
