"use strict";

// Brings the report to life: curves to point at, and clips to compare at the SNR of one slider.
// All data is in the page; nothing is fetched. Without this script the page shows printed figures
// and every clip.

const page = JSON.parse(document.getElementById("data").textContent);
const state = { snr: page.snr_db[0], channel: "", hidden: new Set() };
const watchers = []; // called when the slider, the channel or what is hidden changes
const changed = () => watchers.forEach((watch) => watch());

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function nearest(values, aim) {
  return values.reduce((a, b) => (Math.abs(b - aim) < Math.abs(a - aim) ? b : a));
}

// ---- numbers ----------------------------------------------------------------------------------

const minus = (text) => text.replace("-", "−");

function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return minus(size < 1e-3 || size >= 1e5 ? value.toExponential(2) : String(+value.toPrecision(4)));
}

function linearTicks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push({ at: i * step, text: minus((i * step).toFixed(digits)) });
  }
  return ticks;
}

function powerOfTen(exponent) {
  const raised = [...String(exponent)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
  return "10" + raised.join("");
}

function logTicks(low, high) {
  const [first, last] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const every = Math.ceil((last - first) / 6);
  const ticks = [];
  for (let e = first; e <= last; e++) {
    ticks.push({ at: 10 ** e, text: (e - first) % every ? "" : powerOfTen(e) });
    for (let m = 2; m < 10 && e < last && every === 1; m++) ticks.push({ at: m * 10 ** e, text: "" });
  }
  return ticks;
}

// ---- curves -----------------------------------------------------------------------------------

const byScheme = (name) => `scheme ${name}`;
const byChannel = (name) => `channel ${name}`;
const isShown = (curve) =>
  !state.hidden.has(byScheme(curve.name)) && !state.hidden.has(byChannel(curve.channel));

function ranges(panel, curves) {
  const all = (key) => curves.flatMap((c) => c[key]).filter((v) => v !== null);
  const xs = all("x");
  let [left, right] = [Math.min(...xs), Math.max(...xs)];
  const margin = (right - left) * 0.04 || Math.abs(left) * 0.1 || 1;
  const x = [left - margin, right + margin];
  if (panel.log) {
    const positive = [...all("mean"), ...all("high").map((v) => v / 2)].filter((v) => v > 0);
    const low = 10 ** Math.floor(Math.log10(Math.min(...positive, 0.5)));
    return { x, y: [low, 10 ** Math.ceil(Math.log10(Math.max(...positive)) - 1e-9)] };
  }
  // An interval of two trials can be so wide that the curves themselves would be flat.
  const means = all("mean");
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const reach = most - least || Infinity;
  const low = Math.max(Math.min(least, ...all("low")), least - reach);
  const high = Math.min(Math.max(most, ...all("high")), most + reach);
  const pad = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return { x, y: [low - pad, high + pad] };
}

function scaler([low, high], [from, to], log) {
  const f = log ? Math.log10 : Number;
  return (value) => from + ((f(value) - f(low)) / (f(high) - f(low))) * (to - from);
}

// Runs of points without a gap, as lists of indices.
function runs(length, has) {
  const found = [[]];
  for (let i = 0; i < length; i++) {
    if (has(i)) found.at(-1).push(i);
    else found.push([]);
  }
  return found.filter((run) => run.length);
}

const polyline = (points) => "M" + points.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join("L");

function makeChart(panel) {
  const plot = make("div", { class: "plot" });
  const tip = make("div", { class: "tip", role: "status" });
  tip.hidden = true;
  const legend = make("div", { class: "legend" });
  const heading = make("h3", {}, panel.y_label + " ", make("small", {}, `${panel.better} is better`));
  const figure = make("figure", { class: "chart", "data-name": panel.name }, heading);
  figure.append(make("p", {}, panel.title), plot, legend);
  let spots = []; // every point that can be pointed at: curve, index, place in pixels
  let current = null;

  function render() {
    const width = plot.clientWidth;
    if (!width) return;
    const height = Math.round(Math.min(340, Math.max(240, width * 0.62)));
    const visible = panel.curves.filter(isShown);
    const range = ranges(panel, visible.length ? visible : panel.curves);
    const yTicks = panel.log ? logTicks(...range.y) : linearTicks(...range.y, height / 45);
    const longest = Math.max(...yTicks.map((t) => t.text.length));
    const box = { left: 30 + 6.6 * longest, right: width - 20, top: 8, bottom: height - 42 };
    const x = scaler(range.x, [box.left, box.right], false);
    const y = scaler(range.y, [box.bottom, box.top], panel.log);
    const clip = `clip-${panel.name}`;
    const label = `${panel.y_label} against ${panel.x_label}. Arrow keys go along the curves.`;
    const svg = draw("svg", { width, height, tabindex: 0, role: "group", "aria-label": label });
    const size = { width: box.right - box.left, height: box.bottom - box.top };
    const area = { x: box.left, y: box.top, ...size };
    svg.append(draw("defs", {}, draw("clipPath", { id: clip }, draw("rect", area))));
    drawAxes(svg, panel, range, yTicks, box, x, y);
    const inside = draw("g", { "clip-path": `url(#${clip})` });
    svg.append(inside);
    if (panel.along_snr) {
      const at = x(state.snr);
      inside.append(draw("line", { class: "cursor", x1: at, x2: at, y1: box.top, y2: box.bottom }));
    }
    for (const limit of panel.limits) {
      if (!state.hidden.has(byScheme(limit.name))) inside.append(drawLimit(limit, x, y));
    }
    spots = [];
    for (const curve of visible) {
      inside.append(drawCurve(panel, curve, x, y));
      svg.append(drawDots(panel, curve, x, y));
      curve.mean.forEach((mean, i) => {
        if (mean === null) return;
        const up = panel.log && mean === 0 ? curve.high[i] : mean;
        spots.push({ curve, i, x: x(curve.x[i]), y: y(up) });
      });
    }
    svg.append(draw("g", { class: "ring-place" }));
    svg.addEventListener("pointermove", (event) => pointAt(svg, event));
    svg.addEventListener("pointerdown", (event) => pointAt(svg, event));
    svg.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") show(null); // a finger leaves at once; the next touch hides it
    });
    svg.addEventListener("blur", () => show(null));
    svg.addEventListener("keydown", walk);
    svg.addEventListener("click", () => {
      if (panel.along_snr && current) chooseSnr(current.curve.x[current.i]);
    });
    const focused = plot.contains(document.activeElement);
    plot.replaceChildren(svg, tip);
    if (focused) svg.focus();
    drawLegend(legend, panel);
    current = current && spots.find((s) => s.curve === current.curve && s.i === current.i);
    show(current ?? null);
  }

  function pointAt(svg, event) {
    const frame = svg.getBoundingClientRect();
    const [px, py] = [event.clientX - frame.left, event.clientY - frame.top];
    const far = (s) => Math.hypot(s.x - px, s.y - py);
    const best = spots.reduce((a, b) => (a && far(a) <= far(b) ? a : b), null);
    show(best && far(best) < 60 ? best : null);
  }

  // Left and right go along a curve, up and down to the next one near the same place.
  function walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Escape") return show(null);
    if ((!step && !turn) || !spots.length) return;
    event.preventDefault();
    if (!current) return show(spots[0]);
    const curves = [...new Set(spots.map((s) => s.curve))];
    const at = curves.indexOf(current.curve) + (turn ?? 0);
    const mine = spots.filter((s) => s.curve === curves[(at + curves.length) % curves.length]);
    const near = mine.find((s) => s.x === nearest(mine.map((m) => m.x), current.x));
    show(step ? (mine[mine.indexOf(current) + step] ?? current) : near);
  }

  function show(spot) {
    current = spot;
    tip.hidden = !spot;
    const place = plot.querySelector(".ring-place");
    place?.replaceChildren();
    if (!spot) return;
    place.append(hued(spot.curve, draw("circle", { class: "ring", cx: spot.x, cy: spot.y, r: 7 })));
    tip.replaceChildren(make("b", {}, spot.curve.schemes[spot.i]), ...facts(panel, spot));
    const room = plot.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, spot.x - tip.offsetWidth / 2))}px`;
    const above = spot.y - tip.offsetHeight - 14;
    tip.style.top = `${above >= 0 ? above : spot.y + 14}px`;
  }

  new ResizeObserver(render).observe(plot);
  watchers.push(render);
  return figure;
}

function facts(panel, { curve, i }) {
  const interval = curve.low[i] === null ? "no interval" :
    `95 % interval: ${short(curve.low[i])} to ${short(curve.high[i])}`;
  const where = panel.along_snr ? `SNR ${short(curve.x[i])} dB` :
    `${panel.x_label}: ${panel.ticks[curve.x[i]] ?? short(curve.x[i])}, SNR ${short(panel.snr_db)} dB`;
  const lines = [
    curve.channel ? `${where}, ${curve.channel}` : where,
    `${panel.y_label}: ${short(curve.mean[i])}`,
    interval,
    `n = ${curve.n[i]}${curve.missing[i] ? `, ${curve.missing[i]} missing` : ""}`,
  ];
  return lines.flatMap((line, k) => (k ? [make("br"), line] : [line]));
}

function hued(curve, ...children) {
  return draw("g", { class: "hue", style: `--colour:${curve.colour}` }, ...children);
}

function drawAxes(svg, panel, range, yTicks, box, x, y) {
  const named = panel.ticks.map((text, at) => ({ at, text }));
  for (const tick of named.length ? named : linearTicks(...range.x, (box.right - box.left) / 60)) {
    const at = x(tick.at);
    svg.append(draw("line", { class: "grid", x1: at, x2: at, y1: box.top, y2: box.bottom }));
    const place = { x: at, y: box.bottom + 15, "text-anchor": "middle" };
    svg.append(draw("text", place, tick.text));
  }
  for (const tick of yTicks) {
    const at = y(tick.at);
    const faint = tick.text ? {} : { opacity: 0.5 };
    const line = { class: "grid", x1: box.left, x2: box.right, y1: at, y2: at, ...faint };
    svg.append(draw("line", line));
    const place = { x: box.left - 6, y: at + 4, "text-anchor": "end" };
    if (tick.text) svg.append(draw("text", place, tick.text));
  }
  const size = { width: box.right - box.left, height: box.bottom - box.top };
  svg.append(draw("rect", { class: "frame", x: box.left, y: box.top, ...size }));
  const along = { class: "axis", x: (box.left + box.right) / 2, y: box.bottom + 34 };
  svg.append(draw("text", { ...along, "text-anchor": "middle" }, panel.x_label));
  const turned = `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)`;
  const up = { class: "axis", transform: turned, "text-anchor": "middle" };
  svg.append(draw("text", up, panel.y_label));
}

function drawLimit(limit, x, y) {
  const points = limit.x.map((v, i) => [x(v), y(limit.rate[i])]);
  return draw("path", { class: "limit", "stroke-dasharray": "6 3", d: polyline(points) });
}

function drawCurve(panel, curve, x, y) {
  const group = hued(curve);
  const floor = (value) => (panel.log ? Math.max(value, 1e-12) : value);
  const lasting = (i) => curve.low[i] !== null && !(panel.log && curve.mean[i] === 0);
  for (const run of runs(curve.x.length, lasting)) {
    const upper = run.map((i) => [x(curve.x[i]), y(floor(curve.high[i]))]);
    const lower = run.map((i) => [x(curve.x[i]), y(floor(curve.low[i]))]).reverse();
    if (run.length > 1) {
      group.append(draw("path", { class: "band", d: polyline([...upper, ...lower]) + "Z" }));
    } else {
      group.append(draw("path", { class: "line", d: polyline([...upper, ...lower]) }));
    }
  }
  const known = (i) => curve.mean[i] !== null && !(panel.log && curve.mean[i] === 0);
  for (const run of runs(curve.x.length, known)) {
    const d = polyline(run.map((i) => [x(curve.x[i]), y(curve.mean[i])]));
    group.append(draw("path", { class: "line", "stroke-dasharray": curve.dash, d }));
  }
  return group;
}

// A marker a point; where a rate is 0, an arrow from the upper limit.
function drawDots(panel, curve, x, y) {
  const group = hued(curve);
  curve.mean.forEach((mean, i) => {
    if (mean === null) return;
    const at = x(curve.x[i]);
    if (panel.log && mean === 0) {
      const top = y(curve.high[i]);
      const d = `M${at - 4} ${top}h8M${at} ${top}v14m-3.5 -5l3.5 5l3.5 -5`;
      group.append(draw("path", { class: "line", d }));
      return;
    }
    const size = panel.along_snr && curve.x[i] === state.snr ? 9 : 6.5;
    const transform = `translate(${at} ${y(mean)}) scale(${size})`;
    const kind = curve.missing[i] ? "dot hollow" : "dot";
    if (curve.marker) group.append(draw("path", { class: kind, d: curve.marker, transform }));
  });
  return group;
}

function drawLegend(legend, panel) {
  const entries = new Map();
  for (const curve of panel.curves) {
    const dash = panel.channels.length > 1 && curve.channel ? "" : curve.dash;
    entries.set(byScheme(curve.name), [curve.name, swatch(curve, dash)]);
  }
  if (panel.channels.length > 1) {
    for (const { channel, dash } of panel.curves.filter((c) => c.channel)) {
      entries.set(byChannel(channel), [channel, swatch({ colour: "var(--ink)", marker: "" }, dash)]);
    }
  }
  for (const { name } of panel.limits) {
    entries.set(byScheme(name), [name, swatch({ colour: "var(--ink)", marker: "" }, "6 3")]);
  }
  const active = legend.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  legend.replaceChildren();
  for (const [key, [name, sample]] of entries) {
    const pressed = String(!state.hidden.has(key));
    const button = make("button", { type: "button", "aria-pressed": pressed, "data-key": key });
    button.append(sample, name);
    button.addEventListener("click", () => {
      if (!state.hidden.delete(key)) state.hidden.add(key);
      changed();
    });
    legend.append(button);
    if (key === active) button.focus();
  }
}

function swatch(curve, dash) {
  const svg = draw("svg", { width: 26, height: 12, "aria-hidden": "true" });
  const line = draw("path", { class: "line", "stroke-dasharray": dash, d: "M1 6h24" });
  const transform = "translate(13 6) scale(6.5)";
  svg.append(hued(curve, line, draw("path", { class: "dot", d: curve.marker, transform })));
  return svg;
}

// ---- the bar of slider and channel ------------------------------------------------------------

const slider = document.getElementById("snr");
const channelMenu = document.getElementById("channel");

function chooseSnr(snr) {
  state.snr = snr;
  slider.value = page.snr_db.indexOf(snr);
  slider.setAttribute("aria-valuetext", `${snr} dB`);
  slider.nextElementSibling.textContent = `${short(snr)} dB`;
  changed();
}

function startBar() {
  slider.max = page.snr_db.length - 1;
  slider.disabled = page.snr_db.length < 2;
  slider.addEventListener("input", () => chooseSnr(page.snr_db[slider.value]));
  const panes = [...document.querySelectorAll(".pane")];
  const channels = [...new Set(panes.map((pane) => pane.dataset.channel))];
  channelMenu.append(...channels.map((name) => make("option", {}, name)));
  channelMenu.addEventListener("change", () => {
    state.channel = channelMenu.value;
    changed();
  });
  state.channel = channels[0] ?? "";
  document.getElementById("over").hidden = channels.length < 2;
}

// ---- clips ------------------------------------------------------------------------------------

const addresses = new Map();
const stops = []; // of every stage, as one at a time is to be heard

// Browsers seek in blobs, and not all of them in data links.
function address(link) {
  if (!addresses.has(link)) {
    const [head, text] = link.split(",", 2);
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const type = head.slice(5).split(";")[0];
    addresses.set(link, URL.createObjectURL(new Blob([bytes], { type })));
  }
  return addresses.get(link);
}

// Players load what they play when they are first shown; those of the same bytes share it.
function preparePlayers() {
  for (const player of document.querySelectorAll("video, audio")) {
    player.dataset.link = player.getAttribute("src");
    for (const name of ["src", "controls", "loop"]) player.removeAttribute(name);
    player.preload = "auto";
  }
  for (const link of document.querySelectorAll("a.same")) {
    const copy = document.getElementById(link.hash.slice(1)).cloneNode();
    copy.removeAttribute("id");
    copy.setAttribute("aria-label", link.closest(".card").dataset.label);
    link.replaceWith(copy);
  }
}

function startStage(stage) {
  const panes = [...stage.querySelectorAll(".pane")];
  const playerIn = (card) => card.querySelector("video, audio");
  const cards = () => [...stage.querySelectorAll(".card")].filter((c) => !c.closest("[hidden]"));
  const players = () => cards().map(playerIn);
  let heard = panes[0].querySelector(".card").dataset.label;
  let playing = false;
  let asked = 0; // counts what was asked of the players, so that a late answer is known as such

  const play = make("button", { type: "button", class: "play" }, "Play");
  const seek = make("input", { type: "range", class: "seek", min: 0, max: 1, step: "any", value: 0 });
  seek.setAttribute("aria-label", "Position");
  const time = make("output");
  const loop = make("input", { type: "checkbox", checked: "" });
  const shown = make("span", { class: "shown", role: "status" });
  const controls = make("div", { class: "transport live" }, play, seek, time);
  controls.append(make("label", {}, loop, "Loop"), shown);
  stage.before(controls);

  for (const card of stage.querySelectorAll(".card")) {
    const player = playerIn(card);
    player.addEventListener("timeupdate", tick);
    player.addEventListener("loadedmetadata", tick);
    player.addEventListener("ended", ended);
    if ("silent" in stage.dataset) continue;
    const listen = make("button", { type: "button", class: "listen" }, "Listen");
    listen.addEventListener("click", () => {
      heard = card.dataset.label;
      hear();
    });
    card.append(listen);
  }

  function hear() {
    const all = cards();
    const one = all.find((card) => card.dataset.label === heard) ?? all.at(-1);
    for (const card of all) {
      playerIn(card).muted = card !== one;
      card.classList.toggle("heard", card === one && !("silent" in stage.dataset));
      card.querySelector(".listen")?.setAttribute("aria-pressed", String(card === one));
    }
  }

  function tick() {
    const [first, ...others] = players();
    if (this !== first || !first.duration) return;
    seek.max = first.duration;
    if (document.activeElement !== seek || playing) seek.value = first.currentTime;
    const at = first.currentTime.toFixed(1);
    time.textContent = `${at} / ${first.duration.toFixed(1)} s`;
    seek.setAttribute("aria-valuetext", time.textContent);
    for (const other of others) {
      const late = Math.abs(other.currentTime - first.currentTime) > 0.15;
      if (playing && late && !other.ended && !other.seeking) other.currentTime = first.currentTime;
    }
  }

  function ended() {
    if (this !== players()[0]) return;
    if (loop.checked) start(0);
    else stop();
  }

  const isReady = (player) => player.error || (player.readyState >= 3 && !player.seeking);

  async function ready(all) {
    for (let tries = 0; tries < 200 && !all.every(isReady); tries++) {
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  async function start(from) {
    for (const other of stops.filter((other) => other !== stop)) other();
    playing = true;
    play.textContent = "Pause";
    const mine = ++asked;
    const all = players();
    await ready(all);
    if (mine !== asked) return;
    for (const player of all) player.currentTime = Math.min(from, player.duration || from);
    await ready(all);
    if (mine !== asked) return;
    // A player that holds nothing to play, or is stopped at once, is no reason to stop the others.
    await Promise.allSettled(all.map((player) => player.play()));
  }

  function stop() {
    if (!playing) return;
    playing = false;
    asked++;
    play.textContent = "Play";
    const [first, ...others] = players();
    first.pause();
    for (const other of others) {
      other.pause();
      other.currentTime = first.currentTime;
    }
  }

  function choose() {
    const over = panes.filter((pane) => pane.dataset.channel === state.channel);
    const there = over.length ? over : panes;
    const snr = nearest(there.map((pane) => +pane.dataset.snr), state.snr);
    const pane = there.find((p) => +p.dataset.snr === snr);
    const lacking = snr === state.snr ? "" : `; the page holds no clips of ${short(state.snr)} dB`;
    shown.textContent = `${pane.querySelector("h4").textContent}${lacking}`;
    if (!pane.hidden && panes.every((p) => p === pane || p.hidden)) return;
    const at = players()[0].currentTime;
    for (const player of players()) player.pause();
    for (const other of panes) other.hidden = other !== pane;
    for (const player of players()) {
      if (!player.src) player.src = address(player.dataset.link);
      else if (!playing) player.currentTime = at;
    }
    hear();
    if (playing) start(at);
  }

  play.addEventListener("click", () => {
    const first = players()[0];
    if (playing) stop();
    else start(first.ended ? 0 : first.currentTime);
  });
  seek.addEventListener("input", () => {
    if (playing) start(+seek.value);
    else for (const player of players()) player.currentTime = +seek.value;
  });
  stops.push(stop);
  watchers.push(choose);
}

// ---- light and dark ---------------------------------------------------------------------------

function startTheme() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const name = () => (button.textContent = isDark() ? "Light" : "Dark");
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  system.addEventListener("change", name);
  name();
}

document.documentElement.classList.add("js");
startTheme();
startBar();
document.getElementById("charts").append(...page.panels.map(makeChart));
preparePlayers();
document.querySelectorAll(".stage").forEach(startStage);
chooseSnr(page.snr_db[Math.floor(page.snr_db.length / 2)]);
