// Draws a chart of doc/charts from rows, with Vega-Lite or Observable Plot, and reads
// back what has been drawn: rectangles, dots and texts, in pixels
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { JSDOM } from 'jsdom';
import * as vega from 'vega';
import * as lite from 'vega-lite';

const { window } = new JSDOM('');

export const read = path => readFileSync(path, 'utf8');

export const parse = svg => new window.DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;

// Draw a Vega-Lite specification; a warning is an error, but for one of nothing to draw
export async function drawLite(text, rows) {
    const warn = (...message) => {
        if (!/Infinite extent/.test(message.join(' ')))
            throw new Error(message.join(' '));
    };
    const logger = { level: () => logger, error: warn, warn, info: () => logger, debug: () => logger };
    const spec = { ...JSON.parse(text), data: { values: rows } };
    const view = new vega.View(vega.parse(lite.compile(spec, { logger }).spec), { renderer: 'none', logger });
    return parse(await view.toSVG());
}

// Draw by a module of Observable Plot, which is in the directory of the packages: the
// picture, and the title and legend, which are HTML around it
export async function drawPlot(module, name, rows) {
    const drawn = (await import(pathToFileURL(module)))[name](rows, { document: window.document });
    const pictures = [drawn, ...drawn.querySelectorAll('svg')].filter(e => e.tagName === 'svg');
    const svg = pictures.at(-1);
    const heading = [...drawn.querySelectorAll('h2, h3')].map(e => e.textContent);
    const legend = [...drawn.querySelectorAll('span')].filter(e => e.querySelector('svg'))
        .map(e => ({ name: e.textContent, fill: e.querySelector('svg').getAttribute('fill') }));
    svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    svg.querySelectorAll('[aria-label=tip]').forEach(e => e.remove());
    return { svg, heading, legend };
}

// An attribute, of the element or of what is around it
function attribute(element, name) {
    for (let e = element; e?.getAttribute; e = e.parentNode)
        if (e.hasAttribute(name))
            return e.getAttribute(name);
    return null;
}

const numbers = text => (text?.match(/-?\d+(\.\d+)?(e-?\d+)?/g) ?? []).map(Number);

// Where an element is moved to, by itself and by what is around it
function offset(element) {
    let [x, y] = [0, 0];
    for (let e = element; e?.getAttribute; e = e.parentNode) {
        const [dx = 0, dy = 0] = numbers(e.getAttribute('transform')?.match(/translate\(([^)]*)\)/)?.[1]);
        [x, y] = [x + dx, y + dy];
    }
    return [x, y];
}

function rectangle(element) {
    const [dx, dy] = offset(element);
    const [x, y, width, height] = element.tagName === 'rect'
        ? ['x', 'y', 'width', 'height'].map(name => Number(element.getAttribute(name)))
        : numbers(element.getAttribute('d').replace(/[Zz]/, ''));
    const opacity = Number(attribute(element, 'fill-opacity') ?? element.getAttribute('opacity') ?? 1);
    return { x: x + dx, y: y + dy, width, height, opacity, fill: attribute(element, 'fill'),
             dashes: attribute(element, 'stroke-dasharray') };
}

function dot(element) {
    const [x, y] = offset(element);
    return { x: x + Number(element.getAttribute('cx') ?? 0), y: y + Number(element.getAttribute('cy') ?? 0) };
}

function label(element) {
    const [x, y] = offset(element);
    return { x, y, text: element.textContent.trim() };
}

// What has been drawn, whichever library did it
export function marks(svg) {
    const of = (selector, f) => [...svg.querySelectorAll(selector)].map(f);
    return {
        rectangles: of('.mark-rect:not([class*=legend]) > path[aria-roledescription], [aria-label=cell] > rect, '
            + '[aria-label=bar] > rect', rectangle),
        dots: of('path[aria-roledescription=point], [aria-label=dot] > circle', dot),
        areas: of('.mark-area > path, [aria-label=area] > path', e => e.getAttribute('d') ?? ''),
        labels: of('.mark-text[class*=layer] > text, [aria-label=text] > text', label),
        texts: of('text', label).map(l => l.text) };
}
