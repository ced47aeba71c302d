"use strict";
(() => {
const EVERY = 2000, PATIENCE = 4000, STEP_PX = 6;
const $ = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

// ---- making things: texts only ever become text nodes

function h(tag, props, ...kids) {
	const n = document.createElement(tag);
	for (const k in props || {}) n.setAttribute(k, props[k]);
	n.append(...kids);
	return n;
}
function s(tag, props, ...kids) {
	const n = document.createElementNS(SVG, tag);
	for (const k in props) n.setAttribute(k, props[k]);
	n.append(...kids);
	return n;
}
function put(node, text) {
	if (node.textContent !== text) node.textContent = text;
}
function rows(dl, pairs) {
	const keep = pairs.filter(p => p);
	while (dl.children.length > keep.length) dl.lastChild.remove();
	keep.forEach(([name, value], i) => {
		const d = dl.children[i] || dl.appendChild(h("div", null, h("dt"), h("dd")));
		put(d.firstChild, name);
		put(d.lastChild, String(value));
	});
}

// ---- numbers for people

function count(n) {
	if (n < 10000) return String(Math.round(n));
	if (n < 999500) return (n / 1e3).toPrecision(3) + " k";
	if (n < 999.5e6) return (n / 1e6).toPrecision(3) + " M";
	return (n / 1e9).toPrecision(3) + " G";
}
function rate(n) {
	return n === 0 ? "0" : n < 9.95 ? n.toFixed(1) : count(n);
}
function share(part, whole) {
	if (!whole) return "–";
	const p = 100 * part / whole;
	return p === 0 ? "0 %" : p < 0.1 ? "< 0.1 %" : (p < 10 ? p.toFixed(1) : Math.round(p)) + " %";
}
function took(us) {
	if (!us) return "–";
	if (us < 1000) return Math.round(us) + " µs";
	if (us < 999500) return (us < 9950 ? (us / 1e3).toFixed(1) : Math.round(us / 1e3)) + " ms";
	return (us / 1e6).toFixed(1) + " s";
}
function octets(n) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let u = 0;
	while (n >= 1000 && u < 4) { n /= 1024; u++; }
	return (u && n < 10 ? n.toFixed(1) : Math.round(n)) + " " + units[u];
}
function span(sec) {
	const d = Math.floor(sec / 86400), hr = Math.floor(sec % 86400 / 3600), m = Math.floor(sec % 3600 / 60);
	if (d > 2) return d + " days";
	if (d) return d + " d " + hr + " h";
	if (hr) return hr + " h " + m + " min";
	return m ? m + " min" : Math.floor(sec) + " s";
}
function many(n, one, more) {
	return count(n) + " " + (n === 1 ? one : more || one + "s");
}
const sum = list => list.reduce((a, b) => a + b, 0);

// ---- charts

function frame(box, label) {
	const w = Math.max(box.clientWidth, 120), ht = box.clientHeight || 200;
	const svg = s("svg", { role: "img", "aria-label": label, viewBox: `0 0 ${w} ${ht}` });
	const f = { svg, box, left: 44, right: w - 6, top: 10, bottom: ht - 24 };
	const tip = box.querySelector(".tip");
	box.replaceChildren(svg, ...(tip ? [tip] : []));
	return f;
}
function nice(max) {
	const p = 10 ** Math.floor(Math.log10(max));
	return [1, 1.5, 2, 3, 4, 6, 8, 10].map(m => m * p).find(v => v >= max) || max;
}
// Minutes that are shown: no more than there are, so that the first ones can be seen.
function minutes(hist) {
	const had = hist.queries.length * hist.step_s / 60;
	return [4, 12, 32].find(m => had <= m) || 60;
}
function across(f, hist) {
	const slots = minutes(hist) * 60 / hist.step_s, n = hist.queries.length;
	return i => f.right - (n - 1 - i) * (f.right - f.left) / (slots - 1);
}
function grid(f, hist, marks) {
	for (const [y, text] of marks) {
		f.svg.append(s("line", { class: "grid", x1: f.left, x2: f.right, y1: y, y2: y }),
			s("text", { class: "axis", x: f.left - 8, y: y + 4, "text-anchor": "end" }, text));
	}
	for (const q of [4, 3, 2, 1, 0]) {
		const x = f.right - q / 4 * (f.right - f.left), m = minutes(hist) * q / 4;
		f.svg.append(s("text", { class: "axis", x, y: f.bottom + 17, "text-anchor": q === 4 ? "start" : q ? "middle" : "end" },
			q ? m + " min" : "now"));
	}
}
function nothing(f, text) {
	f.svg.append(s("text", { class: "none", x: (f.left + f.right) / 2, y: (f.top + f.bottom) / 2, "text-anchor": "middle" }, text));
}
function hover(f, hist, at, text) {
	const n = hist.queries.length, x = across(f, hist);
	let tip = f.box.querySelector(".tip");
	if (!tip) {
		tip = f.box.appendChild(h("div", { class: "tip", hidden: "", "aria-hidden": "true" }));
	}
	const cross = s("line", { class: "cross", y1: f.top, y2: f.bottom, visibility: "hidden" });
	f.svg.append(cross);
	const show = ev => {
		const r = f.svg.getBoundingClientRect();
		const i = Math.round(n - 1 - (f.right - (ev.clientX - r.left)) / (x(1) - x(0)));
		at.px = ev.clientX;
		if (n < 2 || i < 0 || i >= n) return hide();
		tip.hidden = false;
		put(tip, text(i));
		const left = x(i) > (f.left + f.right) / 2 ? x(i) - tip.offsetWidth - 10 : x(i) + 10;
		tip.style.left = Math.max(0, left) + "px";
		cross.setAttribute("x1", x(i));
		cross.setAttribute("x2", x(i));
		cross.setAttribute("visibility", "visible");
	};
	const hide = () => { at.px = null; tip.hidden = true; cross.setAttribute("visibility", "hidden"); };
	f.svg.addEventListener("pointermove", show);
	f.svg.addEventListener("pointerdown", show);
	f.svg.addEventListener("pointerleave", hide);
	if (at.px != null) show({ clientX: at.px });
}
const ago = (hist, i) => {
	const m = (hist.queries.length - 1 - i) * hist.step_s / 60;
	return m < 0.5 ? "now" : (m < 9.5 ? m.toFixed(1) : Math.round(m)) + " min ago";
};
const hovered = [{}, {}];

// Half a minute at a time, so that a curve is seen and not its noise.
function smooth(list) {
	return list.map((_, i) => {
		const part = list.slice(Math.max(0, i - 1), i + 2);
		return sum(part) / part.length;
	});
}

function drawQueries(hist) {
	const layers = ["cached", "asked", "local"], n = hist.queries.length;
	const raw = hist;
	hist = { ...raw };
	for (const k of layers) hist[k] = smooth(raw[k]);
	const each = hist.queries.map((_, i) => sum(layers.map(k => hist[k][i])));
	const total = sum(each), peak = Math.max(0, ...each) / hist.step_s;
	const f = frame($("chart-queries"), n < 2 ? "Queries over time: nothing to show yet" :
		`Queries, the last ${minutes(raw)} minutes: ${count(total)} in all, at most ${rate(peak)} each second; ` +
		`${share(sum(hist.cached), total)} from the cache, ${share(sum(hist.asked), total)} from an upstream, ` +
		`${share(sum(hist.local), total)} answered here, ${share(sum(hist.failed), total)} failed`);
	const max = nice(Math.max(peak, 0.1)), x = across(f, hist);
	const y = v => f.bottom - v / hist.step_s / max * (f.bottom - f.top);
	grid(f, hist, [0, 0.5, 1].map(p => [y(p * max * hist.step_s), rate(p * max).replace(".0", "")]));
	if (n < 2) return nothing(f, "The first figures come within 20 seconds");
	let below = each.map(() => 0);
	for (const k of layers) {
		const above = below.map((b, i) => b + hist[k][i]);
		const d = "M" + above.map((v, i) => x(i).toFixed(1) + " " + y(v).toFixed(1)).join("L") + "L" +
			below.map((v, i) => x(i).toFixed(1) + " " + y(v).toFixed(1)).reverse().join("L") + "Z";
		f.svg.append(s("path", { class: "area c-" + k, d }));
		below = above;
	}
	hist.failed.forEach((v, i) => {
		if (v) f.svg.append(s("rect", { class: "tick", x: x(i) - 1.5, y: f.bottom - 3, width: 3, height: 6, rx: 1.5 }));
	});
	hover(f, raw, hovered[0], i => `${ago(raw, i)}\n${rate(raw.queries[i] / raw.step_s)} each second\n` +
		`cache ${raw.cached[i]}, upstream ${raw.asked[i]}\nhere ${raw.local[i]}, failed ${raw.failed[i]}`);
}

function drawWait(hist, waited) {
	const n = hist.queries.length, seen = hist.p99.filter(v => v);
	const f = frame($("chart-wait"), seen.length ? "Waiting time: since the start half were answered within " +
		`${took(waited.p50)}, 95 % within ${took(waited.p95)}, 99 % within ${took(waited.p99)}; ` +
		`the worst ten seconds had 99 % within ${took(Math.max(...seen))}` : "Waiting time: nothing to show yet");
	const low = Math.min(3, Math.floor(Math.log10(Math.min(...hist.p50.filter(v => v), 1e4))));
	const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...seen, 1e4))));
	const y = v => f.bottom - (Math.log10(Math.max(v, 10 ** low)) - low) / (high - low) * (f.bottom - f.top);
	const marks = [];
	for (let e = low; e <= high; e++) marks.push([y(10 ** e), took(10 ** e).replace(".0", "")]);
	grid(f, hist, marks);
	if (!seen.length) return nothing(f, "Nothing had to be asked yet");
	const x = across(f, hist), runs = [];
	hist.p50.forEach((v, i) => {
		if (!v) return;
		const last = runs[runs.length - 1];
		if (last && i - last[last.length - 1] <= STEP_PX) last.push(i); else runs.push([i]);
	});
	const path = (k, run) => run.map(i => x(i).toFixed(1) + " " + y(hist[k][i]).toFixed(1));
	for (const run of runs) {
		f.svg.append(s("path", { class: "band", d: "M" + path("p99", run).concat(path("p50", run).reverse()).join("L") + "Z" }));
		for (const k of ["p99", "p95", "p50"]) {
			const p = path(k, run);
			f.svg.append(s("path", { class: "trace c-" + k, d: "M" + p.join("L") + (p.length < 2 ? "h.1" : "") }));
		}
	}
	hover(f, hist, hovered[1], i => ago(hist, i) + (hist.p50[i] ? `\nhalf within ${took(hist.p50[i])}\n95 % within ${took(hist.p95[i])}\n` +
		`99 % within ${took(hist.p99[i])}` : "\nnothing asked"));
}

