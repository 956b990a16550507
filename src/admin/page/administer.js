// Administers the process from the status page: with the admin key, which this tab alone holds, in memory. Every
// change is shown as a difference before it is written, and written only in the state of the file that was shown.
"use strict";

const desk = { key: null, proposal: null };

async function call(method, path, body, etag) {
  const headers = { authorization: `Bearer ${desk.key}` };
  if (etag) headers["if-match"] = etag;
  const options = { method, headers, credentials: "omit", cache: "no-store", redirect: "error" };
  if (body !== undefined) options.body = JSON.stringify(body);
  const answer = await fetch(path, options);
  if (answer.status === 404 && !(answer.headers.get("content-type") || "").includes("json")) {
    throw new Error("This process has no admin key: start it with ONWARDS_ADMIN_KEY.");
  }
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error ? told.error.message : `status ${answer.status}`);
  return { told, etag: answer.headers.get("etag") };
}

function say(text, kind) {
  write(find("admin-said"), text, kind || "");
}

// Runs what a button asks for and tells what became of it.
async function attempt(work) {
  say("");
  try {
    await work();
  } catch (error) {
    say(error.message, "bad");
  }
}

function button(text, label, act) {
  const element = make("button", text);
  element.type = "button";
  element.setAttribute("aria-label", label);
  element.addEventListener("click", () => attempt(act));
  return element;
}

// A change is checked first. What is written then is exactly what was shown.
async function propose(method, path, body) {
  const { told, etag } = await call(method, `${path}?dry_run=true`, body);
  if (!told.changed) return say("That changes nothing.");
  desk.proposal = { method, path, body, etag };
  write(find("admin-diff"), told.diff || "Only secrets change.");
  find("admin-proposal").hidden = false;
  find("admin-write").focus();
}

async function writeProposal() {
  const { method, path, body, etag } = desk.proposal;
  forget();
  const { told } = await call(method, path, body, etag);
  say(told.key ? "Written. The key is shown this once:" : "Written, and live.", "good");
  write(find("admin-secret"), told.key || "");
  find("admin-secret").hidden = !told.key;
  await refresh();
}

function forget() {
  desk.proposal = null;
  find("admin-proposal").hidden = true;
  find("admin-secret").hidden = true;
  write(find("admin-secret"), "");
}

const part = (text) => encodeURIComponent(text);

function line(cells) {
  const row = make("tr");
  row.setAttribute("role", "row");
  for (const [label, content] of cells) {
    const cell = make("td");
    cell.setAttribute("role", "cell");
    cell.dataset.label = label;
    if (typeof content === "string") cell.append(plain(content));
    else cell.append(...[content].flat());
    row.append(cell);
  }
  return row;
}

function providerLine(target, it) {
  const path = `admin/providers/${part(target.alias)}/${part(it.name)}`;
  const name = `${target.alias} / ${it.name}`;
  const decide = (verb) => button(verb, `${verb} ${name}`, async () => {
    const { told } = await call("POST", `${path}/${verb}`);
    say(`${name}: ${told.told}`, "good");
    await refresh();
  });
  const weight = make("input");
  weight.type = "number";
  weight.min = "0";
  weight.defaultValue = it.weight;
  weight.setAttribute("aria-label", `weight of ${name}`);
  const change = button("change", `change the weight of ${name}`, () =>
    propose("PATCH", path, { weight: Number(weight.value) }));
  return line([["Provider", name], ["State", it.told], ["Weight", [weight, change]],
    ["", [decide("rest"), decide("drain"), decide("wake")]]]);
}

function keyLine(key) {
  const path = `admin/keys/${part(key.name)}`;
  const blocked = key.definition.disabled === true;
  const verb = blocked ? "unblock" : "block";
  const used = tokens(key.input_tokens || 0, key.output_tokens || 0);
  return line([["Key", key.name], ["State", blocked ? "blocked" : "open"], ["Used", used], ["", [
    button(verb, `${verb} ${key.name}`, () => propose("POST", `${path}/${verb}`)),
    button("rotate", `rotate ${key.name}`, () => propose("POST", `${path}/rotate`)),
    button("delete", `delete ${key.name}`, () => propose("DELETE", path))]]]);
}

async function refresh() {
  const { told: { targets } } = await call("GET", "admin/targets");
  const { told: { keys } } = await call("GET", "admin/keys");
  const inputs = () => [...find("admin-providers").querySelectorAll("input")];
  // What a person has typed and not written yet stays.
  const typed = inputs().filter((it) => it.value !== it.defaultValue);
  const kept = new Map(typed.map((it) => [it.getAttribute("aria-label"), it.value]));
  find("admin-providers").replaceChildren(
    ...targets.flatMap((target) => target.providers.map((it) => providerLine(target, it))));
  for (const it of inputs()) it.value = kept.get(it.getAttribute("aria-label")) ?? it.value;
  find("admin-keys").replaceChildren(...keys.map(keyLine));
}

async function openDesk() {
  desk.key = find("admin-key").value.trim();
  find("admin-key").value = "";
  try {
    await refresh();
  } catch (error) {
    desk.key = null;
    throw error;
  }
  find("admin-closed").hidden = true;
  find("admin-open").hidden = false;
}

function closeDesk() {
  desk.key = null;
  forget();
  for (const id of ["admin-providers", "admin-keys"]) find(id).replaceChildren();
  find("admin-open").hidden = true;
  find("admin-closed").hidden = false;
}

function makeKey() {
  const name = find("admin-name").value.trim();
  const models = find("admin-models").value.split(",").map((it) => it.trim()).filter(Boolean);
  if (!name) throw new Error("A key needs a name.");
  return propose("PUT", `admin/keys/${part(name)}`, models.length ? { models } : {});
}

const onClick = (id, act) => find(id).addEventListener("click", () => attempt(act));
onClick("admin-enter", openDesk);
onClick("admin-leave", closeDesk);
onClick("admin-write", writeProposal);
onClick("admin-cancel", forget);
onClick("admin-make", makeKey);
find("admin-key").addEventListener("keydown", (event) => {
  if (event.key === "Enter") attempt(openDesk);
});
