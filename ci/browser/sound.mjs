// A page as pipefit writes them, small and without fault: the checks must be content with
// it, and each fault that broken.mjs puts into it must be found.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const FILES = ['elements', 'tables', 'points', 'plots'];

// The script as it stands in a page; bare without the function around it.
export function script(folder, { bare = false } = {}) {
  const text = FILES.map((name) => readFileSync(path.join(folder, `script/${name}.js`), 'utf8')).join('');
  return bare ? `'use strict';\n${text}` : `(() => {\n'use strict';\n${text}})();\n`;
}

const SERIES = [
  { name: 'call', hue: 0, start: 300, steep: 1.5 },
  { name: 'pipe, block', hue: 1, variant: 0, start: 9_000, steep: 2.2 },
  { name: 'pipe, spin', hue: 1, variant: 1, start: 3_000, steep: 1.8 },
];
const PERCENTS = [0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9];
const [WIDTH, HEIGHT, LEFT, TOP, RIGHT] = [760, 300, 90, 20, 740];

function points({ start, steep }) {
  return PERCENTS.map((percent) => {
    const nines = -Math.log10(1 - percent / 100);
    return { percent, nines, ns: Math.round(start * steep ** nines) };
  });
}

function csv() {
  const field = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = SERIES.flatMap((one) => points(one).map(({ percent, ns }) => `${field(one.name)},${percent},${ns}`));
  return ['series,percentile_pct,response_ns', ...lines].join('\n');
}

const mark = ({ hue, variant }) => `data-hue="${hue}"${variant === undefined ? '' : ` data-variant="${variant}"`}`;

function picture(areas, title) {
  const [xHigh, yLow, yHigh] = [3, 2, 5];
  const shapes = SERIES.map((one, i) => {
    const [left, top, right, bottom] = areas[i] ?? areas[0];
    const at = points(one).map(({ nines, ns }) => [
      left + (nines / xHigh) * (right - left),
      bottom - ((Math.log10(ns) - yLow) / (yHigh - yLow)) * (bottom - top),
    ]);
    const [x, y] = at.at(-1);
    return `<g ${mark(one)}><polyline fill="none" stroke="var(--c${one.hue})" stroke-width="2" points="${at.map((p) => p.join()).join(' ')}"/>
<circle cx="${x}" cy="${y}" r="3" fill="var(--c${one.hue})"/></g>`;
  });
  const bottom = areas.at(-1)[3];
  const ticks = [0, 1, 2, 3].map((nines) => {
    const x = LEFT + (nines / xHigh) * (RIGHT - LEFT);
    return `<text x="${x}" y="${bottom + 16}" text-anchor="middle">${['0 %', '90 %', '99 %', '99.9 %'][nines]}</text>`;
  });
  const axes = `data-x-scale="percentile" data-x-range="0 ${xHigh}" data-x-column="percentile_pct" data-y-scale="log" data-y-range="${yLow} ${yHigh}" data-y-column="response_ns"`;
  return `<svg role="img" aria-label="${title}" viewBox="0 0 ${WIDTH} ${HEIGHT}" ${axes} data-areas="${areas.map((area) => area.join(' ')).join('; ')}" font-size="12" fill="var(--muted)">
${shapes.join('\n')}
${ticks.join('\n')}
<text x="80" y="${TOP + 10}" text-anchor="end">100 µs</text>
<text class="axis" x="${(LEFT + RIGHT) / 2}" y="${bottom + 32}" text-anchor="middle">percentile</text>
</svg>`;
}

function figure(id, areas, title) {
  const legend = SERIES.map((one) => `<li ${mark(one)} data-series="${one.name}"><svg class="swatch" aria-hidden="true" width="24" height="12" viewBox="0 0 24 12"><line x1="0" y1="6" x2="24" y2="6" stroke="var(--c${one.hue})" stroke-width="3"/></svg>${one.name}</li>`);
  return `<figure class="plot" id="${id}"><h3>${title}</h3><p class="terms">n = 20,000; ns; 64B, 10kHz</p>
<div class="scroll" tabindex="0" role="region" aria-label="Plot: ${title}">${picture(areas, title)}</div>
<ul class="legend">${legend.join('')}</ul>
<figcaption>Lower is better. <a class="data" download="${id}.csv" href="data:text/csv;charset=utf-8,${encodeURIComponent(csv())}">Data (CSV)</a></figcaption></figure>`;
}

