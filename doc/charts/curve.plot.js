import * as Plot from "@observablehq/plot";

// Curve of the rows of retention_curve
export function curve(rows, options) {
  const later = rows.filter(row => row.age > 0);
  return Plot.plot({
    title: "How many come back",
    subtitle: "% of the customers who ordered again in that month, with its 95% interval.",
    width: 460,
    height: 290,
    x: {label: "months since the first order", interval: 1, ticks: 10},
    y: {label: "% active again", percent: true, grid: true, zero: true},
    marks: [
      Plot.areaY(later, {x: "age", y1: "lower", y2: "upper", fill: "#c8d5e3"}),
      Plot.lineY(later, {x: "age", y: "retention_rate", stroke: "#1d4f87"}),
      Plot.dot(later, {x: "age", y: "retention_rate", fill: "#1d4f87", tip: true}),
      Plot.ruleY([0])
    ],
    ...options
  });
}
