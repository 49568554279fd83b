/* One request: what was sent and answered, what became of each record and why, and how long it took. */

import {clone, count, fill, find, moment, plural, show, took, write, writeCode} from "./dom.js";
import {writeStatus} from "./overview.js";
import {ask} from "./server.js";

const TONES = {refused: "bad"};

function factsOf(entry) {
  return [
    ["Came", moment(entry.at)],
    ["Took", took(entry.duration)],
    ["Operation", entry.operation],
    ["Outcome", entry.outcome],
    ["Fault", entry.fault],
    ["Token id", entry.token_id],
  ].filter(([, value]) => value !== null && value !== undefined);
}
function writeFacts(entry) {
  const status = document.createElement("span"), facts = document.createDocumentFragment();
  writeStatus(status, entry);
  for (const [name, value] of [["Status", status], ...factsOf(entry)]) {
    const pair = document.createElement("div"), term = document.createElement("dt"), description = document.createElement("dd");
    term.append(name);
    description.append(value);
    pair.append(term, description);
    facts.append(pair);
  }
  find("request-facts").replaceChildren(facts);
}
function writeOutcomes(outcomes) {
  show(find("outcomes"), outcomes.length > 0);
  const rows = outcomes.map((outcome, key) => ({...outcome, key}));
  fill(find("outcomes-table").tBodies[0], rows, clone("outcome-row"), (row, outcome) => {
    const chip = row.querySelector(".chip");
    write(row.querySelector(".key"), outcome.key_sent);
    write(chip, outcome.effect);
    chip.className = `chip ${TONES[outcome.effect] ?? "good"}`;
    write(row.querySelector(".id"), outcome.id ?? "");
    write(row.querySelector(".trace"), outcome.trace_id ?? "");
    write(row.querySelector(".why"), outcome.problems.join("\n"));
  });
}
function noteOf(content, none) {
  if (!content) return none;
  const size = plural(content.size, "byte", "bytes");
  return content.complete ? size : `${size}, of which the first ones are kept`;
}
function writeContent(element, content, none) {
  const text = !content ? "" : "json" in content ? JSON.stringify(content.json, null, 2) : content.text;
  write(element.previousElementSibling, noteOf(content, none));
  write(element, text);
  show(element, text !== "");
}

export const request = {
  section: find("request-view"),
  heading: place => `Request ${count(Number(place.request))}`,
  async open(place) {
    show(find("request-parts"), false);
    const entry = await ask(`requests/${encodeURIComponent(place.request)}`);
    if (!place.isShown()) return;
    writeCode(find("request-line").firstElementChild, `${entry.method} ${entry.path}`);
    show(find("request-chosen"), entry.chosen);
    writeFacts(entry);
    writeOutcomes(entry.records.map(({key, ...others}) => ({...others, key_sent: key})));
    writeContent(find("request-body"), entry.body, "Not read, or not kept.");
    writeContent(find("request-answer"), entry.answer, "Not kept.");
    show(find("request-parts"), true);
  },
};
