// Opens pages in a browser, reads them, uses them, and says what is wrong with them.
//   node pages.mjs REPORT SHOTS NAME KINDS FILE [NAME KINDS FILE]...
//   node pages.mjs REPORT SHOTS --self-test
// REPORT is the folder with the pages' script and styles; screenshots go to SHOTS. KINDS are
// what the page must have, separated by commas: table, plot, points (of plots, to be read
// out), hues (more than one), figures (those of a run.json beside it), or - for none.
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

import { BROKEN } from './broken.mjs';
import { plotsOf } from './expected.mjs';
import * as looks from './looks.mjs';
import * as plots from './plots.mjs';
import { record, sound } from './sound.mjs';
import * as tables from './tables.mjs';

const WAYS = ['light', 'dark'].flatMap((colorScheme) => [390, 1600].map((width) => ({ colorScheme, width })));
const WIDE = { colorScheme: 'light', width: 1600 };

// What a page has been heard to do that a page must not: this is asked last.
const heard = ({ heard: all }) => ({ seen: 1, complaints: all });

// Each check, and the kind of content without which it has nothing to look at.
const CHECKS = {
  labels: [looks.labels, 'plot'],
  layout: [looks.layout, 'table'],
  targets: [looks.targets, 'table'],
  access: [looks.access, null],
  sort: [tables.sort, 'table'],
  filter: [tables.filter, 'table'],
  highlight: [plots.highlight, 'hues'],
  readout: [plots.readout, 'points'],
  keys: [plots.keys, 'points'],
  zoom: [plots.zoom, 'plot'],
  toggle: [plots.toggle, 'hues'],
  readBack: [looks.readBack, 'figures'],
  plain: [looks.plain, 'plot'],
  paper: [looks.paper, 'plot'],
  heard: [heard, null],
};
// In the order in which a page is opened, read and used.
const READ = ['labels', 'layout', 'targets', 'access'];
const USED = ['sort', 'filter', 'highlight', 'readout', 'keys', 'zoom', 'toggle'];

async function open(browser, { file, kinds }, { colorScheme, width, javaScriptEnabled = true }) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 1000 }, javaScriptEnabled });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const all = [];
  page.on('console', (message) => all.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => all.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const asked = request.url();
    if (asked.split('#')[0] !== url && !asked.startsWith('data:')) all.push(`request: ${asked}`);
  });
  await page.goto(url);
  // What is folded away is looked at as well.
  await page.evaluate(() => document.querySelectorAll('details').forEach((at) => { at.open = true; }));
  return { page, context, heard: all, wants: kinds, record: path.join(path.dirname(file), 'run.json') };
}

// What a check finds wrong. That it found nothing to look at is wrong as well, where the
// page should have it.
async function complaintsOf(name, opened) {
  const [check, kind] = CHECKS[name];
  const complaints = [];
  try {
    const { seen, complaints: more = [] } = await check({ ...opened, complaints });
    complaints.push(...more);
    if (seen === 0 && (kind === null || opened.wants.includes(kind))) complaints.push('there was nothing to look at');
    return { seen, complaints };
  } catch (error) {
    return { seen: 0, complaints: [...complaints, String(error.message).split('\n')[0]] };
  }
}

const failures = [];

async function check(name, opened, where) {
  const began = Date.now();
  const { seen, complaints } = await complaintsOf(name, opened);
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  console.log(`${complaints.length === 0 ? 'ok  ' : 'FAIL'} ${where}: ${name} (${seen}), ${seconds} s`);
  failures.push(...complaints.map((complaint) => `${where}: ${name}: ${complaint}`));
}

// Leaves a page as somebody leaves it in the middle of reading.
async function disturb({ page }) {
  for (const table of (await tables.tablesOf(page)).slice(0, 1)) {
    await table.locator('thead button').last().press('Enter');
  }
  for (const { i } of (await plotsOf(page)).slice(0, 2)) {
    const figure = plots.figureAt(page, i);
    const buttons = [figure.locator('.tools button').first(), figure.locator('.legend button').first()];
    for (const button of buttons) if (await button.count() > 0) await button.press('Enter');
    const frame = figure.getByRole('application');
    if (await frame.count() > 0) await frame.press('End');
  }
}

