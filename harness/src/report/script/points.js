// The points behind a plot: read from its CSV, laid on its axes, named with their units, and
// found again from a place or by a key. Nothing here is drawn.

// Ranges are printed with fewer digits than figures: an end may lie a little outside.
const SLACK = 0.01;

// RFC 4180: a quoted field may hold commas, lines and doubled quotes.
function csvRows(text) {
  const rows = [];
  let [row, field, quoted] = [[], '', false];
  const endField = () => { row.push(field); field = ''; };
  const endRow = () => { endField(); rows.push(row); row = []; };
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') { field += c; i += 1; }
    else if (c === '"') quoted = !quoted;
    else if (quoted) field += c;
    else if (c === ',') endField();
    else if (c === '\n') endRow();
    else if (c !== '\r') field += c;
  }
  if (field !== '' || row.length > 0) endRow();
  return rows;
}

function csvOf(link) {
  const [, text] = (link?.getAttribute('href') ?? '').match(/^data:text\/csv[^,]*,(.*)$/s) ?? [];
  if (text === undefined) return [];
  try {
    return csvRows(decodeURIComponent(text));
  } catch {
    return []; // A stray % in the address is not told apart beforehand.
  }
}

function threeDigits(value) {
  if (Math.abs(value) >= 999.5) return Math.round(Number(value.toPrecision(3))).toLocaleString('en');
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

// Rounded before the step is chosen: 999.9 ns is 1.00 µs.
function inSteps(value, steps) {
  const size = Math.abs(Number(value.toPrecision(3)));
  const [step, unit] = steps.find(([from]) => size >= from) ?? steps[steps.length - 1];
  return `${threeDigits(value / step)} ${unit}`;
}

const SPANS = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
const SIZES = [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']];
const prefixed = (unit) => [[1e9, `G${unit}`], [1e6, `M${unit}`], [1e3, `k${unit}`], [1, unit]];

// As many digits as its distance from the nearer end needs: 99.999 % is not 100 %.
function percent(value) {
  const near = Math.min(Math.abs(value), Math.abs(100 - value));
  const digits = near > 0 ? Math.min(Math.max(2 - Math.floor(Math.log10(near)), 0), 12) : 0;
  return `${Number(value.toFixed(digits))} %`;
}

function plain(value) {
  return Number.isInteger(value) ? value.toLocaleString('en') : threeDigits(value);
}

// By the end of a column's name; the longer ends come first.
const UNITS = [
  ['_bytes_per_s', (value) => inSteps(value, prefixed('B/s'))],
  ['_per_s', (value) => inSteps(value, prefixed('/s'))],
  ['_bytes', (value) => inSteps(value, SIZES)],
  ['_hz', (value) => inSteps(value, prefixed('Hz'))],
  ['_ns', (value) => inSteps(value, SPANS)],
  ['_ms', (value) => inSteps(value * 1e6, SPANS)],
  ['_pct', percent],
  ['_times', (value) => `${threeDigits(value)}×`],
  ['_s', (value) => inSteps(value * 1e9, SPANS)],
  ['', plain],
];

function measured(column, value) {
  const [end, shown] = UNITS.find(([ending]) => column.endsWith(ending));
  const name = column.slice(0, column.length - end.length).replaceAll('_', ' ');
  return `${name} ${shown(value)}`.trim();
}

// ---- points ----

// The axis that a picture says it has, or null.
function axisOf({ dataset }, name) {
  const [low, high] = numbers(dataset[`${name}Range`]);
  const axis = { scale: dataset[`${name}Scale`], low, high, column: dataset[`${name}Column`] };
  return axis.scale && axis.column && high > low ? axis : null;
}

// A range is in what is drawn: the logarithm, or the number of nines.
function scaled(scale, value) {
  if (scale === 'linear') return value;
  if (scale === 'log') return Math.log10(value);
  return scale === 'percentile' ? Math.log10(1 / (1 - value / 100)) : NaN;
}

function share({ scale, low, high }, value) {
  const part = (scaled(scale, value) - low) / (high - low);
  return part >= -SLACK && part <= 1 + SLACK ? part : NaN;
}

function place([left, top, right, bottom], across, up) {
  return { left: left + across * (right - left), top: bottom - up * (bottom - top) };
}

// Fills in the points of each series that lie in its area.
function locate(series, picture, rows) {
  const [x, y] = [axisOf(picture, 'x'), axisOf(picture, 'y')];
  const areas = (picture.dataset.areas ?? '').split(';').map(numbers);
  const [head, ...lines] = rows;
  if (!x || !y || !head) return;
  const [xAt, yAt, nameAt] = [x.column, y.column, 'series'].map((name) => head.indexOf(name));
  series.forEach((one, i) => {
    one.axes = { x, y };
    one.area = areas.length === 1 ? areas[0] : areas[i];
    if (one.area?.length !== 4) return;
    const points = lines.filter((line) => line[nameAt] === one.name).map((line) => {
      const [xValue, yValue] = [number(line[xAt]), number(line[yAt])];
      const at = place(one.area, share(x, xValue), share(y, yValue));
      return { ...at, x: xValue, y: yValue };
    });
    one.points = points.filter(({ left, top }) => Number.isFinite(left + top));
    one.points.sort((a, b) => a.left - b.left);
  });
}

const askable = (series) => series.filter((one) => one.shown && one.points.length > 0);

function nearestIn(points, at) {
  const away = ({ left, top }) => Math.hypot(left - at.left, top - (at.top ?? top));
  return points.reduce((best, point) => (away(point) < away(best) ? point : best));
}

function nearest(series, at) {
  const candidates = askable(series).map((one) => ({ one, point: nearestIn(one.points, at) }));
  if (candidates.length === 0) return null;
  const point = nearestIn(candidates.map((candidate) => candidate.point), at);
  return candidates.find((candidate) => candidate.point === point);
}

// Where a key leads from a point, or null for keys that lead nowhere.
function step(series, current, key) {
  const able = askable(series);
  const known = current !== null && able.includes(current.one);
  const one = known ? current.one : able[0];
  if (one === undefined) return null;
  const at = known ? one.points.indexOf(current.point) : 0;
  const last = one.points.length - 1;
  const to = (i) => ({ one, point: one.points[Math.min(Math.max(i, 0), last)] });
  const beside = (by) => {
    const other = able[(able.indexOf(one) + by + able.length) % able.length];
    return { one: other, point: nearestIn(other.points, { left: current.point.left }) };
  };
  if (key === 'Home') return to(0);
  if (key === 'End') return to(last);
  if (!/^Arrow(Left|Right|Up|Down)$/.test(key)) return null;
  if (!known) return to(0);
  if (key === 'ArrowLeft') return to(at - 1);
  return key === 'ArrowRight' ? to(at + 1) : beside(key === 'ArrowDown' ? 1 : -1);
}
