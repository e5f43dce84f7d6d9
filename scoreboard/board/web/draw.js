// Draws a board. Every text goes in as text, never as markup: team names, titles and
// events come from people and machines that nobody here trusts.

import { clockText, pointsText, words } from './words.js';

const FULL = 10000 * 1000; // milli-points of a perfect team
const LINES_MAX = 60;
const STATUS = ['UP', 'DOWN', 'FAULTY', 'CORRUPT', 'RECOVERING', 'UNCHECKED'];
const SIGN = { UP: '✓', DOWN: '✕', FAULTY: '!', CORRUPT: '≠', RECOVERING: '↻', UNCHECKED: '–' };

export const $ = (id) => document.getElementById(id);

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Keeps one child of `list` per item by key, in order; makes what is missing, removes the
// rest: an element that stays can move and grow instead of being drawn anew.
function keyed(list, items, keyOf, create, update) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, i) => {
    const key = keyOf(item);
    let element = old.get(key);
    if (element) {
      old.delete(key);
    } else {
      element = create(item);
      element.dataset.key = key;
    }
    update(element, item);
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  });
  old.forEach((element) => element.remove());
}

function meter(name) {
  return make('div', `meter ${name}`, make('span', 'what'), make('span', 'figure'),
    make('div', 'rail', make('div', 'fill')));
}

function setMeter(element, label, value) {
  const share = Math.max(0, Math.min(1, value / FULL));
  setText(element.querySelector('.what'), label);
  setText(element.querySelector('.figure'), `${Math.floor(share * 100)}%`);
  element.querySelector('.fill').style.width = `${share * 100}%`;
}

function createTeam() {
  return make('li', 'team', make('span', 'rank'),
    make('div', 'who', make('strong', 'title'), make('span', 'counts')),
    make('div', 'score', make('span', 'total'), make('span', 'unit')),
    make('div', 'bar', make('div', 'fill')),
    make('div', 'meters', meter('protection'), meter('availability'), meter('injects')));
}

function updateTeam(element, s, lang) {
  const w = words(lang);
  element.classList.toggle('first', s.rank === 1 && s.total > 0);
  setText(element.querySelector('.rank'), String(s.rank));
  setText(element.querySelector('.title'), s.title || s.team);
  element.classList.toggle('held', s.held !== undefined);
  setText(element.querySelector('.counts'), s.held !== undefined ? w.held(s.held) : w.counts(s));
  setText(element.querySelector('.total'), pointsText(s.total, lang));
  setText(element.querySelector('.unit'), w.points);
  element.querySelector('.bar > .fill').style.width =
    `${Math.max(0, Math.min(100, (s.total / FULL) * 100))}%`;
  for (const part of ['protection', 'availability', 'injects'])
    setMeter(element.querySelector(`.meter.${part}`), w[part], s[part]);
}

function createRed() {
  return make('li', 'red', make('span', 'rank'), make('strong', 'title'),
    make('span', 'taken'));
}

function updateRed(element, s, lang) {
  setText(element.querySelector('.rank'), String(s.rank));
  setText(element.querySelector('.title'), s.title || s.team);
  setText(element.querySelector('.taken'), s.held !== undefined
    ? words(lang).held(s.held) : words(lang).taken(pointsText(s.taken, lang)));
}

function drawStandings(board, lang) {
  const byRank = (a, b) => a.rank - b.rank || (a.team < b.team ? -1 : 1);
  const blue = board.standings.filter((s) => s.side === 'blue').sort(byRank);
  const red = board.standings.filter((s) => s.side === 'red').sort(byRank);
  $('teams').className = blue.length > 6 ? 'many' : blue.length > 3 ? 'some' : 'few';
  keyed($('teams'), blue, (s) => s.team, createTeam, (e, s) => updateTeam(e, s, lang));
  keyed($('reds'), red, (s) => s.team, createRed, (e, s) => updateRed(e, s, lang));
  $('red').hidden = red.length === 0;
}

function createCheck() {
  return make('li', 'check', make('span', 'sign'), make('span', 'what'),
    make('span', 'word'));
}

function updateCheck(element, check, lang) {
  const w = words(lang);
  const status = STATUS.includes(check.status) ? check.status : 'UNCHECKED';
  element.className = `check ${status.toLowerCase()}`;
  setText(element.querySelector('.sign'), SIGN[status]);
  setText(element.querySelector('.what'), check.name);
  setText(element.querySelector('.word'), w.checks[status] + (check.self ? ' *' : ''));
  element.title = `${check.id}: ${w.checks[status]}${check.self ? `; ${w.self}` : ''}`;
}

