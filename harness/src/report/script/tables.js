// Tables sort and filter; a row, or an entry of a legend, dims in all plots what is not of
// its hue.

const COLLATOR = new Intl.Collator('en', { numeric: true });

// ---- sort ----

// A cell that covers several columns speaks for none of them.
function cellAt(row, column) {
  let end = 0;
  for (const cell of row.cells) {
    end += cell.colSpan;
    if (end > column) return cell.colSpan === 1 ? cell : null;
  }
  return null;
}

function sortKey(body, column, numeric) {
  const cell = body.rows.length > 0 ? cellAt(body.rows[0], column) : null;
  if (!numeric) return cell?.textContent.trim() || null;
  const value = number(cell?.dataset.value);
  return Number.isNaN(value) ? null : value;
}

// What is absent stands last, whichever way.
function order(a, b, direction) {
  if (a === null || b === null) return (a === null) - (b === null);
  return direction * (typeof a === 'number' ? a - b : COLLATOR.compare(a, b));
}

function sortRows(table, column, numeric, direction) {
  const keyed = Array.from(table.tBodies, (body) => [sortKey(body, column, numeric), body]);
  keyed.sort(([a], [b]) => order(a, b, direction));
  for (const [, body] of keyed) table.insertBefore(body, table.tFoot);
}

function sortable(table, say) {
  const heads = table.tHead?.rows.length === 1 ? Array.from(table.tHead.rows[0].cells) : [];
  const able = heads.filter((head) => head.colSpan === 1 && head.textContent.trim() !== '');
  for (const head of able) {
    const column = heads.slice(0, heads.indexOf(head)).reduce((sum, { colSpan }) => sum + colSpan, 0);
    head.setAttribute('aria-sort', 'none');
    const press = button(head.childNodes, () => {
      const numeric = head.classList.contains('n');
      const up = head.getAttribute('aria-sort') !== 'ascending';
      sortRows(table, column, numeric, up ? 1 : -1);
      for (const other of able) other.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      say(`Sorted by ${words(press)}, ${head.getAttribute('aria-sort')}`);
    });
    head.append(press);
  }
}

// ---- filter ----

function textOf(body) {
  // Cells stand apart: a word does not begin in one and end in the next.
  const cells = Array.from(body.rows).flatMap((row) => Array.from(row.cells));
  return cells.map((cell) => cell.textContent).join(' ').toLowerCase();
}

function filterable(table, id) {
  const texts = Array.from(table.tBodies, (body) => [textOf(body), body]);
  const input = element('input', { type: 'search', id, autocomplete: 'off', spellcheck: 'false' });
  const count = element('output', { for: id });
  const label = element('label', { for: id }, 'Show only rows with');
  // What is seen stands above its table; what is heard says which one that is.
  const name = table.closest('.scroll')?.getAttribute('aria-label');
  if (name) input.setAttribute('aria-label', `${label.textContent}: ${name}`);
  const filter = element('p', { class: 'filter' }, label, ' ', input, ' ', count);
  const apply = () => {
    const wanted = input.value.toLowerCase().split(/\s+/);
    for (const [text, body] of texts) body.hidden = !wanted.every((word) => text.includes(word));
    const shown = texts.filter(([, body]) => !body.hidden).length;
    count.textContent = `${shown} of ${texts.length} rows`;
    filter.classList.toggle('on', shown < texts.length);
  };
  input.addEventListener('input', apply);
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    input.value = '';
    apply();
  });
  apply();
  (table.closest('.scroll') ?? table).before(filter);
}

function tables() {
  const found = all('table[data-sort]').filter((table) => table.tBodies.length > 1);
  if (found.length === 0) return;
  const said = element('p', { class: 'said', role: 'status' });
  (document.querySelector('main') ?? document.body).append(said);
  found.forEach((table, i) => {
    sortable(table, (text) => { said.textContent = text; });
    filterable(table, `filter-${i}`);
  });
}

// ---- one hue among all plots ----

// What is pointed at goes before what has the focus. A press by pointer leaves the focus
// where it was pressed, which must not keep the others dim. Transports leave the parts of
// ledgers alone, and those leave transports.
const FIRST_PART = 4096;
const isPart = (hue) => Number(hue) >= FIRST_PART;

function highlighting() {
  const marks = all('figure.plot .scroll svg [data-hue]');
  const hues = { pointed: null, focused: null };
  const show = (which, hue) => {
    hues[which] = hue;
    const only = hues.pointed ?? hues.focused;
    for (const mark of marks) {
      const { hue: own } = mark.dataset;
      mark.classList.toggle('dim', only !== null && own !== only && isPart(own) === isPart(only));
    }
  };
  for (const entry of all('.legend [data-hue], tbody[data-hue]')) {
    entry.addEventListener('pointerenter', () => show('pointed', entry.dataset.hue));
    entry.addEventListener('pointerleave', () => show('pointed', null));
    entry.addEventListener('focusin', ({ target }) => {
      show('focused', target.matches(':focus-visible') ? entry.dataset.hue : null);
    });
    entry.addEventListener('focusout', () => show('focused', null));
  }
}

tables();
highlighting();
