// Draws the bill.
const { bill } = DATA, NOWHERE = "everywhere";
const usd = (amount) => (amount === null ? "unknown" : amount.toFixed(2).replace("-", "−"));
const total = (items) => items.reduce((sum, one) => sum + (one.usd_per_month ?? 0), 0);
const whole = (items) => items.every((one) => one.usd_per_month !== null);
const said = (items) => `${whole(items) ? "" : "at least "}${usd(total(items))}`;

function grouped(by) {
  const groups = new Map();
  for (const item of bill.items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return [...groups].sort(([, a], [, b]) => total(b) - total(a));
}

function budget() {
  if (bill.budget === null) return ["", ""];
  const over = bill.usd_per_month - bill.budget;
  if (over > 0) return [`${usd(over)} USD more than the budget of ${usd(bill.budget)} a month`, "bad"];
  return bill.complete ? [`within the budget of ${usd(bill.budget)} USD a month`, "good"] : [`whether it is within the budget of ${usd(bill.budget)} USD a month is not known`, "warn"];
}

const [kept, how] = budget();
byId("began").textContent = `prices of ${bill.prices_as_of}; a month of 30 days`;
byId("sum").textContent = `${bill.complete ? "" : "at least "}${usd(bill.usd_per_month)} USD`;
byId("budget").textContent = kept;
byId("budget").className = how;
const advice = bill.worth_reserving.map((one) => `${one.usd_per_year} USD a year ahead for ${one.kind} machines would save ${usd(one.usd_per_month_saved)} a month`);
if (bill.usd_per_month_saved_by_sleep > 0.005) advice.unshift(`sleeping saves ${usd(bill.usd_per_month_saved_by_sleep)} USD a month`);
byId("advice").replaceChildren(...advice.map((text) => h("li", {}, text)));
bars(byId("whole"), [{ label: "all", parts: [{ value: bill.usd_per_month, class: how === "bad" ? "over" : "p50" }], says: byId("sum").textContent }, ...(bill.budget === null ? [] : [{ label: "budget", parts: [{ value: bill.budget, class: "p95" }], says: `${usd(bill.budget)} USD` }])]);
const regions = grouped((item) => item.region ?? NOWHERE), kinds = grouped((item) => item.what);
const bar = ([label, items]) => ({ label, parts: [{ value: total(items), class: "p50" }], says: said(items) });
bars(byId("by-region"), regions.map(bar));
bars(byId("by-line"), kinds.map(bar));
const number = (text) => ({ text, number: true }), share = (items) => (bill.usd_per_month > 0 ? `${Math.round((100 * total(items)) / bill.usd_per_month)} %` : "–");
table(byId("regions"), ["Region", number("USD a month"), number("Share")], regions.map(([code, items]) => [code, said(items), share(items)]));
table(byId("lines"), ["What", number("USD a month"), "Region", "How much"], [...bill.items.map((one) => [one.what, { text: usd(one.usd_per_month), class: one.usd_per_month === null ? "warn" : "" }, one.region ?? "–", one.amount]), [{ text: "all", class: "strong" }, { text: said(bill.items), class: "strong" }, "", ""]]);
byId("facts").textContent = "Databases and support plans are not in it.";
