// Draws which regions are fastest for some users, for the number of regions that is chosen.
const { suggestion, places } = DATA, { choices, codes, users } = suggestion;
const percent = (share) => (share > 0 && share < 0.005 ? "< 1 %" : `${Math.round(100 * share)} %`);
const usd = (amount) => amount.toFixed(2), many = (count, one, more) => `${count} ${count === 1 ? one : more}`;
const what = suggestion.by === "mean" ? "mean" : "p95", named = (code) => places[code]?.name ?? code;
const goal = { mean: "mean round trip", p95: "P95 of the round trips" }[what];

// Users with the nearest of the chosen regions, and the round trip to it.
function served(choice) {
  const there = choice.regions.map((code) => codes.indexOf(code));
  return users.map(([where, x, y, share, times]) => {
    const nearest = there.reduce((best, one) => (times[one] < times[best] ? one : best));
    return { where, x, y, share, code: codes[nearest], ms: times[nearest] };
  });
}

const sum = (all) => all.reduce((total, one) => total + one.share, 0);
const average = (all) => all.reduce((total, one) => total + one.share * one.ms, 0) / (sum(all) || 1);

function drawMap(choice, there) {
  const into = layer();
  // One path for all users of a band; areas are as large as shares.
  const radius = (share) => Math.max(1.4, Math.min(20, 42 * Math.sqrt(share)));
  into.append(...BANDS.map((one) => s("path", { class: `${one.class} user`, d: there.filter((some) => band(some.ms) === one).map((some) => `M${some.x} ${some.y}${one.shape(radius(some.share).toFixed(1))}`).join("") })));
  for (const code of choice.regions.filter((one) => places[one])) {
    const mine = there.filter((some) => some.code === code), at = places[code];
    into.append(label(at, `${code} ${percent(sum(mine))}`, mine.length ? took(average(mine)) : "–"), s("circle", { class: "region", cx: at.x, cy: at.y, r: 5 }));
  }
}

function choose(number) {
  const choice = choices[number], there = served(choice), count = choice.regions.length;
  byId("number").value = number;
  byId("number").setAttribute("aria-valuetext", `${many(count, "region", "regions")}: ${choice.regions.join(", ")}`);
  say(byId("how-many"), `${count}: ${choice.regions.join(" ")}`);
  say(byId("said"), `${choice.regions.join(" ")}: ${goal} ${took(choice[what])}, ${usd(choice.usd)} USD a month${suggestion.budget === null ? "" : ` of a budget of ${usd(suggestion.budget)}`}.`);
  drawMap(choice, there);
  table(byId("served"), ["Region", "Place", { text: "Users", number: true }, { text: "Mean", number: true }, { text: "Longest", number: true }], choice.regions.map((code) => {
    const mine = there.filter((some) => some.code === code);
    return [code, named(code), percent(sum(mine)), mine.length ? took(average(mine)) : "–", mine.length ? took(Math.max(...mine.map((some) => some.ms))) : "–"];
  }));
  table(byId("far"), ["Round trip", { text: "Users", number: true }], BANDS.map((one) => [one.text, percent(sum(there.filter((some) => band(some.ms) === one)))]));
  say(byId("next"), `flyo init --regions ${choice.regions.map((code) => (suggestion.machines === 1 ? code : `${code}=${suggestion.machines}`)).join(",")}`);
  drawBars(number);
  table(byId("choices"), ["Regions", "Which", { text: "USD a month", number: true }, { text: "Mean", number: true }, { text: "P50", number: true }, { text: "P95", number: true }, "What it buys"], choices.map((one, at) => {
    const pick = () => h("button", { type: "button", class: "link", "aria-pressed": String(at === number), onclick: () => choose(at) }, many(one.regions.length, "region", "regions"));
    const before = choices[at - 1], gain = before ? before[what] - one[what] : 0;
    return [{ text: String(one.regions.length), key: at === number, make: pick }, one.regions.join(" "), usd(one.usd), took(one.mean), took(one.p50), took(one.p95), before ? `${gain >= 0.5 ? `−${Math.round(gain)} ms` : "less than 1 ms"} for ${one.usd < before.usd ? "−" : "+"}${usd(Math.abs(one.usd - before.usd))} USD` : "–"];
  }));
}

const drawBars = (number) => bars(byId("bars"), choices.map((one, at) => ({ label: String(one.regions.length), chosen: at === number, parts: [{ value: one[what], class: at === number ? "p50" : "p95" }], says: `${took(one[what])} · ${usd(one.usd)} USD` })));

byId("began").textContent = `${many(suggestion.looked_at, "set", "sets")} of regions${suggestion.budget === null ? "" : ` within ${usd(suggestion.budget)} USD a month`}, all looked at; for each number of regions the one with the smallest ${goal}`;
byId("facts").textContent = suggestion.facts;
byId("number").max = choices.length - 1;
byId("number").addEventListener("input", () => choose(Number(byId("number").value)));
bandLegend([legendItem(s("circle", { class: "region", cx: 5, cy: 5, r: 4 }), "a region that is chosen: the share of users it serves, and their mean round trip")]);
choose(choices.length - 1);
