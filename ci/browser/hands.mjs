// How a page is touched.

// A press where its target is seen, or the complaint that something else lies there.
export async function press(page, target, { shift = false, twice = false } = {}) {
  await target.evaluate((at) => at.scrollIntoView({ block: 'center', inline: 'center' }));
  const box = await target.boundingBox();
  if (!box) throw new Error(`what should be pressed is not to be seen: ${target}`);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const hit = await target.evaluate((at, [left, top]) => {
    const found = document.elementFromPoint(left, top);
    return at.contains(found) ? null : String(found?.outerHTML).slice(0, 100);
  }, [x, y]);
  if (hit !== null) throw new Error(`a press would hit ${hit}`);
  if (shift) await page.keyboard.down('Shift');
  await (twice ? page.mouse.dblclick(x, y) : page.mouse.click(x, y));
  if (shift) await page.keyboard.up('Shift');
}

// What is done is seen at once, or after a frame or two.
export async function until(read, holds) {
  let last;
  for (let i = 0; i < 40; i += 1) {
    last = await read();
    if (holds(last)) break;
    await new Promise((done) => { setTimeout(done, 25); });
  }
  return last;
}

export const away = (page) => page.mouse.move(1, 1);

// Some of many, from the first on, evenly: a page with hundreds of rows does the same with each.
export function some(all, most) {
  const count = Math.min(all.length, most);
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
}
