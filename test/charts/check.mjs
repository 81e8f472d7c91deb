// check.mjs CHARTS ROWS PICTURES
//     Draws each chart of the directory CHARTS from each file NAME.CASE.json of ROWS and
//     compares what has been drawn with the rows, and its words and numbers with those of
//     the picture in PICTURES: a line "ok - ..." or "not ok - ..." each.
import { readdirSync, writeFileSync } from 'node:fs';
import { drawLite, drawPlot, marks, parse, read } from './draw.mjs';

const [charts, from, pictures] = process.argv.slice(2);
const near = (a, b, what, by = 0.6) => {
    if (!(Math.abs(a - b) <= by))
        throw new Error(`${what}: ${a}, not ${b}`);
};
const same = (a, b, what) => {
    if (JSON.stringify(a) !== JSON.stringify(b))
        throw new Error(`${what}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`);
};
const sorted = list => [...list].sort();
const thousands = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

// A rate is a filled cell with its percentage, 0 too; what is not known has no fill, and
// what is not over is dashed, its count in brackets
function checkCohorts(rows, { rectangles, labels, texts }) {
    const known = rows.filter(r => r.age > 0 && r.retention_rate !== null);
    const count = n => n < 10000 ? thousands(n) : /^\(?10\.5k\)?$/i;
    const dashed = rectangles.filter(r => r.dashes);
    const filled = rectangles.filter(r => !r.dashes && !/^(none|transparent|)$/.test(r.fill ?? ''));
    same(filled.length, known.length + rows.filter(r => r.age === 0).length, 'filled cells');
    same(dashed.length, rows.filter(r => !r.complete).length, 'dashed cells');
    const shown = rows.map(r => {
        const number = known.includes(r) ? String(Math.round(100 * r.retention_rate)) : count(r.retained);
        return r.complete || typeof number !== 'string' ? number : `(${number})`;
    });
    const got = labels.map(l => l.text);
    same(got.length, shown.length, 'labels');
    got.forEach((text, i) => {
        if (shown[i] instanceof RegExp ? !shown[i].test(text) : shown[i] !== text)
            throw new Error(`label ${i}: ${text}, not ${shown[i]}`);
    });
    for (const month of new Set(rows.map(r => r.cohort.slice(0, 7))))
        same(texts.filter(t => t === month).length, 1, `rows of ${month}`);

    // The higher of two rates is not paler, and each label is within its cell
    const light = fill => (fill.startsWith('#') ? fill.match(/\w\w/g).map(h => parseInt(h, 16))
        : fill.match(/\d+/g).map(Number)).reduce((a, b) => a + b);
    const cells = known.map(r => {
        const { x, y } = labels[rows.indexOf(r)];
        const under = filled.filter(c => c.x <= x && x <= c.x + c.width && c.y <= y && y <= c.y + c.height);
        same(under.length, 1, `cells under ${r.cohort} ${r.age}`);
        return { rate: r.retention_rate, light: light(under[0].fill) };
    }).sort((a, b) => a.rate - b.rate);
    cells.forEach((c, i) => i && near(Math.max(0, c.light - cells[i - 1].light), 0, 'darker by rate', 3));
}

// As many points as ages, at heights in proportion to their rates
function checkCurve(rows, { dots, areas }, field = 'retention_rate', at = 'age') {
    const points = rows.filter(r => r[at] > 0);
    same(dots.length, points.length, 'points');
    same(areas.some(d => /NaN|null|undefined/.test(d)), false, 'a broken area');
    const values = points.map(p => p[field]);
    const [high, low] = [Math.max, Math.min].map(f => values.indexOf(f(...values)));
    if (points.length < 2 || values[high] === values[low])
        return;
    const scale = (dots[low].y - dots[high].y) / (values[high] - values[low]);
    points.forEach((p, i) => near(dots[i].y, dots[low].y - scale * (values[i] - values[low]), `height of ${p[at]}`));
}

// Bars from where the one before ends, and the heights sum right
function checkBridge(rows, { rectangles, labels, texts }) {
    const row = sorted(rows.map(r => `${+r.complete} ${r.period_start}`)).at(-1)?.slice(2);
    const r = rows.find(x => x.period_start === row);
    if (!r) {
        same(rectangles.length, 0, 'bars');
        return;
    }
    const names = ['opening', 'new', 'reactivation', 'expansion', 'contraction', 'churned', 'closing'];
    const amounts = names.map(n => r[`${n}_mrr`]);
    const signs = [1, 1, 1, 1, -1, -1];
    near(signs.reduce((sum, s, i) => sum + s * amounts[i], 0), amounts[6], 'the sum of the rows', 1e-6);
    same(rectangles.length, 7, 'bars');
    const heights = rectangles.map(b => b.height);
    near(signs.reduce((sum, s, i) => sum + s * heights[i], 0), heights[6], 'the sum of the bars');
    const largest = amounts.indexOf(Math.max(...amounts));
    const scale = heights[largest] / amounts[largest];
    const floor = Math.max(...rectangles.map(b => b.y + b.height));
    let level = 0;
    rectangles.forEach((b, i) => {
        near(b.height, scale * amounts[i], `height of ${names[i]}`);
        const end = i % 6 === 0 ? amounts[i] : level + signs[i] * amounts[i];
        near(b.y, floor - scale * Math.max(end, i % 6 === 0 ? 0 : level), `top of ${names[i]}`);
        level = end;
    });
    same(new Set([0, 6].map(i => rectangles[i].fill)).size, 1, 'the colour of totals');
    same(new Set(rectangles.map(b => b.fill)).size, 3, 'colours');
    same(labels.filter(l => l.text.startsWith('+')).length, 3, 'labels that add');
    same(labels.filter(l => l.text.startsWith('\u2212')).length, 2, 'labels that subtract');
    same(texts.filter(t => names.includes(t)), names, 'names');
    same(texts.some(t => t.includes(r.period_start)), true, 'the period');
    same(texts.some(t => t.includes('not over yet')), !r.complete, 'whether it is over');
}

