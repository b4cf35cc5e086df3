/**
 * Key agreement with Apache WSS4J, both ways: every agreement with every curve, key wrap and derivation function, and every
 * way of naming the recipient.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  dataAlgorithms,
  digests,
  keyAgreements,
  keyDerivations,
  keyWraps,
  signatureAlgorithms,
  type KeyAgreement,
  type KeyDerivationFunction,
  type KeyWrap,
} from '../../extproc/wss/algorithms.ts';
import type { DerivationDigest } from '../../extproc/wss/encryption/key-derivation.ts';
import type { KeyIdentifier, Part, SecureSettings, VerifySettings } from '../../extproc/wss/settings.ts';
import { certificateIdentifiers } from './cases.ts';
import { pki } from './keys.ts';
import { secureOurs, verifyOurs } from './ours.ts';
import { makeMessage, namespaceOf } from './shapes.ts';
import { Wss4j } from './wss4j.ts';

const recipients: [KeyAgreement, 'ec256' | 'ec384' | 'ec521' | 'x25519' | 'x448'][] = [
  ['ECDH-ES', 'ec256'],
  ['ECDH-ES', 'ec384'],
  ['ECDH-ES', 'ec521'],
  ['X25519', 'x25519'],
  ['X448', 'x448'],
];
const wraps = Object.keys(keyWraps) as KeyWrap[];
const functions = Object.keys(keyDerivations) as KeyDerivationFunction[];
const derivationDigests: DerivationDigest[] = ['SHA256', 'SHA384', 'SHA512'];
/** StAX knows no key agreement. WSS4J reads no bare KeyValue or KeyName of a recipient, nor X509Data with a certificate. */
const identifiers: KeyIdentifier[] = certificateIdentifiers.filter((identifier) => identifier !== 'X509Data');
const BODY: Part = { kind: 'Body', mode: 'Content', optional: false };

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

interface Row {
  readonly agreement: KeyAgreement;
  readonly recipient: (typeof recipients)[number][1];
  readonly wrap: KeyWrap;
  readonly derivation: KeyDerivationFunction;
  readonly digest: DerivationDigest;
  readonly keyIdentifier: KeyIdentifier;
}
const name = (row: Row): string => Object.values(row).join(' ');
const rows: Row[] = [
  ...recipients.flatMap(([agreement, recipient]) =>
    wraps.flatMap((wrap) =>
      functions.flatMap((derivation) =>
        derivationDigests.map((digest): Row => ({
          agreement,
          recipient,
          wrap,
          derivation,
          digest,
          keyIdentifier: 'IssuerSerial',
        })),
      ),
    ),
  ),
  ...recipients.flatMap(([agreement, recipient]) =>
    identifiers.map((keyIdentifier): Row => ({
      ...{ agreement, recipient, wrap: 'AES256-KW', derivation: 'ConcatKDF', digest: 'SHA256', keyIdentifier },
    })),
  ),
];

function securing({ agreement, recipient, wrap, derivation, digest, keyIdentifier }: Row): SecureSettings {
  return {
    ...({ mustUnderstand: true, layout: 'Lax', order: 'SignThenEncrypt' } as const),
    encryption: {
      recipient: { certificate: pki[recipient].certificate, name: recipient },
      dataAlgorithm: 'AES256-GCM',
      keyTransport: agreement,
      oaep: { digest: 'SHA256', mgf: 'MGF1-SHA256' },
      agreement: { wrap, derivation: { function: derivation, digest } },
      keyIdentifier,
      parts: [BODY],
    },
  };
}

function verifying({ agreement }: Row): VerifySettings {
  const names = ['recipient', ...recipients.map(([, recipient]) => recipient)] as const;
  return {
    removeSecurityHeader: true,
    decryption: {
      keys: names.map((recipient) => ({ ...pki[recipient], name: recipient })),
      requiredParts: [BODY],
      accept: { dataAlgorithms: ['AES256-GCM'], keyTransports: [agreement] },
      requireSignedEncryptedData: false,
    },
    signatureConfirmation: false,
    replay: { window: 0, onCacheUnavailable: 'Refuse' },
  };
}

describe('WSS4J decrypts what we encrypt', () => {
  // Santuario 4.0 looks for HKDF's function in a namespace in which it does not write it itself, and takes SHA-256.
  for (const row of rows.filter(({ derivation, digest }) => derivation === 'ConcatKDF' || digest === 'SHA256')) {
    it(name(row), async () => {
      const message = makeMessage('plain', '1.1');
      const { bytes } = await secureOurs(message, securing(row));
      assert.ok(bytes.includes(keyAgreements[row.agreement].uri));
      const { fields, payload } = await wss4j.call('verify', { engine: 'dom', ignoreBsp: 'R5620;R5621' }, bytes);
      assert.equal(fields['encrypted'], `Content {${namespaceOf('1.1')}}Body`);
      assert.equal(await wss4j.normalize(payload), await wss4j.normalize(message));
    });
  }
});

describe('we decrypt what WSS4J encrypts', () => {
  for (const row of rows) it(name(row), () => decrypts(row, digestUri(row)));
  for (const row of rows.filter(({ digest }) => digest === 'SHA256')) {
    it(`${name(row)}, with its own parameters`, () => decrypts(row));
  }
});

async function decrypts(row: Row, digest?: string): Promise<void> {
  const message = makeMessage('plain', '1.1');
  const fields = {
    ...{ engine: 'dom', actions: 'Encryption', 'enc.key': row.recipient, 'enc.keyIdentifier': row.keyIdentifier },
    'enc.data': dataAlgorithms['AES256-GCM'].uri,
    'enc.transport': keyWraps[row.wrap].uri,
    'enc.agreement': keyAgreements[row.agreement].uri,
    'enc.derivation': keyDerivations[row.derivation].uri,
    ...(digest !== undefined && { 'enc.derivationDigest': digest }),
    'enc.parts': `Content|${namespaceOf('1.1')}|Body`,
  };
  const { payload } = await wss4j.call('secure', fields, message);
  assert.ok(payload.includes('AgreementMethod') && !payload.includes('Bolt'));
  const verified = verifyOurs(payload, verifying(row));
  assert.equal(await wss4j.normalize(verified.bytes), await wss4j.normalize(message));
}

function digestUri({ derivation, digest }: Row): string {
  if (derivation === 'ConcatKDF') return digests[digest].uri;
  return signatureAlgorithms[`HMAC-${digest}`].uri;
}