function drawServices(board, lang) {
  const titles = new Map(board.standings.map((s) => [s.team, s.title || s.team]));
  const rows = [];
  for (const check of board.checks) {
    let row = rows.find((r) => r.team === check.team);
    if (!row) rows.push(row = { team: check.team, checks: [] });
    row.checks.push(check);
  }
  keyed($('grid'), rows, (r) => r.team,
    () => make('div', 'row', make('h3'), make('ul')),
    (element, row) => {
      setText(element.firstChild, titles.get(row.team) ?? row.team);
      keyed(element.lastChild, row.checks, (c) => c.id, createCheck,
        (e, c) => updateCheck(e, c, lang));
    });
  $('grid').className = rows.length > 3 ? 'dense' : '';
  drawLegend(board, lang);
}

// What the signs mean: those that are to be seen, and the star's meaning where it is.
function drawLegend(board, lang) {
  const w = words(lang);
  const items = STATUS.filter((s) => board.checks.some((c) => c.status === s));
  if (board.checks.some((c) => c.self)) items.push('self');
  if (!items.length) items.push('none');
  keyed($('legend'), items, (s) => s,
    () => make('li', '', make('span', 'sign'), make('span', 'word')),
    (element, item) => {
      element.className = item in SIGN ? `check ${item.toLowerCase()}` : 'note';
      setText(element.firstChild, SIGN[item] ?? '');
      setText(element.lastChild, w.checks[item] ?? (item === 'self' ? `* ${w.self}` : w.noservices));
    });
}

function drawFooter(board, lang) {
  const w = words(lang);
  const c = board.checkpoint;
  const point = c
    ? w.checkpoint(c.size.toLocaleString(lang), String(c.root).slice(0, 16))
    : w.nocheckpoint;
  const notes = [];
  if (board.simulated) notes.push(w.simulated);
  if (board.missing) notes.push(`${w.missing}: ${board.missing}`);
  setText($('checkpoint'), [...notes, point].join(' · '));
  $('checkpoint').title = c ? String(c.root) : '';
}

// The fixed words of the page, where no board is needed.
export function drawWords(lang) {
  const w = words(lang);
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll('[data-word]'))
    setText(element, w[element.dataset.word]);
  for (const button of document.querySelectorAll('.langs button'))
    button.setAttribute('aria-pressed', String(button.dataset.lang === lang));
}

export function drawLink(up, lang) {
  $('lost').hidden = up;
  $('link').classList.toggle('up', up);
  document.body.classList.toggle('stale', !up);
  setText($('linkword'), up ? words(lang).live : words(lang).offline);
}

export function drawBoard(board, lang) {
  const w = words(lang);
  setText($('title'), board.title || board.drill);
  document.title = `${board.title || board.drill} · Parry`;
  const stands = (board.state === 'paused' || board.state === 'stopped') && board.reason;
  setText($('state'), (w.states[board.state] ?? board.state) + (stands ? `: ${board.reason}` : ''));
  $('state').className = `pill ${board.running ? 'go' : board.state}`;
  $('state').title = board.reason ?? '';
  $('frozen').hidden = !board.frozen;
  setText($('of'), w.of(clockText(board.duration_us)));
  drawStandings(board, lang);
  drawServices(board, lang);
  drawFooter(board, lang);
}

export function drawClock(us, durationUs) {
  setText($('clock'), clockText(us));
  const share = durationUs > 0 ? Math.min(1, us / durationUs) : 0;
  $('elapsed').style.width = `${share * 100}%`;
}

export function drawLine(event, titles) {
  const who = event.team ? titles.get(event.team) ?? event.team : '';
  const line = make('li', `line ${kindClass(event)}`, make('time', '', clockText(event.clock)),
    make('span', 'who', who), make('span', 'text', event.words ?? ''));
  line.dataset.n = event.n;
  $('lines').prepend(line);
  while ($('lines').children.length > LINES_MAX) $('lines').lastChild.remove();
}

// A stripe by what it means for the defenders.
function kindClass(event) {
  const kind = event.kind ?? '';
  if (kind.startsWith('inject.executed') || kind.startsWith('effect.seen')) return 'bad';
  if (kind.startsWith('expect.met') || kind.startsWith('effect.gone') ||
      kind.startsWith('report.matched')) return 'good';
  if (kind.startsWith('drill.') || kind.startsWith('clock.')) return 'drill';
  return 'plain';
}
