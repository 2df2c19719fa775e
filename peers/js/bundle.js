// Signs and verifies with sigstore-js, as a client of an instance does.
//
//   bundle.js sign   files|tuf DIR message|statement TOKEN BUNDLE FILE
//   bundle.js verify files|tuf DIR BUNDLE IDENTITY ISSUER FILE
//   bundle.js verify files|tuf DIR BUNDLE key PUBLIC_KEY FILE
//
// Trust is files, trusted_root.json and signing_config.json in DIR, or comes by TUF: DIR has the url, and the root.json that is
// believed first. TOKEN is a file.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const sigstore = require('sigstore');
const { bundleFromJSON, bundleToJSON } = require('@sigstore/bundle');
const { SigningConfig, TrustedRoot } = require('@sigstore/protobuf-specs');
const { bundleBuilderFromSigningConfig } = require('@sigstore/sign');
const { initTUF } = require('@sigstore/tuf');
const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify');

async function main() {
  const [command, way, directory, ...rest] = process.argv.slice(2);
  if (command === 'sign') {
    return sign(await signingConfig(way, directory), ...rest);
  }
  return way === 'files' ? verifyByFiles(directory, ...rest) : verifyByTuf(directory, ...rest);
}

async function sign(config, kind, token, to, file) {
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: config,
    identityProvider: { getToken: async () => fs.readFileSync(token, 'utf8').trim() },
    bundleType: kind === 'statement' ? 'dsseEnvelope' : 'messageSignature',
  });
  const bundle = await builder.create({ data: fs.readFileSync(file), type: 'application/vnd.in-toto+json' });
  fs.writeFileSync(to, JSON.stringify(bundleToJSON(bundle)));
}

async function signingConfig(way, directory) {
  if (way === 'files') {
    return SigningConfig.fromJSON(json(path.join(directory, 'signing_config.json')));
  }
  const { tufMirrorURL, tufRootPath, tufCachePath } = tuf(directory);
  const client = await initTUF({ mirrorURL: tufMirrorURL, rootPath: tufRootPath, cachePath: tufCachePath });
  return SigningConfig.fromJSON(JSON.parse(await client.getTarget('signing_config.v0.2.json')));
}

async function verifyByTuf(directory, bundle, identity, issuer, file) {
  await sigstore.verify(json(bundle), fs.readFileSync(file), { ...tuf(directory), ...who(identity, issuer) });
}

function who(identity, issuer) {
  if (identity === 'key') {
    return { keySelector: () => fs.readFileSync(issuer, 'utf8') };
  }
  const name = identity.includes('://') ? { certificateIdentityURI: identity } : { certificateIdentityEmail: identity };
  return { ...name, certificateIssuer: issuer };
}

function verifyByFiles(directory, bundle, identity, issuer, file) {
  const trusted = TrustedRoot.fromJSON(json(path.join(directory, 'trusted_root.json')));
  const entity = toSignedEntity(bundleFromJSON(json(bundle)), fs.readFileSync(file));
  if (identity === 'key') {
    const publicKey = crypto.createPublicKey(fs.readFileSync(issuer));
    new Verifier(toTrustMaterial(trusted, () => ({ publicKey, validFor: () => true }))).verify(entity);
  } else {
    const policy = { subjectAlternativeName: identity, extensions: { issuer } };
    new Verifier(toTrustMaterial(trusted)).verify(entity, policy);
  }
}

function tuf(directory) {
  return {
    tufMirrorURL: fs.readFileSync(path.join(directory, 'url'), 'utf8').trim(),
    tufRootPath: path.join(directory, 'root.json'),
    tufCachePath: path.join(directory, 'sigstore-js'),
  };
}

function json(file) {
  return JSON.parse(fs.readFileSync(file));
}

main().catch((error) => {
  console.error(`sigstore-js: ${error.code ?? error.name}: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
  process.exit(1);
});