// The same for those who read: five minutes a line.
function tables(hist) {
	const per = 300 / hist.step_s, n = hist.queries.length, q = [], w = [];
	for (let end = n; end > 0; end -= per) {
		const part = k => hist[k].slice(Math.max(0, end - per), end);
		const from = Math.round((n - end) * hist.step_s / 60), when = from + " to " + (from + 5) + " min ago";
		q.push([when, ...["queries", "cached", "asked", "local", "failed"].map(k => count(sum(part(k))))]);
		w.push([when, ...["p50", "p95", "p99"].map(k => took(Math.max(0, ...part(k))))]);
	}
	table($("table-queries"), ["When", "Queries", "Cache", "Upstream", "Here", "Failed"], q);
	table($("table-wait"), ["When, the worst of it", "Half within", "95 % within", "99 % within"], w);
}
function table(box, head, lines) {
	if (!box.parentNode.open) return;
	box.replaceChildren(h("table", null,
		h("thead", null, h("tr", null, ...head.map(t => h("th", { scope: "col" }, t)))),
		h("tbody", null, ...lines.map(l => h("tr", null, h("th", { scope: "row" }, l[0]), ...l.slice(1).map(t => h("td", null, t)))))));
}
// One bar of shares: [class, value] each.
function bar(box, label, parts) {
	const all = sum(parts.map(p => p[1])) || 1;
	const svg = s("svg", { role: "img", "aria-label": label, viewBox: "0 0 1000 14", preserveAspectRatio: "none" });
	let x = 0;
	for (const [c, v] of parts) {
		const w = 1000 * v / all;
		if (w > 0) svg.append(s("rect", { class: c, x, y: 0, width: w, height: 14 }));
		x += w;
	}
	box.replaceChildren(svg);
}

