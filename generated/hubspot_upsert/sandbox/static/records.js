/* The records of an object type, page by page, and one of them with all its values. */

import {address, clone, count, fill, find, make, moment, plural, show, write, writeProblem} from "./dom.js";
import {ask, lineOf} from "./server.js";

const PAGE = 50, LONGEST = 200;
/* A search reads every record: the page does not ask for it again before ten times as long as it took. */
const REST = 10;

const shorten = text => text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
const asText = value => value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);

/* Properties that most records have come first. */
function columnsOf(records) {
  const numbers = new Map();
  for (const record of records)
    for (const name of Object.keys(record.properties)) numbers.set(name, (numbers.get(name) ?? 0) + 1);
  const names = [...numbers].sort(([one, first], [other, second]) => second - first || (one < other ? -1 : 1)).map(([name]) => name);
  return [
    {key: "id", name: "Id"},
    ...names.map(name => ({key: `property ${name}`, name, value: record => record.properties[name]})),
    {key: "created", name: "Created (UTC)", value: record => moment(record.created_at.slice(0, 19))},
    {key: "updated", name: "Updated (UTC)", value: record => moment(record.updated_at.slice(0, 19))},
  ];
}
function writeCell(cell, column, record, place) {
  cell.classList.toggle("moment", ["created", "updated"].includes(column.key));
  if (column.key !== "id") return write(cell, shorten(asText(column.value(record))));
  cell.scope = "row";
  if (!cell.firstChild) cell.append(document.createElement("a"));
  cell.firstChild.href = address({objects: place.objects, search: place.search || undefined, after: place.after, id: record.id});
  write(cell.firstChild, record.id);
}
function writeTable(records, place) {
  const table = find("records-table"), columns = columnsOf(records);
  fill(table.tHead.rows[0], columns, make("th"), (cell, column) => { cell.scope = "col"; write(cell, column.name); });
  const rows = records.map(record => ({...record, key: record.id}));
  fill(table.tBodies[0], rows, make("tr"), (row, record) => {
    const known = new Map([...row.children].map(cell => [cell.dataset.key, cell]));
    const cells = columns.map(column => {
      const cell = known.get(column.key) ?? document.createElement(column.key === "id" ? "th" : "td");
      cell.dataset.key = column.key;
      writeCell(cell, column, record, place);
      return cell;
    });
    if (cells.length !== row.children.length || cells.some((cell, at) => cell !== row.children[at])) row.replaceChildren(...cells);
  });
  show(table, records.length > 0);
}
function link(anchor, parts) {
  show(anchor, Boolean(parts));
  if (parts) anchor.href = address(parts);
}

function summary(place, results, total) {
  if (!results.length) return place.search ? "No record holds this text." : "There are no records.";
  const first = place.after.length * PAGE + 1;
  const range = `${count(first)} to ${count(first + results.length - 1)}`;
  return place.search ? `${range} of those that hold “${shorten(place.search)}”` : `${range} of ${plural(total, "record", "records")}`;
}

export const records = {
  section: find("records-view"),
  heading: place => `Records of ${place.objects}`,
  async open(place) {
    find("search-text").value = place.search;
    await this.load(place);
  },
  async load(place) {
    this.seen = this.latest;
    const began = performance.now(), type = encodeURIComponent(place.objects);
    const parameters = new URLSearchParams({limit: PAGE, after: place.after.at(-1) ?? "0", search: place.search});
    const [page, whole] = await Promise.all([ask(`objects/${type}?${parameters}`), ask(`objects/${type}/count`)]);
    if (!place.isShown()) return;
    this.restUntil = performance.now() + REST * (performance.now() - began);
    const shown = {objects: place.objects, search: place.search || undefined};
    write(find("records-summary"), summary(place, page.results, whole.count));
    writeTable(page.results, place);
    link(find("previous-page"), place.after.length ? {...shown, after: place.after.slice(0, -1)} : null);
    link(find("next-page"), page.after ? {...shown, after: [...place.after, page.after]} : null);
  },
  /* Records may have changed whenever there was another request, or fewer as after a reset. */
  async refresh(place, state) {
    this.latest = `${state.request_count} ${JSON.stringify(state.objects)}`;
    if (this.seen === this.latest || performance.now() < (this.restUntil ?? 0)) return;
    try {
      await this.load(place);
      writeProblem(this.section, "");
    } catch (error) {
      writeProblem(this.section, lineOf(error));
    }
  },
};

find("search").addEventListener("submit", event => {
  event.preventDefault();
  const shown = new URLSearchParams(location.hash.slice(1));
  location.hash = address({objects: shown.get("objects"), search: find("search-text").value || undefined});
});

export const record = {
  section: find("record-view"),
  heading: place => `${place.objects} ${place.id}`,
  async open(place) {
    const back = find("record-back");
    back.href = address({objects: place.objects, search: place.search || undefined, after: place.after});
    write(back, `Records of ${place.objects}`);
    const found = await ask(`objects/${encodeURIComponent(place.objects)}/${encodeURIComponent(place.id)}`);
    if (!place.isShown()) return;
    write(find("record-times"), `Created ${moment(found.created_at)}, updated ${moment(found.updated_at)}`);
    const pairs = Object.entries(found.properties).sort(([one], [other]) => one < other ? -1 : 1);
    fill(find("record-table").tBodies[0], pairs.map(([key, value]) => ({key, value})), clone("pair-row"), (row, pair) => {
      write(row.cells[0], pair.key);
      write(row.cells[1], asText(pair.value));
    });
  },
};
