// As much of the W3C WebDriver protocol as looking at a page needs, over plain fetch.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SKIP = 77;

function find(names) {
  for (const dir of (process.env.PATH ?? '').split(':'))
    for (const name of names)
      if (dir && existsSync(join(dir, name))) return join(dir, name);
  return null;
}

// The programs that a browser test needs, or the reason to skip it.
export function browserPrograms() {
  const chromium = find(['chromium', 'chromium-browser', 'google-chrome']);
  const driver = find(['chromedriver']);
  if (!chromium) return { missing: 'no chromium (Debian: apt install chromium)' };
  if (!driver) return { missing: 'no chromedriver (Debian: apt install chromium-driver)' };
  return { chromium, driver };
}

export async function until(what, ms, probe) {
  const deadline = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`not within ${ms} ms: ${what}${last ? ` (${last.message})` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Browser {
  static async open({ chromium, driver }, width, height) {
    const browser = new Browser();
    const port = await freePort();
    browser.profile = mkdtempSync(join(tmpdir(), 'parry-web-'));
    browser.base = `http://127.0.0.1:${port}`;
    browser.process = spawn(driver, [`--port=${port}`], { stdio: 'ignore' });
    await until('chromedriver answers', 30000,
      async () => (await browser.call('GET', '/status')).ready);
    const args = ['--headless=new', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage', '--lang=en', '--force-device-scale-factor=1',
      `--user-data-dir=${browser.profile}`, `--window-size=${width},${height}`];
    if (process.getuid?.() === 0) args.push('--no-sandbox'); // root has no other way
    try {
      const { sessionId } = await browser.call('POST', '/session', {
        capabilities: { alwaysMatch: {
          browserName: 'chrome',
          'goog:chromeOptions': { binary: chromium, args },
          'goog:loggingPrefs': { browser: 'ALL' },
        } },
      });
      browser.path = `/session/${sessionId}`;
    } catch (error) {
      await browser.close();
      throw error;
    }
    return browser;
  }

  async call(method, path, body) {
    const answer = await fetch(this.base + path, {
      method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  }

  session(method, path, body) {
    return this.call(method, this.path + path, body);
  }

  go(url) { return this.session('POST', '/url', { url }); }

  run(script, ...args) { return this.session('POST', '/execute/sync', { script, args }); }

  // The inner size, as the page sees it.
  size(width, height) {
    return this.session('POST', '/goog/cdp/execute', {
      cmd: 'Emulation.setDeviceMetricsOverride',
      params: { width, height, deviceScaleFactor: 1, mobile: width < 600 },
    });
  }

  async click(selector) {
    const found = await this.session('POST', '/element',
      { using: 'css selector', value: selector });
    await this.session('POST', `/element/${Object.values(found)[0]}/click`, {});
  }

  // The shown text of the first match; throws where there is none.
  text(selector) {
    return this.run('return document.querySelector(arguments[0]).innerText', selector);
  }

  async screenshot(file) {
    writeFileSync(file, Buffer.from(await this.session('GET', '/screenshot'), 'base64'));
  }

  // Console messages since the last call.
  log() { return this.session('POST', '/se/log', { type: 'browser' }); }

  async close() {
    if (this.path) await this.session('DELETE', '').catch(() => {});
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill();
      await gone;
    }
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
