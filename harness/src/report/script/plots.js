// Plots hide series, name their points to a pointer and to keys, and zoom. Without points
// there is no read-out, without a legend no switches.

const SVG = 'http://www.w3.org/2000/svg';
const MOST_ZOOM = 32;

// ---- the series of a plot ----

function marksOf(picture, { hue, variant }) {
  const of = all('[data-hue]', picture).filter((mark) => mark.dataset.hue === hue);
  return of.filter((mark) => (mark.dataset.variant ?? variant) === variant);
}

function seriesOf(figure, picture) {
  const seen = {};
  return all('.legend li[data-series]', figure).map((entry) => {
    const { hue, series: name } = entry.dataset;
    const before = seen[hue] ?? 0;
    seen[hue] = before + 1;
    const marks = marksOf(picture, { hue, variant: entry.dataset.variant ?? String(before) });
    return { name, entry, marks, shown: true, points: [] };
  });
}

function toggles(series, changed) {
  if (series.length === 0) return;
  const show = (wanted) => {
    for (const one of series) {
      one.shown = wanted(one);
      one.press.setAttribute('aria-pressed', String(one.shown));
      for (const mark of one.marks) mark.classList.toggle('off', !one.shown);
    }
    rest.hidden = series.every((one) => one.shown);
    changed();
  };
  for (const one of series) {
    const only = (other) => other === one;
    one.press = button(one.entry.childNodes, ({ shiftKey }) => {
      show(shiftKey ? only : (other) => other.shown !== only(other));
    });
    one.press.addEventListener('dblclick', () => show(only));
    one.press.setAttribute('aria-pressed', 'true');
    one.entry.append(one.press);
  }
  const rest = element('li', { class: 'rest', hidden: '' }, button(['Show all'], () => {
    show(() => true);
    series[0].press.focus(); // This button is gone now, and the focus would be.
  }));
  const legend = series[0].entry.parentElement;
  legend.title = 'Press an entry to hide or show it; with Shift, or twice, to see it alone';
  legend.append(rest);
}

// A place on the screen in the units of the picture.
function placeOf(picture, { clientX, clientY }) {
  const matrix = picture.getScreenCTM();
  if (!matrix) return null;
  const at = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
  return { left: at.x, top: at.y };
}

// ---- zoom ----

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// Texts and dots keep their size on the screen, so it is divided by the zoom.
function sizesIn(picture) {
  const sizes = (selector, name) => all(selector, picture).map((mark) => {
    const size = parseFloat(getComputedStyle(mark).getPropertyValue(name));
    return { mark, name, size, own: mark.style.getPropertyValue(name) };
  });
  const found = [...sizes('text, tspan', 'font-size'), ...sizes('circle', 'r')];
  return found.filter(({ mark, size }) => size > 0 && !mark.closest('.marker'));
}

// The part of a picture that is seen; it never leaves the picture.
function viewOf(picture) {
  const original = picture.getAttribute('viewBox');
  const [left, top, width, height] = numbers(original);
  if (![left, top, width, height].every(Number.isFinite) || width <= 0 || height <= 0) return null;
  const view = { scale: 1, left, top, changed: () => {} };
  let sizes = [];
  const look = (scale, toLeft, toTop) => {
    if (view.scale === 1) sizes = sizesIn(picture);
    view.scale = scale;
    view.left = clamp(toLeft, left, left + width - width / scale);
    view.top = clamp(toTop, top, top + height - height / scale);
    const part = [view.left, view.top, width / scale, height / scale].join(' ');
    picture.setAttribute('viewBox', scale === 1 ? original : part);
    picture.classList.toggle('zoomed', scale > 1);
    for (const { mark, name, size, own } of sizes) {
      mark.style.setProperty(name, scale === 1 ? own : `${size / scale}px`);
    }
    view.changed();
  };
  const seen = () => ({ width: width / view.scale, height: height / view.scale });
  const centre = () => ({ left: view.left + seen().width / 2, top: view.top + seen().height / 2 });
  view.zoom = (factor, at = centre()) => {
    const wanted = clamp(view.scale * factor, 1, MOST_ZOOM);
    const scale = wanted < 1.001 ? 1 : wanted;
    const kept = view.scale / scale;
    look(scale, at.left - (at.left - view.left) * kept, at.top - (at.top - view.top) * kept);
  };
  view.move = (toLeft, toTop) => look(view.scale, toLeft, toTop);
  view.reset = () => { if (view.scale > 1) look(1, left, top); };
  // By quarters of what is seen.
  view.step = (right, down) => {
    view.move(view.left + right * seen().width / 4, view.top + down * seen().height / 4);
  };
  view.reveal = (at) => {
    const off = [(at.left - view.left) / seen().width, (at.top - view.top) / seen().height];
    if (off.some((part) => part < 0 || part > 1)) {
      view.move(at.left - seen().width / 2, at.top - seen().height / 2);
    }
  };
  return view;
}

