// What is done to plots, with a mouse and with keys. Each check gives how much it did; what
// is wrong it adds to the complaints as it goes, since it may not reach its end.
import { plotsOf, says } from './expected.mjs';
import { away, press, some, until } from './hands.mjs';

export const figureAt = (page, i) => page.locator('figure.plot').nth(i);
const pictureAt = (page, i) => figureAt(page, i).locator('.scroll svg').first();

// Of all marks of the page, or of a plot: their hue, how much of them is seen, and whether
// they are away.
function marksIn(at) {
  return at.locator('.scroll svg [data-hue]').evaluateAll((all) => all.map((mark) => ({
    ...mark.dataset, opacity: Number(getComputedStyle(mark).opacity), off: mark.getClientRects().length === 0,
  })));
}
const marksOf = (page) => marksIn(page.locator('figure.plot'));

export async function highlight({ page, complaints }) {
  let seen = 0;
  await away(page);
  const before = await marksOf(page);
  const hues = new Set(before.map(({ hue }) => hue));
  const entries = page.locator('.legend li[data-hue], tbody[data-hue]');
  const check = async (how, hue) => {
    const wrong = (await marksOf(page)).filter(({ opacity, hue: own }, at) => {
      // Parts of ledgers and transports leave each other alone.
      const dims = hue !== null && own !== hue && (Number(own) >= 4096) === (Number(hue) >= 4096);
      return dims ? Math.abs(opacity - 0.15) > 0.01 : opacity !== before[at].opacity;
    });
    if (wrong.length > 0) complaints.push(`${how}: ${wrong.length} marks are dim or bright and should not be`);
    seen += 1;
  };
  for (const entry of hues.size > 1 ? some(await entries.all(), 40) : []) {
    const hue = await entry.getAttribute('data-hue');
    // In a table that is wider than the screen, the middle of a row may be out of sight.
    const at = (await entry.evaluate((one) => one.localName)) === 'tbody' ? entry.locator('th, td').first() : entry;
    await at.scrollIntoViewIfNeeded();
    await at.hover();
    await check(`pointing at hue ${hue}`, hue);
    await away(page);
    await check(`after pointing at hue ${hue}`, null);
  }
  // From one entry of a legend on to the next.
  const second = page.locator('.legend li[data-hue] + li[data-hue] button').first();
  if (hues.size > 1 && await second.count() > 0) {
    await second.locator('xpath=../preceding-sibling::li[1]/button').focus();
    await page.keyboard.press('Tab');
    await check('with the focus on the second entry', await second.evaluate((at) => at.closest('li').dataset.hue));
    await page.evaluate(() => document.activeElement.blur());
    await check('without the focus', null);
  }
  return { seen };
}

// Marks are a series' own by its hue, and by its variant where it says one.
const owns = ({ hue, variant }) => (mark) => mark.hue === hue && (variant === undefined || mark.variant === undefined || mark.variant === variant);

export async function toggle({ page, complaints }) {
  let seen = 0;
  for (const { i, id, legend } of some(await plotsOf(page), 8)) {
    const figure = figureAt(page, i);
    const rest = figure.getByRole('button', { name: 'Show all' });
    const check = async (how, shown) => {
      const [own, pressed] = [await marksIn(figure), await figure.locator('.legend li[data-series] button').evaluateAll((all) => all.map((one) => one.ariaPressed))];
      legend.forEach((entry, at) => {
        if (pressed[at] !== String(shown[at])) complaints.push(`${id}, ${how}: ${entry.series} says ${pressed[at]}`);
        if (own.filter(owns(entry)).some(({ off }) => off === shown[at])) complaints.push(`${id}, ${how}: marks of ${entry.series} are wrong`);
      });
      if (await rest.isVisible() !== shown.includes(false)) complaints.push(`${id}, ${how}: "Show all" is wrong`);
      seen += 1;
    };
    const every = legend.map(() => true);
    for (const [at, entry] of some([...legend.entries()], 6)) {
      const button = figure.locator('.legend li[data-series]').nth(at).getByRole('button');
      if (await button.count() !== 1) {
        complaints.push(`${id}: ${entry.series} cannot be pressed`);
        continue;
      }
      if (!(await marksIn(figure)).some(owns(entry))) complaints.push(`${id}: ${entry.series} has no marks`);
      const only = every.map((_, other) => other === at);
      await press(page, button);
      await check(`${entry.series} hidden`, only.map((one) => !one));
      await button.press('Space');
      await check(`${entry.series} shown again`, every);
      await press(page, button, at % 2 === 0 ? { shift: true } : { twice: true });
      await check(`${entry.series} alone`, only);
      if (await rest.isVisible()) await press(page, rest);
      await check('all shown', every);
    }
  }
  await away(page);
  return { seen };
}

