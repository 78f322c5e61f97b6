// How a machine is, in one word: what its mark shows and what tables say.
const CHANGING = new Set(["created", "starting", "restarting", "replacing", "stopping", "suspending"]);

// The worst first: of a region's machines, the first of these stands for all.
export const CONDITIONS = {
  unreachable: "out of reach",
  failed: "failed",
  failing: "checks fail",
  changing: "changing",
  checking: "checks not passed yet",
  cordoned: "cordoned",
  started: "started",
  asleep: "asleep (stopped or suspended)",
};

export function condition(machine) {
  if (!machine.reachable) return "unreachable";
  if (machine.state === "failed") return "failed";
  if (CHANGING.has(machine.state)) return "changing";
  if (machine.state !== "started") return "asleep";
  if (machine.critical > 0) return "failing";
  if (machine.passing < machine.checks) return "checking";
  return machine.cordoned ? "cordoned" : "started";
}

// What a table says of it: the platform's own word for the state, and what is not as it should be.
export function words(machine) {
  const how = condition(machine);
  const also = how === "asleep" || how === "started" || how === "changing" || how === "failed" ? "" : CONDITIONS[how];
  const cordoned = machine.cordoned && how !== "cordoned" ? "cordoned" : "";
  return [machine.state, also, cordoned].filter(Boolean).join(", ");
}

export function worst(machines) {
  const all = new Set(machines.map(condition));
  return Object.keys(CONDITIONS).find((one) => all.has(one)) ?? "none";
}

export const checks = (machine) => (machine.checks ? `${machine.passing} of ${machine.checks} pass` : "none");
export const release = (machine) => (machine.release ? `v${machine.release}` : "–");

// Machines in the order in which people read them.
export const ordered = (machines) =>
  [...machines].sort((a, b) => b.managed - a.managed || a.app.localeCompare(b.app) || a.region.localeCompare(b.region) || a.group.localeCompare(b.group) || a.id.localeCompare(b.id));

// Of each app that has two releases or more now: the newest one. Machines of it get a point in their mark.
export function newest(machines) {
  const seen = new Map();
  for (const one of machines) if (one.release) seen.set(one.app, (seen.get(one.app) ?? new Set()).add(one.release));
  return new Map([...seen].filter(([, releases]) => releases.size > 1).map(([app, releases]) => [app, Math.max(...releases)]));
}
