/** The matrix leaves nothing out: every name that a policy can use is exchanged with WSS4J at least once in each direction. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  canonicalizations,
  dataAlgorithms,
  digests,
  keyTransports,
  mgfs,
  signatureAlgorithms,
} from '../../extproc/wss/algorithms.ts';
import { allCases, dataAlgorithmNames, type Case } from './cases.ts';
import { shapeNames } from './shapes.ts';
import { cannot } from './theirs.ts';

type Reader = (item: Case) => readonly string[];
const one = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

const vocabulary: Record<string, { names: readonly string[]; of: Reader }> = {
  algorithm: { names: Object.keys(signatureAlgorithms), of: (item) => one(item.signature?.algorithm) },
  digest: { names: Object.keys(digests), of: (item) => one(item.signature?.digest) },
  canonicalization: { names: Object.keys(canonicalizations), of: (item) => one(item.signature?.canonicalization) },
  'key identifier of a signature': {
    names: [
      'BinarySecurityToken',
      'IssuerSerial',
      'SubjectKeyIdentifier',
      'ThumbprintSHA1',
      'X509Certificate',
      'X509Data',
      'KeyValue',
      'KeyName',
      'EncryptedKeySHA1',
    ],
    of: (item) => one(item.signature?.keyIdentifier),
  },
  'key identifier of a recipient': {
    names: [
      'BinarySecurityToken',
      'IssuerSerial',
      'SubjectKeyIdentifier',
      'ThumbprintSHA1',
      'X509Certificate',
      'X509Data',
    ],
    of: (item) => one(item.encryption?.keyIdentifier),
  },
  'data algorithm': { names: Object.keys(dataAlgorithms), of: (item) => one(item.encryption?.dataAlgorithm) },
  'key transport': { names: Object.keys(keyTransports), of: (item) => one(item.encryption?.keyTransport) },
  'OAEP digest': { names: Object.keys(digests), of: (item) => one(item.encryption?.digest) },
  'mask generation function': { names: Object.keys(mgfs), of: (item) => one(item.encryption?.mgf) },
  'signed part': {
    names: ['Body', 'Timestamp', 'Token', 'UsernameToken', 'Session', 'Addressing', 'Card'],
    of: (item) => item.signature?.parts ?? [],
  },
  'encrypted part': {
    names: ['Body', 'Card', 'Card content', 'Session', 'Session content', 'Signature', 'UsernameToken'],
    of: (item) => item.encryption?.parts ?? [],
  },
  'password type': { names: ['Text', 'Digest', 'None'], of: (item) => one(item.usernameToken?.passwordType) },
  order: { names: ['SignThenEncrypt', 'EncryptThenSign'], of: (item) => [item.order] },
  'SOAP version': { names: ['1.1', '1.2'], of: (item) => [item.soap] },
  shape: { names: shapeNames, of: (item) => [item.shape] },
};

const engines = ['dom', 'stax', 'xmldsig'] as const;
for (const doing of ['secure', 'verify'] as const) {
  const done = allCases(dataAlgorithmNames).filter((item) => engines.some((engine) => !cannot(item, engine, doing)));
  describe(`WSS4J can ${doing}`, () => {
    for (const [what, { names, of }] of Object.entries(vocabulary)) {
      it(`every ${what}`, () => {
        const used = new Set(done.flatMap((item) => of(item)));
        assert.deepEqual(
          names.filter((name) => !used.has(name)),
          [],
        );
      });
    }
  });
}
