import * as Plot from "@observablehq/plot";

// Heat map of the rows of cohort_table
export function cohorts(rows, options) {
  const count = n => n.toLocaleString("en-US", n < 1e4 ? {} : {notation: "compact", maximumSignificantDigits: 3});
  const cells = rows.map(row => {
    const rate = row.age > 0 ? row.retention_rate : null;
    const number = rate === null ? count(row.retained) : (100 * rate).toFixed(0);
    return {...row, rate, month: row.cohort.slice(0, 7), label: row.complete ? number : `(${number})`};
  });
  const known = cells.filter(cell => cell.rate !== null);
  const highest = Math.max(0, ...known.map(cell => cell.rate));
  const place = {x: "age", y: "month"};
  return Plot.plot({
    title: "Who comes back, by cohort",
    subtitle: "% of the cohort that ordered again in that month; 0: its customers. "
      + "Dashed: not over yet, with the customers so far in brackets.",
    width: 80 + 36 * (1 + Math.max(0, ...cells.map(cell => cell.age))),
    height: 60 + 21 * new Set(cells.map(cell => cell.month)).size,
    marginLeft: 60,
    marginTop: 40,
    x: {type: "band", axis: "top", label: "months since the first order", tickSize: 0, padding: 0.04},
    y: {type: "band", label: null, tickSize: 0, padding: 0.04},
    color: {type: "linear", domain: [0, highest || 1], range: ["#e3eefa", "#1d4f87"]},
    marks: [
      Plot.cell(cells.filter(cell => cell.age === 0), {...place, fill: "#e9edf1"}),
      Plot.cell(known, {...place, fill: "rate"}),
      Plot.cell(cells.filter(cell => !cell.complete), {...place, fill: "none", stroke: "#6f8296", strokeDasharray: "3 2"}),
      Plot.text(cells, {...place, text: "label", fill: cell => cell.rate > 0.65 * highest ? "#ffffff" : "#16212c", tip: true})
    ],
    ...options
  });
}
