#!/usr/bin/env node
// A terminal as a picture: what script(1) recorded, as it stood at a time, as SVG.
//
//   script -qfec "stty cols 100 rows 30; parry up DRILL" -O OUT --log-timing TIMES
//   docs/images/terminal.mjs OUT TIMES SECONDS TITLE 'COMMAND AS TYPED' >docs/images/provision.svg
//
// It knows what parry draws with: moving up, clearing to the end of a line or of the screen, and
// a colour a run.
import { readFileSync } from 'node:fs';

const [out, times, seconds, title, command] = process.argv.slice(2);
const colours = { 1: '#ffffff', 31: '#f7768e', 32: '#9ece6a', 33: '#e0af68', 90: '#7c8799' };
const ROW = 18, CELL = 8.4, LEFT = 16, TOP = 52;

// Each line of the timing file: seconds since the one before, bytes.
function recorded(until) {
  const bytes = readFileSync(out);
  let at = bytes.indexOf(10) + 1, time = 0;
  const from = at;
  for (const line of readFileSync(times, 'utf8').trim().split('\n')) {
    const [wait, count] = line.split(' ').slice(-2).map(Number);
    time += wait;
    if (time > until) break;
    at += count;
  }
  return bytes.subarray(from, at).toString('utf8');
}

function screen(text) {
  const rows = [[]];
  let row = 0, column = 0, style = '';
  const tokens = text.match(/\x1b\[[0-9;?]*[A-Za-z]|[\s\S]/gu) ?? [];
  for (const token of tokens) {
    const end = token.at(-1), number = token.slice(2, -1);
    if (token.length > 1 && token[0] === '\x1b') {
      if (end === 'A') row = Math.max(0, row - Number(number || 1));
      else if (end === 'K' || end === 'J') rows[row].length = Math.min(rows[row].length, column);
      else if (end === 'm') style = number === '0' ? '' : number;
      if (end === 'J') rows.length = row + 1;
    } else if (token === '\n') {
      row += 1;
      rows[row] ??= [];
    } else if (token === '\r') {
      column = 0;
    } else {
      rows[row][column] = { text: token, style };
      column += 1;
    }
  }
  return rows.map((cells) => Array.from(cells, (cell) => cell ?? { text: ' ', style: '' }));
}

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

// Words of one style, each at its place: fonts differ in how wide they are.
function line(cells, y) {
  const runs = [];
  cells.forEach((cell, column) => {
    const last = runs.at(-1);
    if (last && last.style === cell.style && last.column + last.cells === column
      && !(cell.text === ' ' && last.text.endsWith(' '))) {
      last.text += cell.text;
      last.cells += 1;
    } else if (cell.text !== ' ') {
      runs.push({ column, cells: 1, text: cell.text, style: cell.style });
    }
  });
  return runs.map((run) => {
    const text = run.text.trimEnd();
    const fill = colours[run.style] ? ` fill="${colours[run.style]}"` : '';
    return `<text x="${(LEFT + run.column * CELL).toFixed(1)}" y="${y}"`
      + ` textLength="${([...text].length * CELL).toFixed(1)}" lengthAdjust="spacingAndGlyphs"${fill}>`
      + `${escaped(text)}</text>`;
  }).join('\n');
}

const plain = [...`$ ${command}`].map((text) => ({ text, style: '' }));
const rows = [plain, ...screen(recorded(Number(seconds)))];
while (rows.at(-1).length === 0) rows.pop();
const width = Math.ceil(LEFT * 2 + Math.max(...rows.map((cells) => cells.length)) * CELL);
const height = TOP + rows.length * ROW;
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title><rect width="100%" height="100%" rx="8" fill="#0d1219"/>
<g fill="#3a4557"><circle cx="20" cy="17" r="5"/><circle cx="38" cy="17" r="5"/><circle cx="56" cy="17" r="5"/></g>
<text x="${width / 2}" y="21" fill="#7c8799" font-family="sans-serif" font-size="12" text-anchor="middle">${escaped(title)}</text>
<g font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="14" fill="#d8dee9" xml:space="preserve">
${rows.map((cells, index) => line(cells, TOP + index * ROW)).filter(Boolean).join('\n')}
</g>
</svg>
`);