const CELLS = SERIES.flatMap((one, i) => [64, 4_096].map((size) => {
  const [p50, p99] = [50, 99].map((at) => points(one).find(({ percent }) => percent === at).ns + size);
  // Equal figures show whether the order is stable, and a missing one where it goes.
  const lost = i === 0 ? 0 : 7;
  return { id: `stream/${one.name.replace(', ', '-')}/${size}B`, one, size, p50, p99: i === 2 && size === 64 ? null : p99, lost };
}));

// The record of the page's figures.
export const record = {
  cells: CELLS.map(({ id, p50, p99, lost }) => ({
    id,
    metrics: { response_ns: { count: 20_000, p50, ...(p99 === null ? {} : { p99 }) } },
    ledger: { lost },
  })),
};

function row(of) {
  const { one, size, p50, p99, lost } = of;
  const cell = (value, way) => (value === null
    ? '<td class="n few">n too small</td>'
    : `<td class="n" data-value="${value}" data-key="${CELLS.indexOf(of)}/${way}">${value}</td>`);
  const figures = [cell(p50, 'metrics/response_ns/p50'), cell(p99, 'metrics/response_ns/p99'), cell(lost, 'ledger/lost')];
  const note = size === 64 ? '<tr class="more"><td colspan="6"><div>a note of its own</div></td></tr>' : '';
  return `<tbody data-hue="${one.hue}" data-name="${one.name}"><tr><th scope="row">${one.name}</th><td class="n" data-value="${size}">${size}</td><td>valid</td>${figures.join('')}</tr>${note}</tbody>`;
}

function table() {
  const heads = [['transport', ''], ['size', 'n'], ['status', ''], ['response<br>p50', 'n'], ['response<br>p99', 'n'], ['lost', 'n']];
  const head = heads.map(([text, kind]) => `<th scope="col"${kind ? ` class="${kind}"` : ''}>${text}</th>`);
  // Neither way is the order of any column, so that each sort has something to do.
  const rows = [3, 0, 5, 1, 4, 2].map((i) => row(CELLS[i]));
  rows.splice(2, 0, '<tbody data-hue="2" data-name="task"><tr><th scope="row">task</th><td class="n" data-value="64">64</td><td class="why" colspan="4">n/a: not here</td></tr></tbody>');
  return `<div class="scroll" tabindex="0" role="region" aria-label="Figures of stream"><table class="figures" data-sort><caption><span>A row for each cell.</span></caption><thead><tr>${head.join('')}</tr></thead>${rows.join('\n')}</table></div>`;
}

// The page; `folder` has the styles and the script. `change` may replace a text in the
// script, or in all of the page.
export function sound(folder, { inScript = (text) => text, inPage = (text) => text } = {}) {
  const style = ['page.css', 'widgets.css'].map((name) => readFileSync(path.join(folder, name), 'utf8')).join('\n');
  const hues = ':root{--c0:#2a78d6;--c1:#eb6834;--c2:#1baf7a}';
  // What follows here is what pipefit's own plots and pages bring along.
  const own = 'figure .scroll svg{font-family:sans-serif}';
  const text = inScript(script(folder));
  const hash = createHash('sha256').update(text).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const strips = SERIES.map((_, i) => [LEFT, TOP + i * 80, RIGHT, TOP + i * 80 + 70]);
  return inPage(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>a sound page</title><link rel="icon" href="data:,">
<style>${style}${hues}${own}</style></head><body>
<header><h1>A sound page</h1></header><main><section aria-labelledby="stream"><h2 id="stream">stream</h2>
${table()}
${figure('plot-0', [[LEFT, TOP, RIGHT, 250]], 'stream: response by percentile')}
${figure('plot-1', strips, 'stream: response, a strip each')}
</section></main><script>${text}</script></body></html>
`);
}
