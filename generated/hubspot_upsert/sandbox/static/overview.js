/* What there is: tiles, object types and the last requests, each time the state is known anew. */

import {address, clock, clone, count, fill, find, list, plural, show, write, writeCode} from "./dom.js";

const SHOWN_LINES = 4;
/* Lines may break after dots that stand for what is left out, but not with a word joiner there. */
const whole = text => text.replace("…", "…\u2060");
const shortened = lines =>
  lines.length > SHOWN_LINES ? [...lines.slice(0, SHOWN_LINES - 1), `and ${lines.length - SHOWN_LINES + 1} more`] : lines;

function writeType(row, type) {
  const link = row.querySelector("a");
  link.href = address({objects: type.object_type});
  write(link, type.object_type);
  write(row.querySelector(".properties"), count(type.properties));
  const records = row.querySelector(".records");
  if (type.count || type.declared) write(records, count(type.count));
  else records?.remove();
}
function writeTypes(types) {
  const keyed = types.map(type => ({...type, key: type.object_type}));
  const stored = keyed.filter(type => type.count);
  const used = keyed.filter(type => type.count || type.declared), empty = keyed.filter(type => !used.includes(type));
  const sum = stored.reduce((all, type) => all + type.count, 0);
  write(find("records"), count(sum));
  write(find("records-note"), stored.length ? `of ${plural(stored.length, "object type", "object types")}` : "nothing is stored yet");
  fill(find("types").tBodies[0], used, clone("type-row"), writeType);
  fill(find("others").querySelector("tbody"), empty, clone("type-row"), writeType);
  show(find("types"), used.length > 0);
  show(find("no-types"), used.length === 0);
  show(find("others"), empty.length > 0);
  write(find("others").querySelector("summary"), `${plural(empty.length, "object type", "object types")} without records`);
}

function tone(request) {
  if (request.status === null || request.status >= 400) return "bad";
  return request.refused || request.written === 0 || request.fault ? "mixed" : "good";
}
export function writeStatus(chip, request) {
  write(chip, request.status === null ? "reset" : String(request.status));
  chip.className = `chip ${tone(request)}`;
}
function writeOutcome(cell, request) {
  const text = request.outcome;
  if (cell.firstChild?.data === text && (cell.childElementCount > 0) === request.chosen) return;
  cell.replaceChildren(text);
  if (!request.chosen) return;
  const mark = document.createElement("span");
  mark.className = "mark";
  mark.textContent = "words chosen";
  cell.append(" ", mark);
}
function writeRequest(row, request) {
  const time = row.querySelector("time"), fault = row.querySelector(".fault");
  time.dateTime = request.at;
  write(time, clock(request.at));
  row.querySelector("a").href = address({request: request.number});
  write(row.querySelector(".method"), request.method);
  writeCode(row.querySelector(".path"), request.path);
  writeStatus(row.querySelector(".chip"), request);
  writeOutcome(row.querySelector(".outcome"), request);
  if (!request.fault) write(fault, "");
  else if (fault.textContent !== request.fault) {
    fault.replaceChildren(document.createElement("code"));
    writeCode(fault.firstChild, request.fault);
  }
}
function writeRequests(state) {
  const requests = state.requests.map(request => ({...request, key: request.number}));
  write(find("total"), count(state.request_count));
  write(find("total-note"), requests.length ? `the last one at ${clock(requests[0].at)}` : "none yet");
  fill(find("requests").tBodies[0], requests, clone("request-row"), writeRequest);
  show(find("requests"), requests.length > 0);
  show(find("no-requests"), requests.length === 0);
}

function writeLimits(limits) {
  const notes = [];
  const [last, ...others] = limits.tokens;
  let figure = "none";
  if (limits.burst !== null) {
    const left = `${count(last ? last.remaining : limits.burst)} of ${count(limits.burst)} left`;
    const whose = `in ${limits.burst_seconds} s, for ${last ? `the token ${whole(last.token)}` : "each token"}`;
    if (limits.locked_seconds) notes.push(`${left} ${whose}`);
    else { figure = left; notes.push(whose); }
    others.forEach(one => notes.push(`${count(one.remaining)} left for ${whole(one.token)}`));
  }
  if (limits.daily !== null) notes.push(`${count(limits.daily_remaining)} of ${count(limits.daily)} left today`);
  if (limits.locked_seconds) {
    figure = "locked";
    notes.unshift(`for ${count(Math.ceil(limits.locked_seconds))} s more`);
  }
  find("limits").classList.toggle("warning", limits.locked_seconds > 0);
  write(find("limits-figure"), figure);
  list(find("limits-notes"), notes.length ? notes : ["requests are not limited"]);
}

export const faultLines = pending => pending.map(one =>
  [one.fault, one.times > 1 ? ` ${one.times} times` : "", one.resource ? ` for ${one.resource}` : ""].join(""));
function writeFaults(faults) {
  const number = faults.pending.reduce((all, one) => all + one.times, 0);
  write(find("faults-figure"), number ? count(number) : faults.schedule ? "by schedule" : "none");
  const lines = shortened(faultLines(faults.pending));
  if (faults.schedule) lines.push(`schedule ${faults.schedule}`);
  list(find("faults"), lines);
}

/* Rows are added above: whoever has scrolled into the table keeps what they read in its place. */
function holdingPlace(change) {
  const above = row => row.getBoundingClientRect().top < 0;
  const rows = [...find("requests").tBodies[0].rows];
  const kept = rows.length && above(rows[0]) ? rows.find(row => !above(row)) : undefined;
  const before = kept?.getBoundingClientRect().top;
  change();
  if (kept?.isConnected) window.scrollBy(0, kept.getBoundingClientRect().top - before);
}

export function render(state) {
  holdingPlace(() => {
    write(find("versions"), [`API ${state.versions.join(", ")}`, state.database ?? "in memory"].join(" · "));
    writeTypes(state.objects);
    writeRequests(state);
    writeLimits(state.limits);
    writeFaults(state.faults);
  });
}
