import * as Plot from "@observablehq/plot";

// Bridge of the latest complete row of mrr_table
export function bridge(rows, options) {
  const [row] = [...rows].sort((a, b) => b.complete - a.complete || b.period_start.localeCompare(a.period_start));
  if (row === undefined)
    return Plot.plot({title: "There are no rows", ...options});
  const names = ["opening", "new", "reactivation", "expansion", "contraction", "churned", "closing"];
  let total = 0;
  const steps = names.map((name, place) => {
    const amount = row[`${name}_mrr`];
    const kind = place % 6 === 0 ? "total" : place < 4 ? "more" : "less";
    const from = kind === "total" ? 0 : total;
    total = kind === "total" ? amount : kind === "more" ? total + amount : total - amount;
    const number = amount.toLocaleString("en-US", amount < 100 ? {} : {maximumFractionDigits: 0});
    return {name, kind, from, to: total, label: {total: "", more: "+", less: "\u2212"}[kind] + number};
  });
  return Plot.plot({
    title: "From the opening to the closing MRR",
    subtitle: `Period from ${row.period_start}${row.complete ? "" : ", not over yet"}; amounts per month`,
    width: 500,
    height: 290,
    x: {type: "band", domain: names, label: null, tickSize: 0, padding: 0.3},
    y: {label: "MRR", grid: true, tickFormat: "~s", ticks: 5, nice: true},
    color: {domain: ["total", "more", "less"], range: ["#6f8296", "#1d4f87", "#bf5b12"]},
    marks: [
      Plot.link(steps.slice(0, 6), {x1: "name", x2: (step, i) => names[i + 1], y: "to", stroke: "#6f8296"}),
      Plot.barY(steps, {x: "name", y1: "from", y2: "to", fill: "kind"}),
      Plot.text(steps, {x: "name", y: step => Math.max(step.from, step.to), text: "label", dy: -8}),
      Plot.ruleY([0])
    ],
    ...options
  });
}