// ---- the parts of the page

function verdict(d) {
	const own = d.upstreams.filter(u => !u.zone);
	const clear = own.some(u => !u.encrypted), weak = own.some(u => u.authenticated === false);
	const live = own.filter(u => u.ready > 0);
	const titles = {
		healthy: clear ? "Working, and not encrypted" : weak ? "Encrypted, not authenticated" : "Encrypted and authenticated",
		starting: "Ready for the first query", degraded: "Working, with something amiss", down: "No upstream answers",
	};
	const to = live.map(u => u.name + " over " + spoken(u)).join(", ");
	show(d.state, titles[d.state] || d.state, to ? "Queries go to " + to + "." : d.state === "down" ? "" :
		"No connection is open now; the next query opens one.", d.reasons);
}
function show(state, title, subtitle, reasons) {
	$("verdict").className = state;
	$("glyph").setAttribute("d", { healthy: "M15 24.5l6.2 6.2L33.5 18", starting: "M15 24h18", degraded: "M24 14v12M24 33.4v.1" }[state] ||
		"M17 17l14 14M31 17L17 31");
	put($("title"), title);
	put($("subtitle"), subtitle);
	const list = $("reasons"), text = reasons.join("\n");
	if (list.dataset.text !== text) {
		list.dataset.text = text;
		list.replaceChildren(...reasons.map(r => h("li", null, r)));
	}
	document.title = (state === "healthy" || state === "starting" ? "" : "⚠ ") + "dnsfwd: " + title;
}

