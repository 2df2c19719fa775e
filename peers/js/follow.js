// Follows a TUF repository with tuf-js and prints the version of the root, and the target.
'use strict';

const fs = require('fs');
const path = require('path');
const { Updater } = require('tuf-js');

async function main() {
  const [store, url, root, target] = process.argv.slice(2);
  const targets = path.join(store, 'targets');
  fs.mkdirSync(targets, { recursive: true });
  const trusted = path.join(store, 'root.json');
  // What is trusted already stands in the store.
  if (!fs.existsSync(trusted)) {
    fs.copyFileSync(root, trusted);
  }
  const updater = new Updater({
    metadataDir: store,
    metadataBaseUrl: url,
    targetDir: targets,
    targetBaseUrl: `${url}/targets`,
  });
  await updater.refresh();
  const info = await updater.getTargetInfo(target);
  if (!info) {
    throw new Error(`no target ${target}`);
  }
  const content = fs.readFileSync(await updater.downloadTarget(info), 'utf8');
  const version = JSON.parse(fs.readFileSync(trusted, 'utf8')).signed.version;
  process.stdout.write(`${version} ${content}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
