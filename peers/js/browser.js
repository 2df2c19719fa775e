// Opens a link in a headless browser, signs in behind it, and keeps pictures of the pages.
//
//   browser.js LINK
//
// Environment: CHROMIUM, its program; USER_NAME and PASSWORD; PICTURES, a directory, and PICTURE, what their names begin with.
'use strict';

const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');

// What the pages are seen on: a screen and a telephone.
const SIZES = { screen: { width: 1280, height: 800 }, telephone: { width: 390, height: 844 } };

// A client that does not answer after so long has failed.
const PATIENCE_MS = 20000;

const { CHROMIUM, USER_NAME, PASSWORD, PICTURES, PICTURE } = process.env;

async function main() {
  const [link] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    // It has authorities of its own, and none of those that a test may have made.
    const page = await browser.newPage({ viewport: SIZES.screen, ignoreHTTPSErrors: true });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(link);
    // Who was shown a code and no link begins a page earlier.
    if (await page.locator('#user_code').count()) {
      await pictures(page, 'code');
      await page.click('button:not(.quiet)');
    }
    await page.waitForSelector('#username');
    await pictures(page, 'sign-in');
    // Once for the picture, since wrong guesses are counted.
    if (isWanted('refused')) {
      await page.fill('#username', USER_NAME);
      await page.fill('#password', 'not the password');
      await page.click('button:not(.quiet)');
      await page.waitForSelector('.trouble');
      await pictures(page, 'refused');
    }
    await page.fill('#username', USER_NAME);
    await page.fill('#password', PASSWORD);
    await page.click('button:not(.quiet)');
    // Where it ends is the client's page, or ours for a device.
    await page.waitForSelector('#password', { state: 'detached' });
    await page.waitForLoadState();
    await pictures(page, 'done');
  } finally {
    await browser.close();
  }
}

// Each once, and none for who has no name.
function isWanted(name) {
  return PICTURE && !fs.existsSync(path.join(PICTURES, `${PICTURE}-${name}-screen-light.png`));
}

async function pictures(page, name) {
  if (!isWanted(name)) return;
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const file = `${PICTURE}-${name}-${size}-${colorScheme}.png`;
      await page.screenshot({ path: path.join(PICTURES, file) });
    }
  }
}

fs.mkdirSync(PICTURES, { recursive: true });
main().catch((error) => {
  console.error(`browser: ${error.message}`);
  process.exit(1);
});