async function look(browser, page, shots) {
  const shoot = (opened, as) => opened.page.screenshot({ path: path.join(shots, `${page.name}-${as}.png`), fullPage: true });
  for (const way of WAYS) {
    const as = `${way.colorScheme}-${way.width}`;
    const opened = await open(browser, page, way);
    await shoot(opened, as);
    for (const name of READ) await check(name, opened, `${page.name} ${as}`);
    // Colours are none of a hand's business: one narrow and one wide page are used.
    const isUsed = (way.colorScheme === 'light') === (way.width === 390);
    for (const name of isUsed ? USED : []) await check(name, opened, `${page.name} ${as}`);
    await disturb(opened);
    await shoot(opened, `${as}-used`);
    await check('access', opened, `${page.name} ${as}, in use`);
    await check('heard', opened, `${page.name} ${as}`);
    await opened.context.close();
  }
  const once = async (as, way, names, before = async () => {}) => {
    const opened = await open(browser, page, { ...WIDE, ...way });
    await before(opened);
    for (const name of names) await check(name, opened, `${page.name} ${as}`);
    await shoot(opened, as);
    await opened.context.close();
  };
  await once('plain', { javaScriptEnabled: false }, ['plain', 'labels', 'layout', 'heard']);
  await once('paper', {}, ['paper', 'heard']);
  await once('forced-colors', {}, ['labels', 'layout', 'targets', 'heard'], (opened) => opened.page.emulateMedia({ forcedColors: 'active' }));
  if (page.kinds.includes('figures')) await once('record', {}, ['readBack']);
}

// The sound page passes, and every broken one is found out.
async function selfTest(browser, report, shots) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'pipefit-pages-'));
  const page = { name: 'sound', file: path.join(folder, 'sound.html'), kinds: ['table', 'plot', 'points', 'hues', 'figures'] };
  try {
    writeFileSync(path.join(folder, 'run.json'), JSON.stringify(record));
    writeFileSync(page.file, sound(report));
    await look(browser, page, shots);
    for (const [i, { what, by, says, change }] of BROKEN.entries()) {
      const file = path.join(folder, `broken-${i}.html`);
      writeFileSync(file, sound(report, change));
      const opened = await open(browser, { ...page, file }, { ...WIDE, javaScriptEnabled: by !== 'plain' });
      // A request or a message may come a moment after the page.
      if (by === 'heard') await new Promise((done) => { setTimeout(done, 200); });
      const { complaints } = await complaintsOf(by, opened);
      const found = complaints.some((complaint) => says.test(complaint));
      console.log(`${found ? 'ok  ' : 'FAIL'} self-test: ${what} is found by ${by}`);
      if (!found) failures.push(`self-test: ${what} is not found by ${by}, which says: ${complaints.join('; ') || 'nothing'}`);
      await opened.context.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pagesIn(words) {
  const known = ['table', 'plot', 'points', 'hues', 'figures', '-'];
  if (words.length === 0 || words.length % 3 !== 0) throw new Error('pages are told as NAME KINDS FILE');
  return Array.from({ length: words.length / 3 }, (_, i) => {
    const [name, kinds, file] = words.slice(3 * i, 3 * i + 3);
    const stray = kinds.split(',').filter((kind) => !known.includes(kind));
    if (stray.length > 0) throw new Error(`no page has ${stray}: there are ${known}`);
    return { name, kinds: kinds.split(','), file: path.resolve(file) };
  });
}

const [report, shots, ...words] = process.argv.slice(2);
const given = words[0] === '--self-test' ? null : pagesIn(words);
mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // A page that asks for something gets nothing, wherever this runs.
  args: ['--host-resolver-rules=MAP * ~NOTFOUND'],
});
try {
  if (given === null) await selfTest(browser, report, shots);
  for (const page of given ?? []) await look(browser, page, shots);
} finally {
  await browser.close();
}
for (const failure of failures) console.error(`  ${failure}`);
console.log(failures.length === 0 ? `no complaint; screenshots are in ${shots}` : `${failures.length} complaints`);
process.exitCode = failures.length === 0 ? 0 : 1;
