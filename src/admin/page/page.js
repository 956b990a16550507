// The status page. Whatever comes from a client or from the file is put in as text, never as HTML.
"use strict";

const find = (id) => document.getElementById(id);
let latest = null;

// What would turn the direction of the text or hide in it is shown.
const odd = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const plain = (text) => text.replace(odd, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

function make(tag, text, kind) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = plain(text);
  if (kind) element.className = kind;
  return element;
}

function write(element, raw, kind) {
  const text = plain(raw);
  if (element.textContent !== text) element.textContent = text;
  if (kind !== undefined && element.className !== kind) element.className = kind;
}

const count = (number) => number.toLocaleString("en");
const tokens = (input, output) => (input || output ? `${count(input)} → ${count(output)}` : "");
const dollars = (cost) => (cost ? `$${cost.toFixed(cost < 0.1 ? 6 : cost < 10 ? 4 : 2)}` : "");
const level = (it) => (it.level === undefined ? "" : `${Math.round(it.level * 100)} %`);
const inFlight = (it) => (it.cap === undefined ? `${it.in_flight}` : `${it.in_flight} of ${it.cap}`);
const flight = (it) => (it.max_waiting === undefined ? inFlight(it)
  : `${inFlight(it)}, ${it.waiting} of ${it.max_waiting} wait`);
const time = (text) => new Date(text).toLocaleTimeString("en-GB");
const millis = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);
const kinds = { none: "good", degraded: "warn", down: "bad" };