// Bars above and below 0 whose difference is where the dot is
function checkMrr(rows, { rectangles, dots, texts }) {
    const names = ['new', 'reactivation', 'expansion', 'contraction', 'churned'];
    same(dots.length, rows.length, 'dots');
    same(rectangles.length, 5 * rows.length, 'bars');
    const largest = Math.max(...rows.flatMap(r => names.map(n => r[`${n}_mrr`])));
    const scale = Math.max(...rectangles.map(b => b.height)) / largest;
    const lowest = rectangles.filter(b => b.fill === '#74acdf');
    const zero = lowest[0] && lowest[0].y + lowest[0].height;
    lowest.forEach(b => near(b.y + b.height, zero, 'where new MRR begins'));
    rows.forEach((r, i) => {
        const bars = rectangles.filter(b => b.x - 1 < dots[i].x && dots[i].x < b.x + b.width + 1);
        same(bars.length, 5, `bars of ${r.period_start}`);
        same(bars.every(b => b.opacity < 1) && bars.length > 0, !r.complete, `pale in ${r.period_start}`);
        same(texts.filter(t => t === r.period_start.slice(0, 7)).length, 1, `the label of ${r.period_start}`);
        if (!largest)
            return;
        const heights = bars.map(b => b.height).sort((a, b) => a - b);
        names.map(n => scale * r[`${n}_mrr`]).sort((a, b) => a - b)
            .forEach((height, k) => near(heights[k], height, `a bar of ${r.period_start}`));
        near(dots[i].y, zero - scale * (r.closing_mrr - r.opening_mrr), `the dot of ${r.period_start}`, 1.2);
    });
}

// The curve of survival_table, by the changes that the page names
const steps = text => text.replaceAll('age', 'time').replaceAll('retention_rate', 'survival')
    .replaceAll(/"type": "(area|line)"/g, '"type": "$1", "interpolate": "step-after"')
    .replaceAll(/(fill|stroke): "/g, 'curve: "step-after", $1: "');

const checks = { cohorts: checkCohorts, curve: checkCurve, bridge: checkBridge, mrr: checkMrr,
                 survival: (rows, drawn) => checkCurve(rows, drawn, 'survival', 'time') };

let failed = 0;
async function check(name, action) {
    try {
        await action();
        console.log(`ok - ${name}`);
    } catch (error) {
        failed++;
        console.log(`not ok - ${name}\n# ${error.message}`);
    }
}

writeFileSync('survival.plot.js', steps(read(`${charts}/curve.plot.js`)).replace('curve(rows', 'survival(rows'));
for (const chart of ['cohorts', 'curve', 'bridge', 'mrr'])
    writeFileSync(`${chart}.plot.js`, read(`${charts}/${chart}.plot.js`));

// Versions of the packages differ in pixels, not in what is said
function checkPicture(name, { texts }) {
    const file = scheme => read(`${pictures}/chart-${name}${scheme}.svg`);
    const all = ['', '-dark'].map(scheme => marks(parse(file(scheme))).texts.join(' '));
    for (const text of texts.filter(t => !/^[A-Z].*\. |^%/.test(t)))
        all.forEach(picture => same(picture.includes(text), true, `"${text}" in the picture`));
}

for (const file of readdirSync(from).filter(f => f.endsWith('.json')).sort()) {
    const [chart, name] = file.split('.');
    const rows = JSON.parse(read(`${from}/${file}`));
    const what = `${chart}, ${name.replaceAll('_', ' ')}`;
    await check(`${what}: Vega-Lite`, async () => {
        const text = read(`${charts}/${chart === 'survival' ? 'curve' : chart}.vl.json`);
        const drawn = marks(await drawLite(chart === 'survival' ? steps(text) : text, rows));
        checks[chart](rows, drawn);
        if (name === 'made_up' && chart !== 'survival')
            checkPicture(`${chart}-lite`, drawn);
    });
    await check(`${what}: Plot`, async () => {
        const { svg, heading } = await drawPlot(`${chart}.plot.js`, chart, rows);
        const drawn = marks(svg);
        checks[chart](rows, { ...drawn, texts: [...drawn.texts, ...heading] });
        if (name === 'made_up' && chart !== 'survival')
            checkPicture(`${chart}-plot`, drawn);
    });
}
process.exit(failed ? 1 : 0);
