// Looks at a running scoreboard in headless Chromium:
//   node board.mjs --url URL [--expect-team TEXT] [--screenshot FILE] [--phone FILE]
// Asserts what a room would see: title, clock, standings, services, events that came by
// server-sent events, both languages, nothing on the console. Exit 0, 1, or 77 with the
// reason where there is no browser.

import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { Browser, browserPrograms, SKIP, until } from './webdriver.mjs';

export const PATIENCE_MS = 30000;

async function checkPage(page, url, team) {
  await page.go(new URL('/?lang=en', url).href);
  await until('standings appear', PATIENCE_MS,
    () => page.run('return document.querySelectorAll("#teams .team").length > 0'));
  if (team)
    await until(`the standings name "${team}"`, PATIENCE_MS,
      async () => (await page.text('#teams')).includes(team));
  await until('events arrive by the stream', PATIENCE_MS,
    () => page.run('return document.querySelectorAll("#lines .line").length > 0'));
  assert.match(await page.text('#clock'), /^\d{2,}:\d\d:\d\d$/);
  assert.notEqual(await page.text('h1'), '');
  assert.notEqual(await page.text('#state'), '');
  assert.equal(await page.run('return document.getElementById("lost").hidden'), true);
  const board = await (await fetch(new URL('/api/board.json', url))).json();
  assert.equal(await page.run('return document.querySelectorAll("#grid .check").length'),
    board.checks.length, 'every check of the board is shown');
  const signs = await page.run(`return [...document.querySelectorAll("#grid .check")].every(
    (c) => c.querySelector(".sign").innerText && c.querySelector(".word").innerText)`);
  assert.equal(signs, true, 'every service has a sign and a word besides its colour');
}

async function checkLanguages(page) {
  await page.run('window.notReloaded = true');
  await page.click('button[data-lang="zh-Hant"]');
  await until('the page speaks Chinese', PATIENCE_MS,
    async () => (await page.text('#h-standings')).includes('排名'));
  assert.equal(await page.run('return document.documentElement.lang'), 'zh-Hant');
  await until('events come in Chinese', PATIENCE_MS,
    () => page.run('return document.querySelectorAll("#lines .line").length > 0'));
  await page.click('button[data-lang="en"]');
  await until('the page speaks English', PATIENCE_MS,
    async () => /standings/i.test(await page.text('#h-standings')));
  assert.equal(await page.run('return window.notReloaded'), true);
}

async function checkFits(page, width) {
  const wide = await page.run('return document.documentElement.scrollWidth');
  assert.ok(wide <= width, `at ${width} pixels the page is ${wide} wide`);
}

export async function checkQuiet(page) {
  const words = (await page.log()).filter((entry) => entry.level !== 'INFO' && entry.level !== 'DEBUG');
  assert.deepEqual(words, [], 'nothing on the console');
}

// All of the above; leaves the page open in English, at 1920 × 1080.
export async function lookAt(page, { url, team, screenshot, phone }) {
  await page.size(1920, 1080);
  await checkPage(page, url, team);
  await checkLanguages(page);
  await checkFits(page, 1920);
  await checkQuiet(page);
  // Bars grow for a second: the picture is of their end.
  await until('the bars stand still', PATIENCE_MS,
    () => page.run(`return document.getAnimations().every((a) =>
      !a.effect.target.matches(".fill, .line") || a.playState === "finished")`));
  if (screenshot) await page.screenshot(screenshot);
  await page.size(390, 844);
  await checkFits(page, 390);
  if (phone) await page.screenshot(phone);
  await page.size(1920, 1080);
}

async function main() {
  const { values } = parseArgs({ options: {
    url: { type: 'string' }, screenshot: { type: 'string' }, phone: { type: 'string' },
    'expect-team': { type: 'string' },
  } });
  if (!values.url) {
    console.error('usage: node board.mjs --url URL [--expect-team TEXT] ' +
      '[--screenshot FILE] [--phone FILE]');
    return 2;
  }
  const programs = browserPrograms();
  if (programs.missing) {
    console.log(`skipped: ${programs.missing}`);
    return SKIP;
  }
  const page = await Browser.open(programs, 1920, 1080);
  try {
    await lookAt(page, { ...values, team: values['expect-team'] });
  } finally {
    await page.close();
  }
  console.log(`ok: ${values.url}`);
  return 0;
}

if (import.meta.url === `file://${process.argv[1]}`)
  main().then((code) => { process.exitCode = code; }, (error) => {
    console.error(error);
    process.exitCode = 1;
  });
