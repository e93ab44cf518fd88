// Faults on purpose. Each is put into a sound page, and the check that is there for it must
// find it, in words that name it: a check that cannot fail is a defect.

function swap(from, to) {
  return (text) => {
    if (!text.includes(from)) throw new Error(`there is nothing to break any more: ${from}`);
    return text.replaceAll(from, () => to);
  };
}

const script = (what, by, says, from, to) => ({ what, by, says, change: { inScript: swap(from, to) } });
const markup = (what, by, says, from, to) => ({ what, by, says, change: { inPage: swap(from, to) } });
const added = (what, by, says, more) => markup(what, by, says, '</main>', `${more}</main>`);
const label = (what, says, more) => markup(what, 'labels', says, '<text class="axis"', `${more}<text class="axis"`);
const ended = (what, says, more) => ({ what, by: 'heard', says, change: { inScript: (text) => text + more } });

export const BROKEN = [
  ended('a console message', /left over/, "console.log('left over');\n"),
  ended('an exception', /nobody/, "throw new Error('nobody catches this');\n"),
  {
    what: 'an image from elsewhere',
    by: 'heard',
    says: /request: https:\/\/pipefit\.invalid/,
    change: {
      inPage: (text) => swap('</main>', '<img alt="x" src="https://pipefit.invalid/x.png"></main>')(swap('img-src data:', 'img-src data: https:')(text)),
    },
  },
  added('an image that the policy forbids', 'heard', /Content.Security.Policy/i, '<img alt="x" src="https://pipefit.invalid/x.png">'),
  label('two labels on each other', /"one" and "two" overlap/, '<text x="400" y="100">one</text><text x="404" y="104">two</text>'),
  label('a clipped label', /"too far" is clipped/, '<text x="748" y="100">too far</text>'),
  markup('a cut cell', 'layout', /cut: <div/, '<td>valid</td>', '<td><div style="width:2em;overflow:hidden;white-space:nowrap">valid and more</div></td>'),
  added('a page that is too wide', 'layout', /sideways/, '<div style="width:2000px">wide</div>'),
  added('a small target', 'targets', /"x" is/, '<button type="button" style="min-height:0;height:12px;padding:0;font-size:8px">x</button>'),
  markup('a picture without a name', 'access', /svg-img-alt/, 'aria-label="stream: response by percentile" viewBox', 'viewBox'),
  added('an image without a text', 'access', /image-alt/, '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">'),
  added('pale letters', 'access', /color-contrast/, '<p style="color:#ccc;background:#fff">pale</p>'),
  script('a field without a label', 'access', /label at/, "if (name) input.setAttribute('aria-label', `${label.textContent}: ${name}`);", "label.removeAttribute('for');"),
  script('a sort that does nothing', 'sort', /rows stand/, 'for (const [, body] of keyed) table.insertBefore(body, table.tFoot);', ''),
  script('what is absent stands first', 'sort', /rows stand/, '(a === null) - (b === null)', '(b === null) - (a === null)'),
  script('figures sorted as texts', 'sort', /rows stand/, "const numeric = head.classList.contains('n');", 'const numeric = false;'),
  script('a sort that is not announced', 'sort', /aria-sort/, "head.setAttribute('aria-sort', up ? 'ascending' : 'descending');", ''),
  script('a sort that is not said', 'sort', /is said/, 'said.textContent = text;', ''),
  script('headings that cannot be pressed', 'sort', /cannot be pressed/, 'head.append(press);', 'head.append(...press.childNodes);'),
  script('a filter for any of the words', 'filter', /other rows/, '!wanted.every(', '!wanted.some('),
  script('a filter that counts wrongly', 'filter', /says/, '`${shown} of', '`${texts.length} of'),
  script('no filter', 'filter', /0 filters for 1/, 'filterable(table, `filter-${i}`);', ''),
  script('nothing is dimmed', 'highlight', /pointing at hue/, 'only !== null && own !== only && isPart(own) === isPart(only)', 'false'),
  script('what is dim stays dim', 'highlight', /after pointing/, "entry.addEventListener('pointerleave', () => show('pointed', null));", ''),
  script('the focus dims nothing', 'highlight', /with the focus/, "target.matches(':focus-visible') ? entry.dataset.hue : null", 'null'),
  script('a switch that hides nothing', 'toggle', /marks of/, "mark.classList.toggle('off', !one.shown)", "mark.classList.toggle('off', false)"),
  script('a switch without a state', 'toggle', /says true/, "one.press.setAttribute('aria-pressed', String(one.shown));", ''),
  script('two presses mean nothing', 'toggle', /alone/, "one.press.addEventListener('dblclick', () => show(only));", ''),
  script('no way back', 'toggle', /Show all/, 'rest.hidden = series.every((one) => one.shown);', ''),
  script('the wrong logarithm', 'readout', /reads/, "if (scale === 'log') return Math.log10(value);", "if (scale === 'log') return Math.log2(value) / 3;"),
  script('the wrong unit', 'readout', /reads/, "[1e3, 'µs']", "[1e3, 'ms']"),
  script('what is hidden is read', 'readout', /hidden it reads/, 'one.shown && one.points.length > 0', 'one.points.length > 0'),
  script('a read-out that stays', 'readout', /still reads/, "picture.addEventListener('pointerleave', hide);", ''),
  script('a pointer that speaks', 'readout', /speak/, "line.setAttribute('aria-live', 'off');", ''),
  script('End is not the end', 'keys', /End: reads/, "if (key === 'End') return to(last);", "if (key === 'End') return to(last - 1);"),
  script('keys that stay silent', 'keys', /does not speak/, "line.setAttribute('aria-live', 'polite')", 'line'),
  script('a read-out that Escape leaves', 'keys', /Escape/, "if (key === 'Escape') hide();", ''),
  script('a zoom that shows all', 'zoom', /the view is/, "picture.setAttribute('viewBox', scale === 1 ? original : part);", ''),
  script('letters that grow', 'zoom', /letters went/, '`${size / scale}px`', '`${size}px`'),
  script('a view beside the picture', 'zoom', /leaves the picture/, 'view.left = clamp(toLeft, left, left + width - width / scale);', 'view.left = toLeft;'),
  script('a wheel that zooms elsewhere', 'zoom', /turning the wheel/, 'view.zoom(Math.exp(-turned / 200), at);', 'view.zoom(Math.exp(-turned / 200));'),
  added('a widget without its script', 'plain', /without the script/, '<button type="button">Sort</button>'),
  markup('a flat picture', 'plain', /its picture is/, 'aria-label="stream: response by percentile" viewBox', 'style="height:6px" aria-label="stream: response by percentile" viewBox'),
  markup('switches on paper', 'paper', /on paper/, '.tools, .readout, .marker', '.marker'),
  markup('a figure that is not the record\'s', 'readBack', /and 1234567 here/, 'data-value="403"', 'data-value="1234567"'),
  markup('no figure that could be held against the record', 'readBack', /nothing/, ' data-key=', ' data-was='),
  markup('a page without a table', 'sort', /nothing/, ' data-sort', ''),
  markup('a plot without points', 'readout', /no point/, 'data-x-range="0 3"', 'data-x-range="50 60"'),
  { what: 'a page without its script', by: 'zoom', says: /./, change: { inScript: () => '' } },
];
