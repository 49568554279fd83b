/* What the other modules write to the page with. Data reaches it as text, never as markup. */

export const find = id => document.getElementById(id);
export const count = number => number.toLocaleString("en");
export const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;
export const clock = moment => new Date(moment).toLocaleTimeString("en-GB");
export const moment = iso => iso.replace("T", " ").replace("Z", " UTC");
export const took = seconds => seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
export const clone = id => () => find(id).content.firstElementChild.cloneNode(true);
export const make = name => () => document.createElement(name);
/* An address within the page; what is undefined is left out. */
export const address = parts =>
  `#${new URLSearchParams(Object.entries(parts).flatMap(([name, value]) => [value ?? []].flat().map(one => [name, one])))}`;

/* What is as it was is not touched, so that nothing flickers and a selection stays. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}
export function fill(parent, items, create, update) {
  const known = new Map([...parent.children].map(row => [row.dataset.key, row]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const row = known.get(String(item.key)) ?? create();
    known.delete(String(item.key));
    row.dataset.key = item.key;
    update(row, item);
    if (row === place) place = place.nextElementSibling;
    else parent.insertBefore(row, place);
  }
  known.forEach(row => row.remove());
}
export const list = (parent, lines) =>
  fill(parent, lines.map((line, key) => ({key, line})), make("li"), (row, one) => write(row, one.line));
export function options(select, choices) {
  fill(select, choices.map(([key, label]) => ({key, label})), make("option"), (option, one) => {
    option.value = one.key;
    write(option, one.label);
  });
}
/* Like `write`; lines may break before a slash and after a semicolon. */
export function writeCode(element, text) {
  if (element.textContent === text) return;
  element.replaceChildren(...text.split(/(?=[/?])|(?<=;)/).flatMap(part => [document.createElement("wbr"), part]));
}
export function writeProblem(parent, text) {
  const problem = parent.querySelector(".problem");
  write(problem, text ?? "");
  show(problem, Boolean(text));
}
