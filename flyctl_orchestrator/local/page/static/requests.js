// Requests: as arcs on the map while motion is welcome, and as a list in any case.
import { Table, byId, s, say } from "./dom.js";
import { arc } from "./geography.js";

const KEPT = 30, MOST_ARCS = 60, LABELLED_BELOW = 4;
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
      cells: [one.from, way(one), `${one.method} ${one.status}`, time(one.ms), one.app],
    })));
  }

  // One arc for each machine that the request reached: a replay is a second one, from machine to machine.
  #arcs(request, rate) {
    const stops = [request.from, ...request.hops.map(([region]) => region)].map((code) => this.world.regions.get(code)?.at).filter(Boolean);
    if (stops.length === 1) return this.#pulse(stops[0], request);
    for (let index = 1; index < stops.length; index++) {
      if (this.world.arcs.children.length > MOST_ARCS) return;
      const from = stops[index - 1], to = stops[index];
      if (from === to) this.#pulse(to, request);
      else this.#arc(from, to, request, index, rate);
    }
  }

  #arc(from, to, request, index, rate) {
    const path = s("path", { d: arc(from, to), pathLength: 1, class: `arc ${tone(request.status)}${index > 1 ? " replay" : ""}` });
    this.#show(path, index - 1);
    if (rate < LABELLED_BELOW && index === request.hops.length) {
      const text = s("text", { x: (from.x + to.x) / 2, y: Math.max(14, (from.y + to.y) / 2 - Math.hypot(to.x - from.x, to.y - from.y) * 0.14 - 4), class: "took" }, time(request.ms));
      this.#show(text, index - 1);
    }
  }

  #pulse(at, request) {
    this.#show(s("circle", { cx: at.x, cy: at.y, r: 9, class: `pulse ${tone(request.status)}` }), 0);
  }

  #show(element, turn) {
    element.style.setProperty("animation-delay", `${turn * 0.35}s`);
    element.addEventListener("animationend", () => element.remove());
    this.world.arcs.append(element);
  }
}

function way(request) {
  if (!request.hops.length) return "no machine";
  return request.hops.map(([region, machine], index) => `${index ? "replayed to " : ""}${region} ${machine.slice(-6)}`).join(", ");
}
