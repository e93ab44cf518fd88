// What a page of pipefit does beyond being read. Its tables sort and filter (tables.js); its
// plots hide series, name their points and zoom (points.js, plots.js). The page says
// everything without this: what lacks something is left as it is. Nothing is caught that a
// check of the page should see.
//
// The four files stand behind each other, in this order, within one strict function.

const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

function set(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function element(name, attributes, ...children) {
  const made = set(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

function button(label, press) {
  const made = element('button', { type: 'button' }, ...label);
  made.addEventListener('click', press);
  return made;
}

// A line break counts as a space in what is said aloud.
const words = (node) => node.innerText.replace(/\s+/g, ' ').trim();

// An empty field is no figure; Number('') would be 0.
function number(text) {
  return text === undefined || text.trim() === '' ? NaN : Number(text);
}

function numbers(text) {
  return (text ?? '').trim().split(/[\s,]+/).map(number);
}