function age(text) {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(text)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

// One row for each of `rows`, which are {kind, cells: [[label, text, class]]}; what is the same stays.
function fill(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((row, at) => {
    const line = body.rows[at] || body.insertRow();
    line.setAttribute("role", "row");
    if (line.className !== row.kind) line.className = row.kind;
    row.cells.forEach(([label, text, kind], nth) => {
      let cell = line.cells[nth];
      if (!cell) {
        cell = line.insertCell();
        cell.setAttribute("role", "cell");
      }
      if (cell.dataset.label !== label) cell.dataset.label = label;
      write(cell, text, kind || "");
    });
  });
}

function words(it) {
  let text = it.words;
  if (it.until) text += `, until ${time(it.until)}`;
  if (it.labels) text += `; ${it.labels.join(", ")}`;
  if (it.lacks) text += `; lacks ${it.lacks.join(", ")}`;
  if (it.first_share < 1) text += `; asked first by ${Math.round(it.first_share * 100)} % of requests`;
  if (it.recent_failed) text += `; ${it.recent_failed} of its last ${it.recent_attempts} attempts failed`;
  return text;
}

function aliasRow(pool) {
  const asked = pool.fallbacks ? `${count(pool.requests)}, fell back ${count(pool.fallbacks)}` : count(pool.requests);
  const stay = pool.conversations;
  const worst = pool.trouble === "none" ? pool.state : `${pool.trouble}${pool.state === "ready" ? "" : `: ${pool.state}`}`;
  return { kind: "alias", cells: [
    ["Alias", pool.alias],
    ["State", stay ? `${worst}; ${count(stay.staying)} of ${count(stay.target)} conversations stay with ${stay.provider}` : worst, kinds[pool.trouble]], ["In flight", flight(pool)],
    ["Limit left", level(pool)], ["Requests", asked], ["Errors", count(pool.errors), pool.errors ? "warn" : ""],
    ["Latency", ""], ["Tokens", tokens(pool.input_tokens, pool.output_tokens)], ["Cost", dollars(pool.cost)],
  ] };
}

function providerRow(it) {
  return { kind: "provider", cells: [
    ["Provider", it.provider], ["State", words(it), kinds[it.trouble]], ["In flight", flight(it)],
    ["Limit left", level(it)], ["Asked", count(it.attempts)], ["Failed", count(it.failed), it.failed ? "warn" : ""],
    ["Latency", it.latency_secs === undefined ? "" : millis(it.latency_secs * 1000)],
    ["Tokens", tokens(it.input_tokens, it.output_tokens)], ["Cost", dollars(it.cost)],
  ] };
}

const amount = (window, number) => (window.startsWith("dollars") ? dollars(number) || "$0" : count(number));
const budgets = (it) => (it.windows || []).map((window) =>
  `${amount(window.window, window.used)} of ${amount(window.window, window.limit)} (${window.window})`).join(", ");

const spent = (it) => [
  ["Cost today", dollars(it.cost_today)], ["Budgets", budgets(it)],
  ["Tokens", tokens(it.input_tokens, it.output_tokens)], ["Cost", dollars(it.cost)],
];

function keyRow(key) {
  return { kind: "key", cells: [
    ["Key", key.key], ["In flight", flight(key)], ["Limit left", level(key)], ...spent(key),
  ] };
}

function teamRow(team) {
  return { kind: "team", cells: [["Team", team.team], ["Keys", count(team.keys)], ...spent(team)] };
}

function showSpenders() {
  const since = `${latest.today_since.slice(11, 16)} UTC`;
  write(find("today"), latest.today_since === latest.started
    ? `Cost today counts from ${since}, when this process started.` : `Cost today counts from ${since}.`);
  find("today").hidden = !latest.keys.length;
  find("teams-section").hidden = !latest.teams.length;
  fill(find("teams"), latest.teams.map(teamRow));
  more("teams-more", latest.teams_left_out);
  find("keys-section").hidden = !latest.keys.length;
  fill(find("keys"), latest.keys.map(keyRow));
  more("keys-more", latest.keys_left_out);
}

function more(id, left) {
  find(id).hidden = !left;
  write(find(id), left ? `${count(left)} more are not shown.` : "");
}

function summarise() {
  const troubled = [];
  for (const pool of latest.aliases) {
    for (const it of pool.providers) {
      if (it.trouble !== "none") troubled.push({ it, name: `${pool.alias} / ${it.provider}` });
    }
  }
  troubled.sort((a, b) => (a.it.trouble === "down" ? 0 : 1) - (b.it.trouble === "down" ? 0 : 1));
  const limited = latest.aliases.filter((pool) => pool.state !== "ready");
  const parts = troubled.slice(0, 3).map(({ it, name }) => `${name}: ${words(it)}`);
  parts.push(...limited.slice(0, 2).map((pool) => `${pool.alias}: ${pool.state}`));
  if (troubled.length > 3) parts.push(`and ${troubled.length - 3} more`);
  const down = troubled.some(({ it }) => it.trouble === "down");
  write(find("summary"), parts.length ? parts.join(". ") : "All providers are ready.",
    down ? "down" : parts.length ? "degraded" : "");
}

function configure() {
  const { file, version, since, read, live, problems, warnings } = latest.config;
  write(find("config"), `${file}, version ${version}, serves for ${age(since)}; ` +
    (live ? "the last edit is live" : "the last edit is not live") +
    (warnings ? `; ${warnings} of it probably not meant, as the log and \`onwards check\` tell` : ""), live ? "" : "bad");
  find("refused").hidden = live;
  write(find("refused-title"), live ? "" : `The file was refused at ${time(read)}; version ${version} goes on:`);
  write(find("problems"), problems || "");
}

function timeline(request) {
  const asked = request.attempts.filter((it) => it.ms !== undefined);
  const told = request.attempts.map((it) => `${it.alias ? `${it.alias}/` : ""}${it.provider}=${it.outcome}`);
  const cell = make("div");
  if (asked.length) {
    const whole = Math.max(request.ms, 0.001);
    const bar = make("div", undefined, "timeline");
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", asked.map((it) =>
      `${it.provider}, ${it.outcome}, after ${millis(it.at_ms)} for ${millis(it.ms)}`).join("; "));
    for (const it of asked) {
      const piece = make("i", undefined, it.outcome.startsWith("2") ? "" : "failed");
      const left = Math.min(99, it.at_ms / whole * 100);
      piece.style.left = `${left}%`;
      piece.style.width = `${Math.max(0, Math.min(100 - left, it.ms / whole * 100))}%`;
      piece.title = `${it.provider}: ${it.outcome}, ${millis(it.ms)}`;
      bar.append(piece);
    }
    cell.append(bar);
  }
  cell.append(make("span", told.join(" → ")));
  return cell;
}

