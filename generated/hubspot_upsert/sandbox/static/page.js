/* Which part of the page is shown, and how it keeps up with the sandbox. */

import {onChange} from "./actions.js";
import {clock, find, plural, show, write, writeProblem} from "./dom.js";
import {render} from "./overview.js";
import {record, records} from "./records.js";
import {request} from "./request.js";
import {Refusal, ask, keepToken, lineOf} from "./server.js";

const INTERVAL = 1000, BETWEEN_ANNOUNCEMENTS = 10000;
const PRODUCT = document.title;
const requests = {section: find("requests-view"), heading: () => "Last requests", async open() {}};
const VIEWS = {requests, records, record, request};

let place, announcedAt = 0, announcedNumber = null, goneSince = null, paused = false, asking = false, timer;

/* The part after # says what is shown: #objects=TYPE&search=…&after=…, with &id=… for one record, or #request=NUMBER.
   #token=… brings the admin token, and does not stay in the address. */
function readPlace() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    keepToken(given.get("token"));
    given.delete("token");
    history.replaceState(null, "", given.size ? `#${given}` : location.pathname + location.search);
  }
  const found = {
    objects: given.get("objects"), id: given.get("id"), request: given.get("request"),
    search: given.get("search") ?? "", after: given.getAll("after"), isShown: () => place === found,
  };
  if (found.request !== null) found.view = "request";
  else if (found.objects === null) found.view = "requests";
  else found.view = found.id === null ? "records" : "record";
  return found;
}
function writeTitle() {
  const view = VIEWS[place.view];
  const parts = [view === requests ? null : view.heading(place), document.body.className === "gone" ? "Gone" : null];
  document.title = [...parts.filter(Boolean), PRODUCT].join(" – ");
}
async function openPlace() {
  place = readPlace();
  const opened = place, view = VIEWS[place.view], heading = view.section.querySelector("h2");
  document.body.dataset.view = place.view;
  for (const one of Object.values(VIEWS)) show(one.section, one === view);
  write(heading, view.heading(place));
  writeTitle();
  try {
    await view.open(place);
    if (opened.isShown() && view !== requests) writeProblem(view.section, "");
  } catch (error) {
    if (opened.isShown()) writeProblem(view.section, lineOf(error));
  }
}
window.addEventListener("hashchange", async () => {
  await openPlace();
  // Who came by a link goes on reading there.
  VIEWS[place.view].section.querySelector("h2").focus({preventScroll: place.view === "requests"});
});

function announce(state) {
  const last = state.requests[0];
  const number = last ? last.number : 0;
  if (announcedNumber === null || number < announcedNumber) announcedNumber = number;
  if (number === announcedNumber || Date.now() - announcedAt < BETWEEN_ANNOUNCEMENTS) return;
  write(find("announcement"), `${plural(number - announcedNumber, "new request", "new requests")}; the last one: ${last.outcome}`);
  announcedAt = Date.now();
  announcedNumber = number;
}
function connection(name, text, notice) {
  document.body.className = name;
  writeTitle();
  write(find("connection"), text);
  write(find("notice"), notice ?? "");
  show(find("notice"), Boolean(notice));
}
function gone(error) {
  if (error instanceof Refusal && error.status === 401) {
    document.body.dataset.locked = "";
    show(find("token-form"), true);
    return connection("gone", "Locked", "This sandbox asks for its admin token.");
  }
  goneSince ??= Date.now();
  const why = error instanceof Refusal ? error.message : `The server has been gone since ${clock(goneSince)}.`;
  connection("gone", "Gone", `${why} What you see is how it was; this page tries again each second.`);
}
async function live(state) {
  goneSince = null;
  announce(state);
  render(state);
  if (!paused) connection("live", "Live", state.database_busy
    ? "The database is busy: another program may have locked its file. The records are as they were before." : "");
  const wasLocked = !find("token-form").hidden;
  delete document.body.dataset.locked;
  show(find("token-form"), false);
  if (wasLocked) await openPlace();
  await VIEWS[place.view].refresh?.(place, state);
}
async function refresh() {
  if (asking) return;
  asking = true;
  try {
    if (!document.hidden) await live(await ask("state"));
  } catch (error) {
    if (!paused) gone(error);
  }
  asking = false;
  if (!paused) timer = setTimeout(refresh, INTERVAL);
}
function refreshNow() {
  clearTimeout(timer);
  refresh();
}

find("pause").addEventListener("click", () => {
  paused = !paused;
  write(find("pause"), paused ? "Resume" : "Pause");
  clearTimeout(timer);
  if (paused) connection("paused", "Paused");
  else refresh();
});
find("token-form").addEventListener("submit", event => {
  event.preventDefault();
  keepToken(find("token").value);
  find("token").value = "";
  refreshNow();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) refreshNow();
});
onChange(line => {
  write(find("announcement"), line);
  announcedAt = Date.now();
  refreshNow();
});
write(find("origin"), `base_url="${location.origin}"`);
await openPlace();
refresh();