const seen = [];
function tiles(d) {
	const t = d.totals, hist = d.history, now = performance.now();
	if (seen.length && t.queries < seen[seen.length - 1][1]) seen.length = 0;
	seen.push([now, t.queries]);
	while (seen.length > 6) seen.shift();
	const [t0, q0] = seen[0];
	put($("rate"), seen.length > 1 ? rate((t.queries - q0) / (now - t0) * 1000) : "–");
	put($("rate-more"), count(t.queries) + " since the start");
	const hour = hist.queries.length > 1;
	const cached = hour ? sum(hist.cached) : t.cached, given = hour ? sum(hist.cached) + sum(hist.asked) + sum(hist.local) : t.replies;
	put($("hits"), share(cached, given));
	put($("hits-more"), many(t.stale, "old answer") + " given, " + many(t.joined, "question") + " shared");
	put($("median"), took(d.waited.p50));
	put($("median-more"), d.waited.count ? `95 % within ${took(d.waited.p95)}, 99 % within ${took(d.waited.p99)}` : "nothing was asked yet");
	put($("failed"), share(hour ? sum(hist.failed) : d.rcodes.SERVFAIL || 0, given));
	put($("failed-more"), many(t.timeouts, "query", "queries") + " without an answer in time");
}

function upCard() {
	const c = { box: h("article", { class: "up" }) };
	c.name = h("h3"); c.pill = h("span"); c.how = h("p", { class: "how dim" }); c.why = h("p", { class: "why" });
	c.spread = h("div", { class: "spread" }); c.trio = h("dl", { class: "trio" }); c.list = h("dl");
	c.box.append(h("div", { class: "head" }, c.name, c.pill), c.how, c.why, c.spread, c.trio, c.list);
	return c;
}
const known = new Map();
function upstreams(list) {
	const keys = new Set();
	list.forEach((u, i) => {
		const key = i + "\n" + u.name + "\n" + u.zone;
		keys.add(key);
		if (!known.has(key)) known.set(key, upCard());
		const c = known.get(key);
		upstream(c, u);
		if ($("upstreams").children[i] !== c.box) $("upstreams").insertBefore(c.box, $("upstreams").children[i] || null);
	});
	for (const [key, c] of known) if (!keys.has(key)) { c.box.remove(); known.delete(key); }
	const ready = sum(list.map(u => u.ready)), waiting = sum(list.map(u => u.inflight));
	put($("sessions"), many(ready, "open session") + ", " + many(waiting, "query", "queries") + " on the way");
}
function spoken(u) {
	return (u.protocol || u.transport.toUpperCase()).replace(/TLS(?=\d)/, "TLS ");
}
function how(u) {
	const parts = [spoken(u)];
	if (u.cipher) parts.push(u.cipher);
	parts.push(!u.encrypted ? "in clear" : u.authenticated === false ? "not authenticated" : u.authenticated ? "authenticated" : u.profile);
	if (u.address) parts.push(u.address);
	return parts.join(" · ");
}
function upstream(c, u) {
	put(c.name, u.zone ? u.name + " for " + u.zone : u.name);
	c.pill.className = "pill s-" + (/^[a-z]+$/.test(u.state) ? u.state : "other");
	put(c.pill, u.state);
	put(c.how, how(u));
	c.why.hidden = !u.reason;
	put(c.why, u.reason ? u.reason + (u.retry_s != null && u.state === "down" ? ` Tried again in ${u.retry_s.toFixed(1)} s.` : "") : "");
	spread(c.spread, u);
	rows(c.trio, [["half within", took(u.p50)], ["95 %", took(u.p95)], ["99 %", took(u.p99)]]);
	rows(c.list, [
		["Queries, answers", count(u.queries) + ", " + count(u.answers)],
		["Sessions", [[u.ready, "open"], [u.connecting, "opening"], [u.retiring, "closing"], [u.suspect, "in doubt"]]
			.filter(p => p[0]).map(p => p.join(" ")).join(", ") || "none"],
		u.encrypted && ["Handshakes", `${count(u.full)} full, ${count(u.resumed)} resumed` + (u.failed ? `, ${count(u.failed)} failed` : "")],
		u.repeats && ["Sent again after a loss", count(u.repeats)],
		u.encrypted && u.answers && ["Answers padded", share(u.padded, u.answers)],
		u.cookies && ["Cookies", u.cookies_right ? share(u.cookies_right, u.cookies) + " came back right" : "none came back"],
		u.expires && ["Certificate", u.expires > Date.now() / 1000 ? "valid " + span(u.expires - Date.now() / 1000) + " more" : "expired"],
	]);
}
// How long its answers take: a column for each power of two.
function spread(box, u) {
	const total = sum(u.times);
	box.hidden = !total;
	if (!total || box.dataset.n === String(total)) return;
	box.dataset.n = total;
	const first = u.times.findIndex(v => v), last = u.times.length - 1 - [...u.times].reverse().findIndex(v => v);
	const from = Math.max(0, first - 1), shown = u.times.slice(from, Math.max(last + 2, from + 8)), max = Math.max(...shown);
	const svg = s("svg", { role: "img", viewBox: `0 0 ${shown.length * 10} 54`, preserveAspectRatio: "none",
		"aria-label": `How long answers take: half within ${took(u.p50)}, 95 % within ${took(u.p95)}, 99 % within ${took(u.p99)}` });
	shown.forEach((v, i) => {
		const ht = v ? Math.max(2, 52 * v / max) : 0.7;
		svg.append(s("rect", { class: v === max ? "most" : "", x: i * 10 + 1, y: 54 - ht, width: 8, height: ht }));
	});
	box.replaceChildren(svg);
}

