import * as Plot from "@observablehq/plot";

// Movements of all rows of mrr_table
export function mrr(rows, options) {
  const names = ["new", "reactivation", "expansion", "contraction", "churned"];
  const months = rows.map(row => ({...row, month: row.period_start.slice(0, 7), net: row.closing_mrr - row.opening_mrr}));
  const moves = months.flatMap(row => names.map((movement, place) =>
    ({...row, movement, change: (place < 3 ? 1 : -1) * row[`${movement}_mrr`]})));
  return Plot.plot({
    title: "How MRR moved",
    subtitle: "Dots: all of it together. Pale: not over yet.",
    width: 460,
    height: 300,
    marginBottom: 50,
    x: {type: "band", label: null, tickRotate: -50, padding: 0.2},
    y: {label: "change of MRR", grid: true, tickFormat: "~s"},
    color: {legend: true, domain: names, range: ["#74acdf", "#cfe3f5", "#1d4f87", "#eec29c", "#bf5b12"]},
    marks: [
      Plot.barY(moves, {x: "month", y: "change", fill: "movement", fillOpacity: move => move.complete ? 1 : 0.45, order: names}),
      Plot.ruleY([0]),
      Plot.lineY(months, {x: "month", y: "net", stroke: "#16212c", strokeWidth: 1.5}),
      Plot.dot(months, {x: "month", y: "net", fill: "#16212c", stroke: "#ffffff", tip: true})
    ],
    ...options
  });
}
