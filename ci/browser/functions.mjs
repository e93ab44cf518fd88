// What of the pages' script needs no page: CSV, units, scales, the nearest point, keys.
//   node functions.mjs FOLDER    (the one with the script's files)
import assert from 'node:assert/strict';
import vm from 'node:vm';

import { script } from './sound.mjs';

const folder = process.argv[2];
const nothing = { querySelectorAll: () => [] };
const page = vm.createContext({ document: nothing });
// Without the function around it, its functions are in reach.
vm.runInContext(script(folder, { bare: true }), page);
// What comes out of another context has other prototypes.
const like = (found, wanted) => assert.deepEqual(JSON.parse(JSON.stringify(found)), wanted);

like(page.csvRows('a,b\r\n1,"x, ""y""\n z"\n,\n'), [['a', 'b'], ['1', 'x, "y"\n z'], ['', '']]);
like(page.csvRows('a,b\n1,2'), [['a', 'b'], ['1', '2']]);
like(page.csvRows(''), []);
const link = (href) => ({ getAttribute: () => href });
like(page.csvOf(link('data:text/csv;charset=utf-8,a%2Cb%0A1%2C50%25')), [['a', 'b'], ['1', '50%']]);
like(page.csvOf(link('data:text/csv,%')), []);
like(page.csvOf(link('plot.csv')), []);
like(page.csvOf(null), []);

for (const [column, value, shown] of [
  ['response_ns', 12_345, 'response 12.3 µs'],
  ['response_ns', 999.9, 'response 1.00 µs'],
  ['response_ns', 7, 'response 7 ns'],
  ['response_ns', 0, 'response 0 ns'],
  ['response_ns', 2.5e12, 'response 2,500 s'],
  ['frame_interval_ns', 16_666_667, 'frame interval 16.7 ms'],
  ['start_ms', 1_500, 'start 1.50 s'],
  ['percentile_pct', 50, 'percentile 50 %'],
  ['percentile_pct', 99.999, 'percentile 99.999 %'],
  ['percentile_pct', 99.99, 'percentile 99.99 %'],
  ['percentile_pct', 12.345, 'percentile 12.3 %'],
  ['percentile_pct', 100, 'percentile 100 %'],
  ['size_bytes', 65_536, 'size 64 KiB'],
  ['size_bytes', 100, 'size 100 B'],
  ['throughput_bytes_per_s', 64_010_000, 'throughput 64.0 MB/s'],
  ['frames_per_s', 755_123, 'frames 755 k/s'],
  ['achieved_hz', 9_998.2, 'achieved 10.0 kHz'],
  ['figure_over_limit_times', 1.5, 'figure over limit 1.50×'],
  ['time_s', 0.25, 'time 250 ms'],
  ['time_s', 12.5, 'time 12.5 s'],
  ['n', 12_345, 'n 12,345'],
  ['ratio', 1.0234, 'ratio 1.02'],
]) assert.equal(page.measured(column, value), shown);

assert.equal(page.scaled('linear', 3), 3);
assert.equal(page.scaled('log', 1000), 3);
assert.equal(page.scaled('percentile', 0), 0);
assert.ok(Math.abs(page.scaled('percentile', 99.9) - 3) < 1e-9);
assert.ok(Number.isNaN(page.scaled('constructor', 1)));
const axis = { scale: 'log', low: 2, high: 4 };
assert.equal(page.share(axis, 1_000), 0.5);
assert.ok(Number.isNaN(page.share(axis, 0)), 'nothing has no logarithm');
assert.ok(Number.isNaN(page.share(axis, 1e6)), 'what lies outside has no place');
assert.equal(page.axisOf({ dataset: { xScale: 'log', xRange: '2 2', xColumn: 'n' } }, 'x'), null);
assert.equal(page.axisOf({ dataset: {} }, 'x'), null);

const picture = {
  dataset: {
    xScale: 'linear', xRange: '0 10', xColumn: 'x', yScale: 'linear', yRange: '0 1', yColumn: 'y_ns',
    areas: '0 0 100 50; 0 60 100 110',
  },
};
const series = ['a', 'b', 'c'].map((name) => ({ name, shown: true, points: [] }));
const rows = [['series', 'x', 'y_ns'], ['a', '10', '1'], ['a', '0', '0'], ['b', '5', '0.5'], ['b', '5', ''], ['c', '1', '1']];
page.locate(series, picture, rows);
like(series.map((one) => one.points.map(({ left, top }) => [left, top])), [[[0, 50], [100, 0]], [[50, 85]], []]);
const at = (left, top) => {
  const found = page.nearest(series, { left, top });
  return [found.one.name, found.point.x];
};
like(at(90, 10), ['a', 10]);
like(at(90, 100), ['b', 5]);
series[1].shown = false;
like(at(90, 100), ['a', 10]);
series[1].shown = true;
const went = (from, key) => page.step(series, from, key);
const [first, last] = series[0].points.map((point) => ({ one: series[0], point }));
assert.equal(went(null, 'ArrowRight').point, first.point);
assert.equal(went(null, 'End').point, last.point);
assert.equal(went(first, 'ArrowRight').point, last.point);
assert.equal(went(last, 'ArrowRight').point, last.point);
assert.equal(went(first, 'ArrowLeft').point, first.point);
assert.equal(went(first, 'ArrowDown').one.name, 'b');
assert.equal(went(first, 'ArrowUp').one.name, 'b');
assert.equal(went(first, 'x'), null);
assert.equal(page.step([], null, 'Home'), null);

const sorted = (keys, direction) => [...keys].sort((a, b) => page.order(a, b, direction));
like(sorted([3, null, 1, 2], 1), [1, 2, 3, null]);
like(sorted([3, null, 1, 2], -1), [3, 2, 1, null]);
like(sorted(['x10', 'x9', null], 1), ['x9', 'x10', null]);
console.log('ok   functions of the script');