function zoomByPointer(picture, view) {
  let held = null;
  picture.addEventListener('wheel', (event) => {
    const at = event.ctrlKey ? placeOf(picture, event) : null;
    if (!at) return;
    event.preventDefault();
    const turned = clamp(event.deltaY * (event.deltaMode === 0 ? 1 : 33), -100, 100);
    view.zoom(Math.exp(-turned / 200), at);
  }, { passive: false });
  picture.addEventListener('pointerdown', (event) => {
    const matrix = picture.getScreenCTM();
    if (view.scale === 1 || event.button !== 0 || !matrix) return;
    const { left, top } = view;
    held = { x: event.clientX, y: event.clientY, left, top, unit: 1 / matrix.a };
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (!held) return;
    view.move(held.left - (clientX - held.x) * held.unit, held.top - (clientY - held.y) * held.unit);
  });
  for (const end of ['pointerup', 'pointercancel']) {
    picture.addEventListener(end, () => { held = null; });
  }
  picture.addEventListener('dblclick', view.reset);
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Buttons that can do nothing keep the focus, so they are not disabled but say so. Whatever
// a pointer can drag, arrow keys can move from here.
function zoomTools(view, title, target) {
  const closer = button(['Zoom in'], () => view.zoom(2, target()));
  const farther = button(['Zoom out'], () => view.zoom(0.5, target()));
  const whole = button(['Reset'], view.reset);
  const tools = element('div', { class: 'tools', role: 'group', 'aria-label': `Zoom of ${title}` });
  tools.append(closer, farther, whole);
  tools.title = 'Drag the plot to move it, or use the arrow keys here';
  tools.addEventListener('keydown', (event) => {
    const move = Object.hasOwn(MOVES, event.key) ? MOVES[event.key] : null;
    if (!move || view.scale === 1) return;
    event.preventDefault();
    view.step(...move);
  });
  const state = () => {
    closer.setAttribute('aria-disabled', String(view.scale >= MOST_ZOOM));
    for (const back of [farther, whole]) back.setAttribute('aria-disabled', String(view.scale === 1));
  };
  state();
  return { tools, state };
}

// ---- read-out ----

const HINT = 'Point at the plot to read it, or focus it and use the arrow keys.';

// A picture is one thing with one name (role img), so the keys get a frame around it. The
// frame is an application: only there do screen readers leave the arrow keys to the page.
function framed(picture, title, hint) {
  const attributes = { class: 'frame', tabindex: '0', role: 'application', 'aria-describedby': hint };
  const frame = element('div', { ...attributes, 'aria-label': `Points of ${title}` });
  picture.replaceWith(frame);
  frame.append(picture);
  return frame;
}

// A dot at a point and a line through it, in the units of the picture.
function markerIn(picture) {
  const [marker, guide, dot] = ['g', 'line', 'circle'].map((name) => document.createElementNS(SVG, name));
  set(marker, { class: 'marker', 'aria-hidden': 'true' }).append(guide, dot);
  const put = ({ one, point }, scale) => {
    const [, from, , to] = one.area;
    set(guide, { x1: point.left, x2: point.left, y1: from, y2: to });
    set(dot, { cx: point.left, cy: point.top, r: 5 / scale });
    picture.append(marker);
  };
  return { put, remove: () => marker.remove(), dot };
}

function sentence({ one, point }) {
  const said = (axis) => measured(one.axes[axis].column, point[axis]);
  const [x, y] = ['x', 'y'].map((axis) => element('span', {}, said(axis)));
  return [element('strong', {}, one.name), ': ', x, ', ', y];
}

function readOut(picture, series, view, title, id) {
  const line = element('p', { class: 'readout', 'aria-live': 'off', id }, HINT);
  const frame = framed(picture, title, id);
  const marker = markerIn(picture);
  const reader = { line, current: null };
  reader.draw = () => (reader.current ? marker.put(reader.current, view.scale) : marker.remove());
  const show = (found) => {
    reader.current = found;
    line.replaceChildren(...(found ? sentence(found) : [HINT]));
    reader.draw();
  };
  const hide = () => { if (reader.current) show(null); };
  reader.check = () => { if (!reader.current?.one.shown) hide(); };
  // While a mouse drags, the plot moves below it; a finger that lies down points.
  const point = (event) => {
    const idle = event.buttons === 0 || event.pointerType !== 'mouse';
    const at = idle ? placeOf(picture, event) : null;
    const found = at && nearest(series, at);
    line.setAttribute('aria-live', 'off');
    if (found && found.point !== reader.current?.point) show(found);
  };
  for (const moved of ['pointermove', 'pointerdown']) picture.addEventListener(moved, point);
  picture.addEventListener('pointerleave', hide);
  // Set before the first key, so that what this key brings is already spoken.
  frame.addEventListener('focus', () => line.setAttribute('aria-live', 'polite'));
  frame.addEventListener('keydown', (event) => {
    const plainKey = !(event.ctrlKey || event.altKey || event.metaKey);
    const found = plainKey ? step(series, reader.current, event.key) : null;
    if (!found) return;
    event.preventDefault();
    line.setAttribute('aria-live', 'polite');
    view.reveal(found.point);
    show(found);
    marker.dot.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
  document.addEventListener('keydown', ({ key }) => { if (key === 'Escape') hide(); });
  return reader;
}

// ---- a plot ----

function plot(figure, i) {
  const picture = figure.querySelector('.scroll > svg[viewBox]');
  const view = picture && viewOf(picture);
  if (!view) return;
  // Headings may be the same; with their terms they are not.
  const heading = figure.querySelector('h3')?.textContent;
  const title = (picture.getAttribute('aria-label') ?? heading ?? `plot ${i + 1}`).trim();
  const series = seriesOf(figure, picture);
  locate(series, picture, csvOf(figure.querySelector('a.data')));
  const readable = askable(series).length > 0;
  const reader = readable ? readOut(picture, series, view, title, `readout-${i}`) : null;
  const { tools, state } = zoomTools(view, title, () => reader?.current?.point);
  view.changed = () => { state(); reader?.draw(); };
  zoomByPointer(picture, view);
  toggles(series, () => reader?.check());
  figure.querySelector('.scroll').after(...(reader ? [reader.line] : []), tools);
  // On paper a part would pass for the whole.
  window.addEventListener('beforeprint', view.reset);
}

all('figure.plot').forEach(plot);
