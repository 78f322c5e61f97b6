// What rollouts are doing, put together from flyo's documented events (docs/reference/events.md) and from nothing else.
const OVER = new Set(["healthy", "asleep", "restored", "destroyed"]);
const BAD = new Set(["failed", "inconclusive"]);
const LINES = 40;

export class Rollout {
  constructor(run) {
    Object.assign(this, {
      run, app: "", kind: "rollout", id: "", state: "preparing", waves: [], lanes: new Map(), watch: null, evidence: null,
      back: null, finished: null, lines: [], began: 0, ended: 0, rehearsal: false, doing: "", machines: [],
    });
  }

  // Takes one event in; one it does not know changes nothing.
  see(event) {
    this.app = event.app || this.app;
    const at = Date.parse(event.ts) || 0;
    this.began ||= at;
    this.last = at;
    HEARD[event.event]?.call(this, event, at);
  }

  say(at, text, tone = "") {
    this.lines.push({ at, text, tone });
    if (this.lines.length > LINES) this.lines.shift();
  }

  lane(event) {
    // A machine that is being made is called by its lane until it has an id.
    const name = event.lane ?? event.name;
    const known = this.lanes.get(name) ?? { name, region: name.split("/")[0], group: name.split("/")[1] ?? "", machine: null, phase: "waiting", reason: "", release: null, latency: null, status: null };
    for (const key of ["region", "group", "machine", "release"]) if (event[key]) known[key] = event[key];
    this.lanes.set(name, known);
    return known;
  }

  wave(number) { return this.waves[number - 1]; }
}

const HEARD = {
  "rehearsal.started"() { this.rehearsal = true; },
  "build.started"(event, at) { this.doing = "building the image"; this.say(at, "the image is being built"); },
  "build.finished"(event, at) { this.doing = ""; this.say(at, `the image is built (${event.cached ? "nothing had changed" : `${event.seconds} s`})`); },
  "plan.ready"(event) {
    this.kind = event.kind ?? this.kind;
    this.waves = event.waves.map((wave) => ({ name: wave.name, state: "waiting", reason: "", lanes: wave.lanes.map((lane) => lane.name) }));
    for (const wave of event.waves) for (const lane of wave.lanes) this.lane({ lane: lane.name, region: lane.region, group: lane.group, machine: lane.machine });
  },
  "plan.nothing_to_do"(event, at) { this.state = "nothing to do"; this.ended = at; this.say(at, "nothing to do: every machine is as it should be", "good"); },
  "rollout.started"(event) { Object.assign(this, { state: "running", id: event.rollout, kind: event.kind }); },
  "wave.started"(event, at) {
    this.waves[event.number - 1] ??= { name: event.wave, reason: "" };
    Object.assign(this.wave(event.number), { state: "running", lanes: event.lanes.map((lane) => lane.lane) });
    event.lanes.forEach((lane) => this.lane(lane));
    Object.assign(this, { watch: null, evidence: null, doing: "" });
    this.say(at, `${event.wave} begins: ${event.regions.join(", ")}`);
  },
  "wave.passed"(event, at) {
    if (this.wave(event.number)) this.wave(event.number).state = "passed";
    this.watch = null;
    this.say(at, `${event.wave} has passed`, "good");
  },
  "wave.failed"(event, at) {
    if (this.wave(event.number)) Object.assign(this.wave(event.number), { state: event.verdict, reason: event.reason });
    this.watch = null;
    this.say(at, `${event.wave}: ${event.verdict}: ${event.reason}`, "bad");
  },
  "flyctl.started"() { this.doing = "flyctl makes the first machine's configuration"; },
  "flyctl.finished"() { this.doing = ""; },
  "step.started"(event) { this.lane(event); },
  "step.finished"(event) { this.lane(event); },
  "step.failed"(event, at) {
    Object.assign(this.lane(event), { phase: "failed", reason: event.reason });
    this.say(at, `${event.region} ${event.machine ?? event.lane}: ${event.reason}`, "bad");
  },
  "machine.phase"(event) { Object.assign(this.lane(event), { phase: event.phase, reason: event.reason ?? "" }); },
  "probe.answered"(event) {
    // Not `lane`: its `release` is what the app says of itself, and not flyctl's number.
    Object.assign(this.lane({ lane: event.lane, region: event.region, machine: event.machine }), { latency: event.latency_s, status: event.status, ok: event.ok });
  },
  "watch.started"(event, at) { this.watch = { what: "watch", until: at + 1000 * event.seconds, seconds: event.seconds }; this.evidence = null; },
  "bake.started"(event, at) { this.watch = { what: "bake", until: at + 1000 * event.seconds, seconds: event.seconds }; },
  "evidence.gathered"(event) { this.evidence = { good: event.good, asked: event.asked, wanted: event.wanted, below: event.below }; },
  "watch.finished"(event, at) { this.watch = null; if (event.what) this.say(at, event.what, "good"); },
  "bake.finished"() { this.watch = null; },
  "watch.failed"(event, at) {
    Object.assign(this.lane(event), { phase: "failed", reason: event.reason });
    this.say(at, `${event.region} ${event.machine}: ${event.reason}`, "bad");
  },
  interrupted(event, at) { this.say(at, "interrupted", "bad"); },
  "lock.waiting"(event, at) { this.doing = `waiting for the lock of ${event.who}`; this.say(at, this.doing); },
  "lock.taken"() { this.doing = ""; },
  "rollback.started"(event, at) {
    Object.assign(this, { state: "going back", back: { reason: event.reason, machines: event.machines }, watch: null, evidence: null });
    this.say(at, `going back: ${event.reason}`, "bad");
  },
  "rollback.finished"(event, at) { this.say(at, event.ok ? "every machine is as it was" : "not every machine is as it was", event.ok ? "good" : "bad"); },
  "rollout.finished"(event, at) {
    Object.assign(this, { state: event.result, finished: event, machines: event.machines ?? [], ended: at, watch: null, doing: "" });
    this.say(at, event.what ?? event.result, event.exit ? "bad" : "good");
  },
  "rehearsal.finished"(event, at) { this.ended ||= at; },
  "fault.set"(event, at) { this.say(at, `fault ${event.name} is set`); },
  error(event, at) { Object.assign(this, { state: "did not begin", ended: at }); this.say(at, event.what ?? "error", "bad"); },
  warning(event, at) { this.say(at, event.what, "warn"); },
  note(event, at) { this.say(at, event.line); },
};

export const over = (phase) => OVER.has(phase);
export const bad = (phase) => BAD.has(phase);

export class Rollouts {
  constructor() { this.runs = new Map(); }

  clear() { this.runs.clear(); }

  hear(run, events) {
    if (!this.runs.has(run)) this.runs.set(run, new Rollout(run));
    for (const event of events) this.runs.get(run).see(event);
  }
}
