// What a plot should say, worked out here once more from its CSV and its axes, and not by
// the script that is being checked.

// A field and what ends it, one after the other.
function csv(text) {
  const rows = [[]];
  for (const [, field, end] of text.matchAll(/("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/g)) {
    rows.at(-1).push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end !== ',' && end !== '') rows.push([]);
  }
  return rows.filter((row) => row.some((field) => field !== ''));
}

const DRAWN = {
  linear: (value) => value,
  log: (value) => Math.log10(value),
  percentile: (value) => -Math.log10(1 - value / 100),
};

// The plots of a page with all that is needed to ask them, in the order of the page.
export async function plotsOf(page) {
  const read = await page.evaluate(() => Array.from(document.querySelectorAll('figure.plot'), (figure, i) => {
    const svg = figure.querySelector('.scroll svg');
    if (!svg) return null;
    const base = svg.viewBox.baseVal;
    return {
      i,
      id: figure.id || `figure ${i}`,
      data: { ...svg.dataset },
      box: [base.x, base.y, base.width, base.height],
      href: figure.querySelector('a.data')?.getAttribute('href') ?? '',
      legend: Array.from(figure.querySelectorAll('.legend li[data-series]'), ({ dataset }) => {
        // Which of those of its hue it is, unless it says so.
        const before = figure.querySelectorAll(`.legend li[data-hue="${dataset.hue}"]`);
        return { ...dataset, variant: dataset.variant ?? String(Array.from(before).findIndex((one) => one.dataset.series === dataset.series)) };
      }),
    };
  }));
  return read.filter((plot) => plot !== null).map((plot) => ({ ...plot, series: plot.data.xScale ? seriesOf(plot) : [] }));
}

function seriesOf({ data, href, legend }) {
  const [head, ...lines] = csv(decodeURIComponent(href.slice(href.indexOf(',') + 1)));
  const column = (name) => {
    const at = head.indexOf(name);
    if (at < 0) throw new Error(`the CSV has no column ${name}: ${head}`);
    return at;
  };
  const [name, x, y] = ['series', data.xColumn, data.yColumn].map(column);
  const areas = data.areas.split(';').map((area) => area.trim().split(/\s+/).map(Number));
  const part = (axis, text) => {
    const [low, high] = data[`${axis}Range`].trim().split(/\s+/).map(Number);
    return text === '' ? NaN : (DRAWN[data[`${axis}Scale`]](Number(text)) - low) / (high - low);
  };
  return legend.map(({ series }, i) => {
    const [left, top, right, bottom] = areas.length === 1 ? areas[0] : areas[i] ?? [];
    const points = lines.filter((line) => line[name] === series)
      .map((line) => ({ x: Number(line[x]), y: Number(line[y]), across: part('x', line[x]), up: part('y', line[y]) }))
      .filter(({ across, up }) => [across, up].every((share) => share >= -0.01 && share <= 1.01))
      .map(({ across, up, ...point }) => ({ ...point, left: left + across * (right - left), top: bottom - up * (bottom - top) }))
      .sort((a, b) => a.left - b.left);
    return { name: series, points };
  });
}

const FACTORS = [
  ['_bytes_per_s', { 'B/s': 1, 'kB/s': 1e3, 'MB/s': 1e6, 'GB/s': 1e9 }],
  ['_per_s', { '/s': 1, 'k/s': 1e3, 'M/s': 1e6, 'G/s': 1e9 }],
  ['_bytes', { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }],
  ['_hz', { Hz: 1, kHz: 1e3, MHz: 1e6, GHz: 1e9 }],
  ['_ns', { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 }],
  ['_ms', { ns: 1e-6, µs: 1e-3, ms: 1, s: 1e3 }],
  ['_pct', { '%': 1 }],
  ['_times', { '×': 1 }],
  ['_s', { ns: 1e-9, µs: 1e-6, ms: 1e-3, s: 1 }],
  ['', { '': 1 }],
];

// Whether a text names that figure of that column, to the three digits that it shows.
export function says(text, column, value) {
  const [, number, unit] = text.match(/(-?[\d.,]+(?:e[-+]?\d+)?) ?([^\d\s]*)$/) ?? [];
  const [end, factors] = FACTORS.find(([ending]) => column.endsWith(ending));
  if (number === undefined || !Object.hasOwn(factors, unit)) return false;
  const name = column.slice(0, column.length - end.length).replaceAll('_', ' ');
  if (!text.startsWith(name)) return false;
  const shown = Number(number.replaceAll(',', '')) * factors[unit];
  // A percentile is told by its distance from 100.
  const size = end === '_pct' ? Math.min(Math.abs(value), Math.abs(100 - value)) : Math.abs(value);
  return Math.abs(shown - value) <= 0.006 * size + 1e-9;
}
