import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { explicit, integer, oid, sequence, set } from '../../../test/support/der-writer.ts';
import { createPki } from '../../../test/support/pki.ts';
import { InvalidTokenError } from '../errors.ts';
import { splitPkcs7, writePkcs7 } from './pkcs7.ts';
import { splitPkiPath } from './pki-path.ts';
import { certificateToken } from './certificate-token.ts';

const pki = createPki();
const chain = [pki.signer, pki.intermediate, pki.ca].map(({ certificate }) => certificate);
const token = writePkcs7(chain.map(({ der }) => der));

function openssl(args: readonly string[], files: Readonly<Record<string, Buffer | string>>): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'waxseal-pkcs7-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: directory });
    assert.equal(status, 0, stderr.toString());
    return stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('the signer is found whatever the order', () => {
  for (const order of [chain, [...chain].reverse(), [chain[1], chain[0], chain[2]], [chain[0]]]) {
    const found = splitPkcs7(writePkcs7(order.map(({ der }) => der)));
    assert.equal(found[0], chain[0]);
    assert.equal(found.length, order.length);
  }
});

test('OpenSSL reads ours, and we read its', () => {
  const pem = chain.map((certificate) => certificate.x509.toString()).join('');
  const theirs = openssl(['crl2pkcs7', '-nocrl', '-certfile', 'chain.pem', '-outform', 'DER'], { 'chain.pem': pem });
  assert.deepEqual(new Set(splitPkcs7(theirs)), new Set(chain));
  const listed = openssl(['pkcs7', '-inform', 'DER', '-in', 'ours.p7', '-print_certs'], {
    'ours.p7': token,
  }).toString();
  for (const certificate of chain) assert.ok(listed.includes(certificate.x509.toString().trim()));
});

test('none, two signers, the same twice, and too many are refused', () => {
  const der = chain.map((certificate) => certificate.der);
  const wrong = [
    [],
    [der[0], pki.ec256.certificate.der],
    [der[0], der[0]],
    [der[2], pki.untrusted.certificate.der, der[0]],
    Array.from({ length: 11 }, () => der[0]),
  ];
  for (const list of wrong) assert.throws(() => splitPkcs7(writePkcs7(list)), InvalidTokenError);
});

test('what is no SignedData is refused', () => {
  const data = sequence(oid('1.2.840.113549.1.7.1'), explicit(0, sequence(integer(1), set(), sequence(), explicit(0))));
  for (const octets of [
    data,
    Buffer.alloc(0),
    chain[0].der,
    token.subarray(0, -1),
    Buffer.concat([token, Buffer.of(0)]),
  ]) {
    assert.throws(() => splitPkcs7(octets), InvalidTokenError);
  }
});

test('whatever octets come, the answer is certificates or a refusal', () => {
  const attempt = (split: (octets: Buffer) => unknown, octets: Buffer): void => {
    try {
      split(octets);
    } catch (error) {
      assert.ok(error instanceof InvalidTokenError, String(error));
    }
  };
  const path = Buffer.from(certificateToken('X509PKIPathv1', chain[0], chain.slice(1)).base64, 'base64');
  for (const [split, good] of [
    [splitPkcs7, token],
    [splitPkiPath, path],
  ] as const) {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => attempt(split, Buffer.from(octets))));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const octets = Buffer.from(good);
        octets[at] ^= change;
        attempt(split, octets);
      }),
    );
  }
});

test('a PkiPath has the signer last', () => {
  const made = certificateToken('X509PKIPathv1', chain[0], chain.slice(1));
  assert.deepEqual(splitPkiPath(Buffer.from(made.base64, 'base64')), chain);
  const octets = Buffer.from(made.base64, 'base64');
  assert.ok(octets.indexOf(chain[2].der) < octets.indexOf(chain[0].der));
});
