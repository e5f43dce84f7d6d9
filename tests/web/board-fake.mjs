// The scoreboard over a made-up drill, in headless Chromium:
//   node board-fake.mjs BIN_PARRY_BOARD BIN_FAKE_VIEW [PICTURES]
// Beside what board.mjs asserts: an event arrives without a reload, hostile names are
// text, a parryd that goes is said and one that comes back is met again.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, browserPrograms, SKIP, until } from './webdriver.mjs';
import { checkQuiet, lookAt, PATIENCE_MS } from './board.mjs';

async function startFake(program, socket, teams) {
  const child = spawn(program, [socket, String(teams)], { stdio: ['pipe', 'inherit', 'inherit'] });
  await until('the made-up drill listens', PATIENCE_MS, () => existsSync(socket));
  return child;
}

async function startBoard(program, socket) {
  const args = ['--view', socket, '--listen', '127.0.0.1:0'];
  if (process.getuid() === 0) args.push('--account', 'nobody');
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [bytes] = await once(child.stdout, 'data');
  return { child, url: bytes.toString().trim() };
}

async function stop(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}

async function checkEvent(page, fake) {
  await page.run('window.notReloaded = true');
  const newest = 'return Number(document.querySelector("#lines .line").dataset.n)';
  const before = await page.run(newest);
  fake.stdin.write('event\n');
  await until('one more event', PATIENCE_MS, async () => await page.run(newest) === before + 1);
  assert.equal(await page.run('return window.notReloaded'), true);
}

async function checkHostileNames(page) {
  assert.ok((await page.text('#teams')).includes('<img src=x'), 'a hostile name is text');
  assert.equal(await page.run('return document.querySelectorAll("main img, main script").length'), 0);
}

async function checkLost(page, fake) {
  fake.stdin.write('cut\n');
  await until('the page says that the connection is lost', PATIENCE_MS,
    () => page.run('return !document.getElementById("lost").hidden'));
  assert.ok(await page.run('return document.querySelectorAll("#teams .team").length > 0'),
    'the last board stays');
  await until('it is live again', PATIENCE_MS,
    () => page.run('return document.getElementById("lost").hidden'));
  await page.log(); // the browser's own words about the lost stream
}

async function main([boardProgram, fakeProgram, pictures]) {
  const programs = browserPrograms();
  if (programs.missing) {
    console.log(`skipped: ${programs.missing}`);
    return SKIP;
  }
  const dir = mkdtempSync(join(tmpdir(), 'parry-board-'));
  const socket = join(dir, 'view.sock');
  let fake, board, page;
  try {
    fake = await startFake(fakeProgram, socket, 2);
    board = await startBoard(boardProgram, socket);
    page = await Browser.open(programs, 1920, 1080);
    const file = (name) => (pictures ? join(pictures, name) : undefined);
    await lookAt(page, { url: board.url, team: 'Department of Health',
      screenshot: file('board.png'), phone: file('board-phone.png') });
    await checkEvent(page, fake);
    await checkHostileNames(page);
    await checkQuiet(page);
    await checkLost(page, fake);
    await checkEvent(page, fake);
    await checkQuiet(page);
  } finally {
    await page?.close();
    await stop(board?.child);
    await stop(fake);
    rmSync(dir, { recursive: true, force: true });
  }
  console.log('ok');
  return 0;
}

main(process.argv.slice(2)).then((code) => { process.exitCode = code; }, (error) => {
  console.error(error);
  process.exitCode = 1;
});