// Brings a place of a plot into the middle of the screen and says where that is.
function aim(page, i, at) {
  return pictureAt(page, i).evaluate((svg, { left, top }) => {
    const where = () => new DOMPoint(left, top).matrixTransform(svg.getScreenCTM());
    const box = svg.closest('.scroll');
    const frame = box.getBoundingClientRect();
    box.scrollLeft += where().x - (frame.left + frame.width / 2);
    window.scrollBy(0, where().y - window.innerHeight / 2);
    const { x, y } = where();
    return { x, y };
  }, at);
}

const distance = (point, at) => Math.hypot(point.left - at.left, point.top - at.top);

function readOutOf(page, i) {
  return figureAt(page, i).evaluate((figure) => {
    const line = figure.querySelector('.readout');
    const dot = figure.querySelector('.marker circle');
    return {
      series: line?.querySelector('strong')?.textContent ?? null,
      parts: Array.from(line?.querySelectorAll('span') ?? [], (part) => part.textContent),
      live: line?.getAttribute('aria-live') ?? null,
      dot: dot && { left: Number(dot.getAttribute('cx')), top: Number(dot.getAttribute('cy')) },
    };
  });
}

// Whether the read-out names that point of that series, and marks it.
function names({ data }, { series, parts, dot }, one, point) {
  return series === one.name && parts.length === 2 && dot !== null && distance(dot, point) < 0.5
    && says(parts[0], data.xColumn, point.x) && says(parts[1], data.yColumn, point.y);
}

const shownAs = ({ series, parts }) => JSON.stringify([series, ...parts]);

export async function readout({ page, wants, complaints }) {
  let seen = 0;
  for (const plot of some((await plotsOf(page)).filter(({ data }) => data.xScale), 8)) {
    const full = plot.series.filter(({ points }) => points.length > 0);
    if (full.length === 0) complaints.push(`${plot.id}: no point of its CSV lies in its areas`);
    // Keys make it speak; a pointer must silence it again.
    const frame = figureAt(page, plot.i).getByRole('application');
    if (await frame.count() === 1) await frame.focus();
    for (const { points } of full.slice(0, 4)) {
      const [middle, last] = [points[Math.floor(points.length / 2)], points.at(-1)];
      for (const at of [middle, last, { left: middle.left + 7, top: middle.top - 9 }]) {
        const { x, y } = await aim(page, plot.i, at);
        await page.mouse.move(x + 2, y);
        await page.mouse.move(x, y);
        const found = await readOutOf(page, plot.i);
        const best = Math.min(...full.flatMap((one) => one.points.map((point) => distance(point, at))));
        // Where points lie closer than the pointer can be told apart, each of them will do.
        const near = full.flatMap((one) => one.points.filter((point) => distance(point, at) < best + 1.5).map((point) => [one, point]));
        if (!near.some(([one, point]) => names(plot, found, one, point))) {
          complaints.push(`${plot.id}: at ${near.map(([one, point]) => `${one.name} ${point.x} ${point.y}`).join(' or ')} it reads ${shownAs(found)}`);
        }
        if (found.live !== 'off') complaints.push(`${plot.id}: a pointer makes it speak`);
        seen += 1;
      }
    }
    await away(page);
    if ((await readOutOf(page, plot.i)).series !== null) complaints.push(`${plot.id}: it still reads after the pointer has left`);
    if (full.length > 1) seen += await readOutWithout(page, plot, full, complaints);
  }
  if (seen === 0 && wants.includes('points')) complaints.push('no plot can be read out');
  return { seen };
}

// What is hidden is not read out.
async function readOutWithout(page, plot, full, complaints) {
  const [hidden, ...others] = full;
  const button = figureAt(page, plot.i).locator('.legend li[data-series]').nth(plot.series.indexOf(hidden)).getByRole('button');
  await button.press('Enter');
  const { x, y } = await aim(page, plot.i, hidden.points.at(-1));
  await page.mouse.move(x + 2, y);
  await page.mouse.move(x, y);
  const { series } = await readOutOf(page, plot.i);
  if (!others.some(({ name }) => name === series)) complaints.push(`${plot.id}: with ${hidden.name} hidden it reads ${series}`);
  await button.press('Enter');
  await away(page);
  return 1;
}