function privacy(d) {
	const p = d.privacy;
	bar($("bar-padding"), `${share(p.padding, p.sent)} of what is sent is padding`, [["c-cached", p.sent - p.padding], ["c-rest", p.padding]]);
	rows($("privacy"), [
		["Sent upstream", octets(p.sent)],
		["Of this, padding", share(p.padding, p.sent)],
		["Answers that came padded", share(p.padded, p.answers)],
		["Client subnet", "never sent"],
		["Cookies that came back right", p.cookies ? share(p.cookies_right, p.cookies) : "none sent"],
		["Clients with a cookie", share(p.client_cookies, d.totals.queries)],
	]);
}
function replies(d) {
	const r = d.rcodes, rest = d.totals.replies - (r.NOERROR || 0) - (r.NXDOMAIN || 0) - (r.SERVFAIL || 0), t = d.totals;
	bar($("bar-rcodes"), Object.entries(r).filter(e => e[1]).map(e => e[0] + " " + share(e[1], d.totals.replies)).join(", ") || "no replies yet",
		[["c-cached", r.NOERROR || 0], ["c-asked", r.NXDOMAIN || 0], ["c-failed", r.SERVFAIL || 0], ["c-warn", Math.max(0, rest)],
		["c-rest", d.totals.replies ? 0 : 1]]);
	rows($("replies"), [
		...Object.entries(r).filter(e => e[1]).sort((a, b) => b[1] - a[1]).slice(0, 5).map(([k, v]) => [k, count(v)]),
		["Known here", count(t.local)],
		["On block lists", count(t.blocked)],
		["Over TCP", share(t.tcp, t.queries)],
		t.dropped && ["Dropped", count(t.dropped)],
	]);
}
function cache(d) {
	const c = d.cache;
	bar($("bar-cache"), c ? `${share(c.octets, c.size)} of the cache is in use` : "there is no cache", c ? [["c-cached", c.octets],
		["c-rest", Math.max(0, c.size - c.octets)]] : [["c-rest", 1]]);
	rows($("cache"), c ? [
		["Answers", count(c.entries)],
		["Memory", octets(c.octets) + " of " + octets(c.size)],
		["Made room for others", count(c.evicted)],
		["Renewed ahead", count(d.totals.prefetches)],
		["Old answers given", count(d.totals.stale)],
		d.rss && ["The whole program", octets(d.rss)],
	] : [["Cache", "none"]]);
}
function bounds(d) {
	$("limits").hidden = !d.bounds.length;
	rows($("bounds"), d.bounds.map(b => [b.what, count(b.count)]));
}

