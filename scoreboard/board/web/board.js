// Keeps the page live: one stream of server-sent events in the chosen language.

import { languages } from './words.js';
import { $, drawBoard, drawClock, drawLine, drawLink, drawWords } from './draw.js';

const RETRY_MS = 3000;
const SILENCE_MS = 40000; // the server's heart beats every 15 s

const state = { lang: 'en', board: null, receivedAt: 0, lastN: 0, source: null, heardAt: 0 };

function firstLanguage() {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked in languages) return asked;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-Hant' : 'en';
}

function heard() {
  state.heardAt = performance.now();
  drawLink(true, state.lang);
}

function takeBoard({ age_ms: age, board }) {
  if (state.board && state.board.uuid !== board.uuid) { // another drill on the same port
    state.lastN = 0;
    $('lines').replaceChildren();
  }
  state.board = board;
  state.receivedAt = performance.now() - age;
  drawBoard(board, state.lang);
  tick();
}

function takeLine(event) {
  if (event.n <= state.lastN) return;
  state.lastN = event.n;
  drawLine(event, new Map((state.board?.standings ?? []).map((s) => [s.team, s.title])));
}

function listen() {
  state.source?.close();
  const source = new EventSource(`/events?lang=${encodeURIComponent(state.lang)}`);
  state.source = source;
  state.heardAt = performance.now();
  source.addEventListener('open', heard);
  source.addEventListener('beat', heard);
  source.addEventListener('board', (e) => { heard(); takeBoard(JSON.parse(e.data)); });
  source.addEventListener('line', (e) => { heard(); takeLine(JSON.parse(e.data)); });
  source.addEventListener('error', () => {
    drawLink(false, state.lang);
    // A refused stream is not tried again by the browser itself.
    if (source.readyState === EventSource.CLOSED && state.source === source)
      setTimeout(() => { if (state.source === source) listen(); }, RETRY_MS);
  });
}

function choose(lang) {
  state.lang = lang;
  state.lastN = 0;
  $('lines').replaceChildren();
  drawWords(lang);
  if (state.board) drawBoard(state.board, lang);
  const url = new URL(location);
  url.searchParams.set('lang', lang);
  history.replaceState(null, '', url);
  listen();
}

function tick() {
  const { board } = state;
  if (!board) return;
  const gone = board.running ? (performance.now() - state.receivedAt) * 1000 : 0;
  drawClock(Math.min(board.clock + gone, Math.max(board.duration_us, board.clock)),
    board.duration_us);
}

function watch() {
  if (performance.now() - state.heardAt <= SILENCE_MS) return;
  drawLink(false, state.lang);
  listen();
}

for (const button of document.querySelectorAll('.langs button'))
  button.addEventListener('click', () => choose(button.dataset.lang));
choose(firstLanguage());
setInterval(tick, 250);
setInterval(watch, 5000);
