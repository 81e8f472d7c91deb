// pictures.mjs CHARTS ROWS DIRECTORY
//     Draws each chart from ROWS/NAME.made_up.json into DIRECTORY, with both libraries, for
//     a light and a dark page: chart-NAME-lite.svg, chart-NAME-lite-dark.svg and so on.
import { writeFileSync } from 'node:fs';
import { drawLite, drawPlot, read } from './draw.mjs';

const [charts, rows, directory] = process.argv.slice(2);

// The colours of a dark page, by those of a light one, which are in the charts
const dark = {
    '#ffffff': '#10171f', '#16212c': '#e6edf3', '#6f8296': '#8293a5', '#e9edf1': '#25303b', '#e3eefa': '#19293a',
    '#1d4f87': '#8cc0f2', '#74acdf': '#3f7fbd', '#cfe3f5': '#1f4468', '#bf5b12': '#e28a43', '#eec29c': '#7a4a22',
    '#c8d5e3': '#2c4560', '#4a5a6a': '#a7b4c1', '#dfe5eb': '#26313c' };
const shade = (text, scheme) => scheme === 'dark' ? text.replace(/#[0-9a-f]{6}/g, c => dark[c] ?? c) : text;

const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const config = {
    background: '#ffffff', font, title: { color: '#16212c', subtitleColor: '#4a5a6a', subtitlePadding: 5 },
    style: { 'guide-label': { fill: '#16212c' }, 'guide-title': { fill: '#4a5a6a', fontWeight: 'normal' } },
    text: { fill: '#16212c' },
    axis: { gridColor: '#dfe5eb', domainColor: '#6f8296', tickColor: '#6f8296' } };

// For a page that shows the picture and has words of its own for who cannot see it
function small(svg) {
    for (const e of [svg, ...svg.querySelectorAll('*')])
        for (const { name } of [...e.attributes])
            if (/^(aria-|role$|class$|pointer-events$|tabindex$)/.test(name) || e.getAttribute(name) === '')
                e.removeAttribute(name);
    svg.querySelectorAll('style').forEach(e => e.remove());
    return svg.outerHTML.replace(/-?\d+\.\d{2,}(e-?\d+)?/g, n => String(Math.round(n * 10) / 10))
        .replace(/></g, '>\n<') + '\n';
}

const escape = text => text.replace(/[&<>]/g, c => `&#${c.charCodeAt(0)};`);

// Lines of at most that many characters
const wrapped = (text, width) => text.split(' ').reduce((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`;
    return longer.length > width ? [...lines, word] : [...lines.slice(0, -1), longer];
}, ['']).map(line => line.trim());

// What Plot puts around a picture as HTML, as a picture
function framed({ svg, heading: [title, subtitle], legend }) {
    const [width, height] = ['width', 'height'].map(name => Number(svg.getAttribute(name)));
    const lines = wrapped(subtitle, width / 6);
    let y = 22;
    let head = `<text x="12" y="${y}" font-weight="700" font-size="13">${escape(title)}</text>`;
    for (const line of lines)
        head += `<text x="12" y="${y += 16}" font-size="11.5" fill="#4a5a6a">${escape(line)}</text>`;
    let x = 12;
    if (legend.length)
        y += 22;
    for (const { name, fill } of legend) {
        head += `<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${fill}"/>`
            + `<text x="${x + 17}" y="${y}" font-size="11">${escape(name)}</text>`;
        x += 34 + 6 * name.length;
    }
    svg.setAttribute('y', y + 6);
    for (const name of ['font-family', 'xmlns'])
        svg.removeAttribute(name);
    const size = `width="${width}" height="${y + 10 + height}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${width} ${y + 10 + height}" `
        + `font-family="${font.replaceAll('"', '\'')}" fill="#16212c" color="#16212c">`
        + `<rect width="100%" height="100%" fill="#ffffff"/>\n${head.replace(/></g, '>\n<')}\n${small(svg)}</svg>\n`;
}

for (const chart of ['cohorts', 'curve', 'bridge', 'mrr']) {
    const data = JSON.parse(read(`${rows}/${chart}.made_up.json`));
    for (const scheme of ['light', 'dark']) {
        const write = (library, svg) =>
            writeFileSync(`${directory}/chart-${chart}-${library}${scheme === 'dark' ? '-dark' : ''}.svg`, svg);
        const spec = JSON.parse(read(`${charts}/${chart}.vl.json`));
        spec.config = { ...config, ...spec.config, axis: { ...config.axis, ...spec.config.axis } };
        write('lite', small(await drawLite(shade(JSON.stringify(spec), scheme), data)));
        const module = `${scheme}-${chart}.plot.js`;
        writeFileSync(module, shade(read(`${charts}/${chart}.plot.js`), scheme));
        write('plot', shade(framed(await drawPlot(module, chart, data)), scheme));
    }
}
