// Requests on their way, drawn on one canvas above the map: elements of their own would each be animated and painted.
import { HEIGHT, WIDTH, arc } from "./geography.js";

const ARC_MS = 1100, PULSE_MS = 800, TEXT_MS = 1600;
const COLOURS = { good: "--accent", warn: "--accent", bad: "--bad", replay: "--busy" };
const between = (value) => Math.min(1, Math.max(0, value));
const ease = (share) => 1 - (1 - share) ** 2;

export class Arcs {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.going = [];
    this.frame = 0;
    new ResizeObserver(() => this.#size()).observe(canvas);
  }

  get count() { return this.going.length; }

  // Times are milliseconds; `after` is how long it waits.
  arc(from, to, tone, after) { this.#add({ draw: "arc", tone, after, lasts: ARC_MS, ...arc(from, to) }); }

  pulse(at, tone, after) { this.#add({ draw: "pulse", tone, after, lasts: PULSE_MS, at }); }

  text(at, text, after) { this.#add({ draw: "text", text, after, lasts: TEXT_MS, at }); }

  #add(one) {
    this.going.push({ ...one, since: performance.now() + one.after });
    if (this.frame) return;
    // Colours may have changed since something was last drawn.
    const style = getComputedStyle(this.canvas);
    this.colours = Object.fromEntries(Object.entries(COLOURS).map(([tone, name]) => [tone, style.getPropertyValue(name).trim()]));
    this.ink = style.getPropertyValue("--ink").trim();
    this.paper = style.getPropertyValue("--bg").trim();
    this.frame = requestAnimationFrame((now) => this.#draw(now));
  }

  #size() {
    const box = this.canvas.getBoundingClientRect(), dots = Math.min(2, devicePixelRatio);
    this.canvas.width = Math.round(box.width * dots);
    this.canvas.height = Math.round(box.height * dots);
  }

  #draw(now) {
    const { context, canvas } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(canvas.width / WIDTH, 0, 0, canvas.height / HEIGHT, 0, 0);
    this.going = this.going.filter((one) => now < one.since + one.lasts);
    const seen = this.going.filter((one) => now >= one.since).map((one) => ({ ...one, share: (now - one.since) / one.lasts }));
    // One stroke for all arcs of a colour.
    for (const [tone, colour] of Object.entries(this.colours)) {
      const mine = seen.filter((one) => one.draw === "arc" && one.tone === tone);
      if (!mine.length) continue;
      context.beginPath();
      for (const one of mine) part(context, one, ease(between((one.share - 0.6) / 0.4)), ease(between(one.share / 0.45)));
      context.strokeStyle = colour;
      context.lineWidth = 1.8;
      context.stroke();
    }
    for (const one of seen) if (one.draw === "pulse") this.#pulse(one); else if (one.draw === "text") this.#text(one);
    context.globalAlpha = 1;
    this.frame = this.going.length ? requestAnimationFrame((later) => this.#draw(later)) : 0;
  }

  #pulse({ at, tone, share }) {
    const { context } = this;
    context.beginPath();
    context.arc(at.x, at.y, 3 + 8 * ease(share), 0, 2 * Math.PI);
    context.globalAlpha = 1 - ease(share);
    context.strokeStyle = this.colours[tone];
    context.lineWidth = 1.6;
    context.stroke();
  }

  #text({ at, text, share }) {
    const { context } = this;
    context.globalAlpha = between(Math.min(share / 0.25, (1 - share) / 0.3));
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.lineWidth = 3;
    context.strokeStyle = this.paper;
    context.strokeText(text, at.x, at.y);
    context.fillStyle = this.ink;
    context.fillText(text, at.x, at.y);
  }
}

// The part of a curve from one share of its way to another, as a curve.
function part(context, { from, by, to }, begin, end) {
  if (end <= begin) return;
  const point = (a, b, name) => (1 - a) * (1 - b) * from[name] + (a * (1 - b) + b * (1 - a)) * by[name] + a * b * to[name];
  context.moveTo(point(begin, begin, "x"), point(begin, begin, "y"));
  context.quadraticCurveTo(point(begin, end, "x"), point(begin, end, "y"), point(end, end, "x"), point(end, end, "y"));
}