let shown = null;
function render(d) {
	shown = d;
	put($("version"), d.version);
	put($("uptime"), "up " + span(d.up_s) + (d.workers > 1 ? ", " + d.workers + " workers" : ""));
	verdict(d);
	tiles(d);
	charts(d);
	upstreams(d.upstreams);
	privacy(d);
	replies(d);
	cache(d);
	bounds(d);
}
function charts(d) {
	drawQueries(d.history);
	drawWait(d.history, d.waited);
	tables(d.history);
}

// ---- asking, as long as somebody looks

let heard = 0, failures = 0, timer = 0, asking = false;
function live(state, text) {
	document.body.className = state;
	put($("live").lastChild, text);
}
function lost() {
	if (++failures < 2 && heard) return;
	live("gone", "no answer");
	show("lost", "dnsfwd does not answer", (heard ? "Last heard at " + new Date(heard).toLocaleTimeString() + ". " : "") +
		"It may have been stopped or restarted; this page asks again by itself.", []);
}
async function ask() {
	clearTimeout(timer);
	if (asking || document.hidden) return;
	asking = true;
	const stop = new AbortController(), limit = setTimeout(() => stop.abort(), PATIENCE);
	let d = null;
	try {
		const reply = await fetch("/status.json", { signal: stop.signal, cache: "no-store" });
		if (reply.ok) d = await reply.json();
	} catch { /* told below */ }
	clearTimeout(limit);
	asking = false;
	timer = setTimeout(ask, EVERY);
	if (!d) return lost();
	heard = Date.now();
	failures = 0;
	live("on", "live");
	render(d);
}
document.addEventListener("visibilitychange", ask);
for (const d of document.querySelectorAll("details")) d.addEventListener("toggle", () => shown && tables(shown.history));
new ResizeObserver(() => shown && charts(shown)).observe($("main"));
ask();
})();
