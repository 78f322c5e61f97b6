// Answers of the last two minutes: bars by status over time, and a table by region.
import { Table, byId, s } from "./dom.js";

const SECONDS = 120, WIDTH = 600, HEIGHT = 90;
const KINDS = { good: "2xx and 3xx", warn: "4xx", bad: "5xx" };
const kind = (status) => (Number(status) >= 500 ? "bad" : Number(status) >= 400 ? "warn" : "good");

export class Answers {
  constructor() {
    this.bars = s("g");
    this.top = s("text", { x: 0, y: 10, class: "scale" });
    const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": "Answers a second; the table below says the same" }, s("path", { class: "axis", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }), this.bars);
    this.most = document.createElement("p");
    this.most.className = "quiet most";
    byId("chart").replaceChildren(this.most, svg);
    this.table = new Table(byId("answers"), "Answers by region", ["Region", ...Object.values(KINDS).map((text) => ({ text, number: true }))]);
  }

  draw(state) {
    const now = state.seconds.at(-1)?.at ?? 0;
    const kept = state.seconds.filter((one) => one.at > now - SECONDS);
    const counted = kept.map((one) => ({ at: one.at, ...totals(Object.values(one.regions)) }));
    const most = Math.max(1, ...counted.map((one) => one.good + one.warn + one.bad));
    this.most.textContent = counted.some((one) => one.good + one.warn + one.bad) ? `most in one second: ${most}` : "no answers yet";
    this.bars.replaceChildren(...Object.keys(KINDS).map((name) => s("path", { class: `bar ${name}`, d: bars(counted, name, now, most) })));
    const regions = new Map();
    for (const one of kept) for (const [code, statuses] of Object.entries(one.regions)) regions.set(code, [...(regions.get(code) ?? []), statuses]);
    this.table.draw([...regions].sort(([a], [b]) => a.localeCompare(b)).map(([code, all]) => {
      const sum = totals(all);
      return { key: code, class: sum.bad ? "bad" : "", cells: [code === "proxy" ? "proxy itself (no machine)" : code, String(sum.good), String(sum.warn), String(sum.bad)] };
    }));
  }
}

function totals(all) {
  const sum = { good: 0, warn: 0, bad: 0 };
  for (const statuses of all) for (const [status, number] of Object.entries(statuses)) sum[kind(status)] += number;
  return sum;
}

// One path for all bars of a kind: a hundred elements fewer to draw each second. The bad ones stand at the bottom.
function bars(counted, name, now, most) {
  const wide = WIDTH / SECONDS;
  return counted.filter((one) => one[name]).map((one) => {
    const below = name === "bad" ? 0 : name === "warn" ? one.bad : one.bad + one.warn;
    const high = (one[name] / most) * (HEIGHT - 4), foot = HEIGHT - (below / most) * (HEIGHT - 4);
    const x = WIDTH - (now - one.at + 1) * wide;
    return `M${x.toFixed(1)} ${foot.toFixed(1)}h${(wide - 1).toFixed(1)}v${(-high).toFixed(1)}h${(1 - wide).toFixed(1)}z`;
  }).join("");
}
