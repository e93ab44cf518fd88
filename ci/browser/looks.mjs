// What is looked at and not touched. Each check gives how much it looked at, and what is
// wrong with it.
import { readFileSync } from 'node:fs';

import axe from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'];

// No text of a picture is clipped, and no two lie on each other.
export function labels({ page }) {
  return page.evaluate(() => {
    const complaints = [];
    let seen = 0;
    const called = ({ text }) => JSON.stringify(text.textContent.trim());
    const shown = (text) => text.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    for (const svg of document.querySelectorAll('svg')) {
      const frame = svg.getBoundingClientRect();
      const where = svg.closest('figure')?.id || svg.getAttribute('aria-label') || 'svg';
      const texts = Array.from(svg.querySelectorAll('text'))
        .filter((text) => text.textContent.trim() !== '' && shown(text))
        .map((text) => ({ text, box: text.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && box.height > 0);
      seen += texts.length;
      texts.forEach((one, i) => {
        const { box } = one;
        const out = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom);
        if (out > 1) complaints.push(`${where}: ${called(one)} is clipped by ${out.toFixed(1)} px`);
        for (const other of texts.slice(i + 1)) {
          const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
          const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
          if (across > 1 && down > 1) {
            complaints.push(`${where}: ${called(one)} and ${called(other)} overlap by ${across.toFixed(1)} x ${down.toFixed(1)} px`);
          }
        }
      });
    }
    return { seen, complaints };
  });
}

// The page does not scroll sideways, and no text of it is cut.
export function layout({ page }) {
  return page.evaluate(() => {
    const complaints = [];
    const called = (at) => `<${at.localName}${at.className ? ` class="${at.className}"` : ''}> ${JSON.stringify(at.textContent.trim().slice(0, 40))}`;
    const root = document.scrollingElement;
    const wide = root.scrollWidth - root.clientWidth;
    if (wide > 0) {
      const over = Array.from(document.body.querySelectorAll('*'))
        .filter((at) => !at.closest('.scroll *') && at.getBoundingClientRect().right > root.clientWidth + 0.5);
      complaints.push(`the page scrolls sideways by ${wide} px, for ${over.slice(-3).map(called).join(', ') || 'no element of its own'}`);
    }
    const holders = 'th, td, dt, dd, caption, figcaption, legend, .legend li';
    const texts = Array.from(document.querySelectorAll(holders));
    for (const at of texts.flatMap((holder) => [holder, ...holder.querySelectorAll('*')])) {
      const { overflowX, overflowY } = getComputedStyle(at);
      const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
      // What is one pixel wide is for screen readers.
      if (at instanceof SVGElement || at.clientWidth <= 1) continue;
      const cut = (hides(overflowX) && at.scrollWidth > at.clientWidth) || (hides(overflowY) && at.scrollHeight > at.clientHeight);
      if (cut) complaints.push(`cut: ${called(at)}`);
    }
    return { seen: texts.length, complaints };
  });
}

// What is pressed is at least 24 px wide and high.
export function targets({ page }) {
  return page.evaluate(() => {
    const pressed = Array.from(document.querySelectorAll('button, input, select, summary')).filter((at) => at.checkVisibility());
    const complaints = [];
    for (const at of pressed) {
      const { width, height } = at.getBoundingClientRect();
      if (Math.min(width, height) < 23.5) {
        complaints.push(`${JSON.stringify(at.textContent || at.localName)} is ${width.toFixed(0)} x ${height.toFixed(0)} px`);
      }
    }
    return { seen: pressed.length, complaints };
  });
}

// axe's rules. What axe itself does to the page is not held against the page.
export async function access({ page, heard }) {
  const before = heard.length;
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate((tags) => globalThis.axe.run(document, {
    runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], preload: false,
  }), TAGS);
  heard.length = before;
  const complaints = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => {
    return `${id} at ${target.join(' ')}: ${failureSummary.replace(/\s+/g, ' ')}`;
  }));
  return { seen: passes.length, complaints };
}

// Without its script a page can be read, and promises nothing that it cannot do.
export function plain({ page, wants }) {
  return page.evaluate((wantsPlot) => {
    const complaints = [];
    const widgets = document.querySelectorAll('button, input, output, .readout, .tools, .filter, [aria-sort], [aria-pressed], [role=application]');
    for (const widget of widgets) complaints.push(`without the script there is <${widget.localName} class="${widget.className}">`);
    const figures = Array.from(document.querySelectorAll('figure.plot')).filter((figure) => figure.querySelector('.scroll svg'));
    for (const figure of figures) {
      const svg = figure.querySelector('.scroll svg');
      const { width, height } = svg.getBoundingClientRect();
      if (width < 200 || height < 20) complaints.push(`${figure.id}: its picture is ${width} x ${height} px`);
      if (!svg.getAttribute('aria-label')?.trim()) complaints.push(`${figure.id}: its picture has no name`);
      const legend = Array.from(figure.querySelectorAll('.legend li'));
      if (legend.some((entry) => !entry.checkVisibility() || entry.innerText.trim() === '')) complaints.push(`${figure.id}: an entry of its legend is not to be seen`);
    }
    if (wantsPlot && figures.length === 0) complaints.push('no plot');
    const rows = Array.from(document.querySelectorAll('tbody tr'));
    if (rows.some((row) => !row.checkVisibility())) complaints.push('a row is not to be seen');
    return { seen: figures.length + rows.length, complaints };
  }, wants.includes('plot'));
}

// On paper there is nothing to press, and headings are still there.
export async function paper({ page }) {
  await page.emulateMedia({ media: 'print' });
  return page.evaluate(() => {
    const complaints = [];
    for (const widget of document.querySelectorAll('.filter, .tools, .readout, .rest')) {
      if (widget.checkVisibility()) complaints.push(`on paper there is <${widget.localName} class="${widget.className}">`);
    }
    const heads = Array.from(document.querySelectorAll('thead th')).filter((head) => head.textContent.trim() !== '');
    if (heads.some((head) => head.innerText.trim() === '')) complaints.push('on paper a heading is missing');
    return { seen: heads.length + document.querySelectorAll('svg').length, complaints };
  });
}

// Each figure of the page that says where it is from is that of the record.
export async function readBack({ page, record }) {
  const { cells } = JSON.parse(readFileSync(record, 'utf8'));
  const shown = await page.evaluate(() => Array.from(document.querySelectorAll('td[data-key]'), ({ dataset }) => [dataset.key, dataset.value]));
  const complaints = [];
  const values = new Map();
  for (const [key, text] of shown) {
    // A place in the record: the number of the cell, and the way on from there.
    const [at, ...way] = key.split('/');
    const kept = way.reduce((of, name) => of?.[name], cells[at]);
    if (text === undefined) {
      if (kept !== undefined && kept !== null) complaints.push(`${key} is ${kept} in the record, and absent here`);
      continue;
    }
    values.set(key, text);
    if (text.trim() === '' || Number(text) !== kept) complaints.push(`${key} is ${kept} in the record, and ${text} here`);
  }
  return { seen: values.size, complaints };
}
