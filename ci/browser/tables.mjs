// What is done to tables, with a mouse and with keys. Each check gives how much it did; what
// is wrong it adds to the complaints as it goes, since it may not reach its end.
import { press } from './hands.mjs';

const COLLATOR = new Intl.Collator('en', { numeric: true });

export async function tablesOf(page) {
  const found = await page.locator('table[data-sort]').all();
  const many = await Promise.all(found.map((table) => table.evaluate((at) => at.tBodies.length > 1)));
  return found.filter((_, i) => many[i]);
}

// Rows in their order: which they are, the figure or text of a column, and all their text.
function rowsOf(table, column) {
  return table.evaluate((at, wanted) => Array.from(at.tBodies, (body, i) => {
    body.place ??= i;
    let end = 0;
    const cell = Array.from(body.rows[0].cells).find((one) => { end += one.colSpan; return end > wanted; });
    const own = cell?.colSpan === 1 ? cell : null;
    const [value, text] = [own?.dataset.value ?? null, own?.textContent.trim() || null];
    return { place: body.place, value, text, all: body.textContent, hidden: !body.checkVisibility() };
  }), column);
}

export async function sort({ page, complaints }) {
  let seen = 0;
  for (const table of await tablesOf(page)) {
    const before = new Map((await rowsOf(table, 0)).map((row) => [row.place, row.all]));
    let column = 0;
    for (const head of await table.locator('thead th').all()) {
      const { name, span, numeric } = await head.evaluate((at) => ({
        name: at.innerText.replace(/\s+/g, ' ').trim(), span: at.colSpan, numeric: at.classList.contains('n'),
      }));
      const at = column;
      column += span;
      if (span > 1 || name === '') continue;
      const button = head.locator('button');
      if (await button.count() !== 1) {
        complaints.push(`heading ${name} cannot be pressed`);
        continue;
      }
      for (const [way, direction] of [['ascending', 1], ['descending', -1]]) {
        const rows = await rowsOf(table, at);
        const key = ({ value, text }) => (numeric ? value && Number(value) : text);
        const order = (a, b) => {
          const [one, other] = [key(a), key(b)];
          if (one === null || other === null) return Number(one === null) - Number(other === null);
          return direction * (numeric ? one - other : COLLATOR.compare(one, other));
        };
        const wanted = [...rows].sort(order).map(({ place }) => place).join();
        // One way by mouse, the other by key.
        if (direction > 0) await press(page, button);
        else await button.press('Enter');
        const now = (await rowsOf(table, at)).map(({ place }) => place).join();
        if (now !== wanted) complaints.push(`${name}, ${way}: rows stand as ${now}, not ${wanted}`);
        const states = await table.locator('thead th[aria-sort]').evaluateAll((all) => all.map((one) => one.ariaSort));
        const others = states.filter((state) => state === 'none').length;
        if (await head.getAttribute('aria-sort') !== way || others !== states.length - 1) complaints.push(`${name}, ${way}: aria-sort says ${states}`);
        const said = await page.locator('[role=status].said').innerText();
        if (!said.includes(name) || !said.includes(way)) complaints.push(`${name}, ${way}: ${JSON.stringify(said)} is said`);
        seen += 1;
      }
    }
    for (const { place, all } of await rowsOf(table, 0)) {
      if (before.get(place) !== all) complaints.push(`a row was torn: ${all}`);
    }
  }
  return { seen };
}

export async function filter({ page, complaints }) {
  const found = await tablesOf(page);
  const inputs = await page.getByLabel('Show only rows with').all();
  if (inputs.length !== found.length) complaints.push(`${inputs.length} filters for ${found.length} tables`);
  let seen = 0;
  for (const [i, table] of found.entries()) {
    if (!inputs[i]) break;
    const texts = await table.evaluate((at) => Array.from(at.tBodies, (body) => Array.from(body.querySelectorAll('th, td'), (cell) => cell.textContent).join(' ').toLowerCase()));
    const words = texts.at(-1).split(/\s+/).filter((word) => word !== '');
    for (const wanted of [[words[0]], [words.at(-1).toUpperCase(), words[0]], ['no-row-says-this']]) {
      await inputs[i].fill('');
      await inputs[i].pressSequentially(wanted.join(' '));
      const hits = texts.map((text) => wanted.every((word) => text.includes(word.toLowerCase())));
      const rows = await rowsOf(table, 0);
      const says = await inputs[i].locator('xpath=../output').innerText();
      const count = hits.filter(Boolean).length;
      if (rows.some(({ hidden }, at) => hidden === hits[at])) complaints.push(`${wanted}: other rows are shown than those ${count} with it`);
      if (says !== `${count} of ${texts.length} rows`) complaints.push(`${wanted}: says ${JSON.stringify(says)}, with ${count} of ${texts.length}`);
      seen += 1;
    }
    await inputs[i].press('Escape');
    if (await inputs[i].inputValue() !== '') complaints.push('Escape does not clear the filter');
    if ((await rowsOf(table, 0)).some(({ hidden }) => hidden)) complaints.push('Escape does not bring the rows back');
  }
  return { seen };
}
