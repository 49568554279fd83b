/* Asks the sandbox. Where other machines can reach it, it wants its admin token, which this tab keeps. */

const PATIENCE = 5000, PATIENCE_OF_CHANGES = 60000, KEPT = "admin-token";

export class Refusal extends Error {
  constructor(status, line) {
    super(line);
    this.status = status;
  }
}

export const keepToken = token => sessionStorage.setItem(KEPT, token);

/* Raises a Refusal, or whatever `fetch` does when there is no answer. */
export async function ask(path, {method = "GET", body} = {}) {
  const headers = {}, token = sessionStorage.getItem(KEPT), reads = method === "GET";
  if (token) headers.Authorization = `Bearer ${token}`;
  if (!reads) headers["Content-Type"] = "application/json";
  const answer = await fetch(`_sandbox/${path}`, {
    method, headers, cache: "no-store", body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(reads ? PATIENCE : PATIENCE_OF_CHANGES),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Refusal(answer.status, content.error);
  return content;
}

/* A line that tells what went wrong. */
export const lineOf = error => error instanceof Refusal ? error.message : "The server does not answer; try again.";
