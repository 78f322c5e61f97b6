// Draws what `flyo probe` has measured.
const { probe, places } = DATA, PERCENTILES = ["p50", "p95", "p99"];
const failed = (row) => row.requests > 0;
const figure = (row, name) => (row.ms[name] === null ? (failed(row) ? "failed" : "–") : took(row.ms[name]));
const missed = (row, name) => row.slo.some((one) => one.limit.startsWith(`${name}=`) && one.verdict === "missed");

byId("began").textContent = `${new Date(1000 * probe.ts).toISOString().replace("T", " ").slice(0, 19)} UTC · ${probe.url} · ${probe.paths.join(", ")}`;
byId("said").textContent = `${probe.count} requests in each row, ${probe.rows.some((row) => row.from) ? "as clients in these regions" : "from the computer on which flyo ran"}.`;
const wrong = probe.rows.flatMap((row) => row.slo.filter((one) => one.verdict === "missed").map((one) => `${row.place}: ${one.limit} is not kept to, it is ${one.measured}`));
byId("missed").replaceChildren(...[...wrong, ...probe.rows.filter((row) => row.trouble).map((row) => `${row.place}: ${row.trouble}`)].map((text) => h("li", {}, text)));

function drawMap() {
  const into = layer(), lines = s("g"), labels = s("g"), spots = s("g");
  into.append(lines, labels, spots);
  // A row stands where its client is, or else at the region that was asked; of several the slowest p95 counts.
  const by = new Map();
  for (const row of probe.rows) {
    const code = row.from ?? row.region;
    if (places[code]) by.set(code, [...(by.get(code) ?? []), row]);
    if (row.from) for (const to of Object.keys(row.answered_by)) if (places[to] && places[code] && to !== code) lines.append(s("path", { class: "way", d: way(places[code], places[to]) }));
  }
  for (const code of new Set(probe.rows.flatMap((row) => Object.keys(row.answered_by)))) if (places[code] && !by.has(code)) spots.append(s("circle", { class: "spot", cx: places[code].x, cy: places[code].y, r: 4 }));
  for (const [code, rows] of by) {
    const asked = rows.filter((row) => row.requests), late = Math.max(...asked.map((row) => row.ms.p95 ?? Infinity)), at = places[code];
    labels.append(label(at, asked.length > 1 ? `${code}, worst` : code, asked.length ? (late === Infinity ? "p95 failed" : `p95 ${took(late)}`) : "not asked"));
    if (asked.length) spots.append(s("path", { class: `${band(late).class} probed`, d: `M${at.x} ${at.y}${band(late).shape(6)}` }));
    else spots.append(s("circle", { class: "spot", cx: at.x, cy: at.y, r: 4 }));
  }
}

function way(from, to) {
  const high = Math.max(8, (from.y + to.y) / 2 - 0.28 * Math.hypot(to.x - from.x, to.y - from.y));
  return `M${from.x} ${from.y}Q${(from.x + to.x) / 2} ${high} ${to.x} ${to.y}`;
}

drawMap();
bandLegend();
bars(byId("bars"), probe.rows.filter((row) => row.requests).map((row) => ({
  label: row.place,
  parts: PERCENTILES.map((name) => ({ value: row.ms[name] ?? 0, class: name })).sort((a, b) => b.value - a.value),
  says: PERCENTILES.map((name) => figure(row, name)).join(" / "),
})));
const cold = probe.rows.some((row) => row.cold), limits = probe.rows.some((row) => row.slo.length);
const number = (text) => ({ text, number: true });
table(byId("rows"), ["From", "Region", number("Requests"), number("Errors"), ...PERCENTILES.map(number), ...(cold ? [number("Cold start")] : []), ...(limits ? ["Limits"] : [])], probe.rows.map((row) => [
  row.from ?? "here",
  row.region ?? (Object.entries(row.answered_by).map(([code, count]) => `${code} ${count}`).join(", ") || "–"),
  ...(row.requests ? [String(row.requests), { text: String(row.errors), class: row.errors ? "bad" : "" }, ...PERCENTILES.map((name) => ({ text: figure(row, name), class: missed(row, name) ? "bad" : "" }))] : ["not asked", "–", "–", "–", "–"]),
  ...(cold ? [row.cold ? (row.cold.ms === null ? "failed" : took(row.cold.ms)) : "–"] : []),
  ...(limits ? [row.slo.map((one) => `${one.limit} ${one.verdict}`).join(", ") || "–"] : []),
]));