function requestRow(request) {
  const row = make("tr");
  row.setAttribute("role", "row");
  row.dataset.nth = request.nth;
  row.dataset.text = [request.id, request.key, request.alias, request.served_alias, request.status,
    ...request.attempts.map((it) => it.provider)].join("\n").toLowerCase();
  const add = (label, content, kind) => {
    const cell = make("td", undefined, kind);
    cell.setAttribute("role", "cell");
    cell.dataset.label = label;
    if (content) cell.append(typeof content === "string" ? plain(content) : content);
    row.append(cell);
  };
  const how = request.end === "complete" ? "" : ` ${request.end.replace("_", " ")}`;
  add("Time", time(request.time));
  const stopped = ["stop", "stop_sequence", "tool_calls"].includes(request.finish_reason) ? "" : request.finish_reason;
  const why = request.code || stopped;
  add("Status", `${request.status}${how}${why ? ` (${why})` : ""}${
    request.guardrails ? `, ${request.guardrails.join(", ")}` : ""}`,
    request.status >= 500 || request.end === "broken" || request.end === "panicked" ? "bad"
      : request.status >= 400 || how ? "warn" : "good");
  add("Alias", request.served_alias ? `${request.alias || ""} by ${request.served_alias}` : request.alias);
  add("Attempts", timeline(request));
  add("Time taken", `${request.ttfb_ms === undefined ? "" : `${millis(request.ttfb_ms)}, `}${millis(request.ms)}`);
  add("Key", request.key);
  add("Tokens", request.usage ? tokens(request.usage.input, request.usage.output) : "");
  add("Cost", dollars(request.cost));
  add("Id", request.id, "id");
  return row;
}

// Requests that have ended do not change: new ones are put before those that stand.
function list() {
  const body = find("requests");
  const wanted = new Set(latest.requests.map((request) => String(request.nth)));
  for (const row of [...body.rows]) if (!wanted.has(row.dataset.nth)) row.remove();
  const standing = new Set([...body.rows].map((row) => row.dataset.nth));
  const fresh = latest.requests.filter((request) => !standing.has(String(request.nth)));
  body.prepend(...fresh.map(requestRow));
  filter();
}

function filter() {
  const sought = find("search").value.trim().toLowerCase();
  const rows = [...find("requests").rows];
  let found = 0;
  for (const row of rows) {
    row.hidden = !row.dataset.text.includes(sought);
    if (!row.hidden) found += 1;
  }
  write(find("found"), sought ? `${found} of ${rows.length}` : rows.length ? "" : "none yet");
}

function show(next) {
  latest = next;
  write(find("version"), `${latest.version}, up for ${age(latest.started)}`);
  summarise();
  configure();
  fill(find("aliases"), latest.aliases.flatMap((pool) => [aliasRow(pool), ...pool.providers.map(providerRow)]));
  more("aliases-more", latest.aliases_left_out);
  showSpenders();
  list();
}

function connect() {
  const events = new EventSource("events");
  events.onopen = () => write(find("connection"), "live", "");
  events.onmessage = (event) => show(JSON.parse(event.data));
  events.onerror = () => {
    write(find("connection"), "the connection is lost; trying again", "lost");
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  };
}

find("search").addEventListener("input", filter);
setInterval(() => {
  if (!latest) return;
  write(find("version"), `${latest.version}, up for ${age(latest.started)}`);
  configure();
}, 5000);
connect();
