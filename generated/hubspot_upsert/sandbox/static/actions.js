/* What changes the sandbox, each asked for in a dialog first. */

import {find, fill, list, options, show, write, writeProblem} from "./dom.js";
import {faultLines} from "./overview.js";
import {ask, lineOf} from "./server.js";

const ANY = "";
let changed = () => {};

/* Tells whom to call, with a line, after something was changed. */
export const onChange = listener => { changed = listener; };

async function attempt(box, change, done) {
  const buttons = box.querySelectorAll("button:not(.cancel)");
  buttons.forEach(button => { button.disabled = true; });
  try {
    await change();
    box.close();
    changed(done);
  } catch (error) {
    writeProblem(box, lineOf(error));
  }
  buttons.forEach(button => { button.disabled = false; });
}
function dialog(name, prepare, change, done) {
  const box = find(`${name}-dialog`);
  find(`${name}-open`).addEventListener("click", async () => {
    writeProblem(box, "");
    try {
      await prepare();
    } catch (error) {
      writeProblem(box, lineOf(error));
    }
    if (!box.open) box.showModal();
  });
  box.querySelector("form").addEventListener("submit", event => {
    event.preventDefault();
    attempt(box, change, done);
  });
  box.querySelector(".cancel").addEventListener("click", () => box.close());
}

dialog("reset", async () => {}, () => ask("reset", {method: "POST"}), "The sandbox was reset.");

dialog("lock", async () => {}, () => {
  const given = find("lock-seconds").value;
  return ask("lock", {method: "POST", body: given ? {seconds: Number(given)} : {}});
}, "The account is locked.");

let kinds = {};

/* A kind leaves some things open, which need not be given. */
function writeParameters() {
  const names = kinds[find("fault-kind").value] ?? [];
  fill(find("fault-parameters"), names.map(key => ({key})), () => {
    const field = document.createElement("p");
    field.className = "field";
    field.append(document.createElement("label"), document.createElement("input"));
    return field;
  }, (field, {key}) => {
    const [label, input] = field.children;
    input.id = `fault-${key}`;
    input.type = "number";
    input.min = "0";
    input.step = "any";
    label.htmlFor = input.id;
    write(label, `${key} (may be empty)`);
  });
}
async function prepareFaults() {
  const [known, queued] = await Promise.all([ask("faults/kinds"), ask("faults")]);
  kinds = known.kinds;
  options(find("fault-kind"), Object.keys(kinds).map(kind => [kind, kind]));
  options(find("fault-resource"), [[ANY, "any"], ...known.resources.map(name => [name, name])]);
  writeParameters();
  list(find("pending"), faultLines(queued.pending));
  show(find("pending-part"), queued.pending.length > 0);
}
function queue() {
  const kind = find("fault-kind").value;
  const given = kinds[kind].map(name => [name, find(`fault-${name}`).value]).filter(([, value]) => value);
  const resource = find("fault-resource").value;
  return ask("faults", {method: "POST", body: {
    fault: [kind, ...given.map(pair => pair.join("="))].join(";"),
    times: Number(find("fault-times").value),
    ...(resource === ANY ? {} : {resource}),
  }});
}
dialog("faults", prepareFaults, queue, "The fault is queued.");
find("fault-kind").addEventListener("change", writeParameters);
find("faults-clear").addEventListener("click", () =>
  attempt(find("faults-dialog"), () => ask("faults", {method: "DELETE"}), "The queued faults were removed."));