export async function keys({ page, wants, complaints }) {
  let seen = 0;
  for (const plot of some(await plotsOf(page), 8)) {
    const full = plot.series.filter(({ points }) => points.length > 0);
    if (full.length === 0) continue;
    const frame = figureAt(page, plot.i).getByRole('application');
    if (await frame.count() !== 1) {
      complaints.push(`${plot.id}: nothing in it takes keys`);
      continue;
    }
    await frame.focus();
    const check = async (key, one, candidates) => {
      await page.keyboard.press(key);
      const found = await readOutOf(page, plot.i);
      if (!candidates.some((point) => names(plot, found, one, point))) complaints.push(`${plot.id}, ${key}: reads ${shownAs(found)}`);
      if (found.live !== 'polite') complaints.push(`${plot.id}, ${key}: it does not speak`);
      seen += 1;
    };
    const [one, other] = [full[0], full[1 % full.length]];
    const nearest = (points, left) => {
      const best = Math.min(...points.map((point) => Math.abs(point.left - left)));
      return points.filter((point) => Math.abs(point.left - left) <= best + 1e-6);
    };
    await check('ArrowRight', one, [one.points[0]]);
    await check('ArrowRight', one, [one.points[Math.min(1, one.points.length - 1)]]);
    await check('ArrowLeft', one, [one.points[0]]);
    await check('End', one, [one.points.at(-1)]);
    await check('ArrowDown', other, nearest(other.points, one.points.at(-1).left));
    await check('Home', other, [other.points[0]]);
    await check('ArrowUp', one, nearest(one.points, other.points[0].left));
    await page.keyboard.press('Escape');
    if ((await readOutOf(page, plot.i)).series !== null) complaints.push(`${plot.id}: Escape does not hide the read-out`);
  }
  if (seen === 0 && wants.includes('points')) complaints.push('no plot takes keys');
  return { seen };
}

export async function zoom({ page, wants, complaints }) {
  let seen = 0;
  for (const { i, id, box } of some(await plotsOf(page), 8)) {
    const figure = figureAt(page, i);
    const view = () => pictureAt(page, i).evaluate((svg) => {
      const [text, unit] = [svg.querySelector('text'), svg.getScreenCTM().a];
      return {
        box: svg.getAttribute('viewBox').trim().split(/[\s,]+/).map(Number), unit,
        letters: text ? parseFloat(getComputedStyle(text).fontSize) * unit : 1,
      };
    });
    const check = (how, now, holds) => {
      const [left, top, width, height] = now.box;
      const within = left >= box[0] - 1e-6 && top >= box[1] - 1e-6 && left + width <= box[0] + box[2] + 1e-6 && top + height <= box[1] + box[3] + 1e-6;
      if (!within) complaints.push(`${id}, ${how}: the view ${now.box} leaves the picture`);
      if (!holds) complaints.push(`${id}, ${how}: the view is ${now.box} of ${box}`);
      if (Math.abs(now.letters / first.letters - 1) > 0.03) complaints.push(`${id}, ${how}: letters went from ${first.letters} to ${now.letters} px`);
      seen += 1;
    };
    const whole = (now) => now.box.every((at, k) => Math.abs(at - box[k]) < 1e-6);
    const press1 = (name) => press(page, figure.getByRole('button', { name, exact: true }));
    const first = await view();
    await press1('Zoom in');
    check('Zoom in', await view(), (await view()).box[2] < box[2] * 0.8);
    await press1('Zoom in');
    const deep = await view();
    await press1('Zoom out');
    check('Zoom out', await view(), (await view()).box[2] > deep.box[2] * 1.2);
    await press1('Reset');
    check('Reset', await view(), whole(await view()));

    const middle = { left: box[0] + box[2] * 0.4, top: box[1] + box[3] * 0.4 };
    const { x, y } = await aim(page, i, middle);
    await page.mouse.move(x, y);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    const wheeled = await until(view, (now) => !whole(now));
    const [left, top, width, height] = wheeled.box;
    const stays = [(middle.left - left) / width - 0.4, (middle.top - top) / height - 0.4];
    // A pixel is much of a low picture.
    const near = [width, height].map((side) => Math.max(0.01, 1 / (side * wheeled.unit)));
    check('turning the wheel', wheeled, width < box[2] * 0.9 && stays.every((by, axis) => Math.abs(by) < near[axis]));

    // By a small way, so that the edge of the picture does not stop it.
    const by = Math.min(30, (left - box[0]) * wheeled.unit * 0.5);
    await page.mouse.down();
    await page.mouse.move(x + by / 2, y);
    await page.mouse.move(x + by, y);
    await page.mouse.up();
    const dragged = await view();
    check('dragging', dragged, by > 1 && Math.abs(left - dragged.box[0] - by / wheeled.unit) < 2);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + box[2], y + box[3], { steps: 3 });
    await page.mouse.up();
    const corner = await view();
    check('dragging too far', corner, corner.box[0] - box[0] < 1e-6 && corner.box[1] - box[1] < 1e-6);
    await page.mouse.dblclick(x, y);
    check('twice pressed', await view(), whole(await view()));
    await away(page);
  }
  if (seen === 0 && wants.includes('plot')) complaints.push('no plot can be zoomed');
  return { seen };
}
