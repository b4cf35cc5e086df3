/** Signatures that we make, checked by three programs that know nothing of ours. */

import assert from 'node:assert/strict';
import { createPublicKey, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import {
  canonicalizations,
  digests,
  signatureAlgorithms,
  type CanonicalizationName,
  type DigestName,
  type SignatureAlgorithm,
} from '../../extproc/wss/algorithms.ts';
import { DS, SOAP12, WSSE11, WSU } from '../../extproc/wss/namespaces.ts';
import type { SecureSettings, SignatureSettings } from '../../extproc/wss/settings.ts';
import {
  BODY,
  elementPart,
  headerPart,
  order,
  pki,
  secureText,
  signatureSettings,
  signingKey,
  TIMESTAMP,
  TIMESTAMP_SETTINGS,
  TOKEN,
  USERNAME_TOKEN,
} from '../support/securing.ts';
import { xmlsec1 } from '../support/xmlsec1.ts';
import { checkSignatures } from './independent.ts';

const secret = createSecretKey(randomBytes(32));
const algorithms = Object.keys(signatureAlgorithms) as SignatureAlgorithm[];
const digestNames = Object.keys(digests) as DigestName[];
const canonicalizationNames = Object.keys(canonicalizations) as CanonicalizationName[];
const usernameToken = { username: 'alice', password: 'p', passwordType: 'Digest', nonce: true, created: true } as const;

/** What signs with an algorithm, and how a receiver knows it. */
function identityFor(algorithm: SignatureAlgorithm): Partial<SignatureSettings> & { readonly check: KeyObject } {
  const { keyType } = signatureAlgorithms[algorithm];
  if (keyType === 'secret') {
    return { key: { key: secret, chain: [], name: 'shared' }, keyIdentifier: 'KeyName', check: secret };
  }
  const ec = algorithm === 'ECDSA-SHA512' ? pki.ec521 : algorithm === 'ECDSA-SHA384' ? pki.ec384 : pki.ec256;
  const identity = keyType === 'rsa' ? pki.signer : keyType === 'ec' ? ec : pki[keyType];
  return { key: signingKey(identity), check: createPublicKey(identity.key) };
}

async function signed(changes: Partial<SignatureSettings>, more: Partial<SecureSettings> = {}, xml = order()) {
  const settings = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings(changes), ...more };
  return (await secureText(xml, settings)).bytes;
}

function altered(message: Buffer): Buffer {
  const text = message.toString();
  const other = text.replace('Zoë', 'Zoe');
  assert.notEqual(other, text);
  return Buffer.from(other);
}

describe('a DOM, another canonicalizer and node:crypto', () => {
  for (const algorithm of algorithms) {
    it(`accept ${algorithm}`, async () => {
      const { check, ...identity } = identityFor(algorithm);
      const message = await signed({ algorithm, ...identity });
      assert.deepEqual(checkSignatures(message, check), ['Body', 'Timestamp']);
      assert.throws(() => checkSignatures(altered(message), check), /digest of Body/);
      const other = Buffer.from(message.toString().replace('<ds:SignedInfo>', '<ds:SignedInfo>\n'));
      assert.throws(() => checkSignatures(other, check), /SignatureValue/);
    });
  }

  for (const canonicalization of canonicalizationNames) {
    for (const digest of digestNames) {
      it(`accept ${canonicalization} with ${digest}`, async () => {
        const message = await signed({ canonicalization, digest }, {}, order(SOAP12));
        checkSignatures(message, createPublicKey(pki.signer.key));
      });
    }
  }

  for (const inclusiveNamespaces of ['Auto', 'None', ['xsi', 'soap', 'unknown'], ['wsse', 'soap']] as const) {
    it(`accept every part, prefixes ${inclusiveNamespaces.toString()}`, async () => {
      const parts = [
        BODY,
        TIMESTAMP,
        TOKEN,
        USERNAME_TOKEN,
        headerPart('urn:shop', 'Session'),
        headerPart('urn:trace'),
        elementPart('urn:shop', 'Card'),
      ];
      const message = await signed({ parts, inclusiveNamespaces, confirm: true }, { usernameToken });
      assert.deepEqual(checkSignatures(message, createPublicKey(pki.signer.key)), [
        'Body',
        'Session',
        'Trace',
        'Card',
        'Card',
        'Timestamp',
        'UsernameToken',
        'SignatureConfirmation',
        'SecurityTokenReference',
      ]);
    });
  }
});

describe('prefixes of ours that mean something else in the message', () => {
  const odd = ['ds', 'ec', 'wsse', 'wsse11', 'wsu', 'xenc']
    .map((prefix) => ` xmlns:${prefix}="urn:odd-${prefix}"`)
    .join('');
  const xml = order().replace('<soap:Envelope', `<soap:Envelope${odd} xmlns="urn:default"`);
  for (const inclusiveNamespaces of ['Auto', 'None', ['ec', 'ds', 'wsu', '#default']] as const) {
    it(`keep their meaning, prefixes ${inclusiveNamespaces.toString()}`, async () => {
      const parts = [BODY, TIMESTAMP, elementPart('urn:shop', 'Card')];
      const message = await signed({ parts, inclusiveNamespaces, confirm: true }, {}, xml);
      xmlsec1Verify(message, createPublicKey(pki.signer.key), ['urn:shop:Card', `${WSSE11}:SignatureConfirmation`]);
    });
  }
});

describe('xml-crypto', () => {
  for (const algorithm of ['RSA-SHA1', 'RSA-SHA256', 'RSA-SHA512'] as const) {
    for (const canonicalization of ['ExclusiveC14N', 'C14N10'] as const) {
      it(`accepts ${algorithm} with ${canonicalization}`, async () => {
        const digest = algorithm.slice(4) as DigestName;
        const message = await signed({ algorithm, digest, canonicalization });
        assert.equal(xmlCrypto(message), true);
        assert.equal(xmlCrypto(altered(message)), false);
      });
    }
  }
});

function xmlCrypto(message: Buffer): boolean {
  const text = message.toString();
  const verifier = new SignedXml({ publicCert: pki.signer.certificatePem, idMode: 'wssecurity' });
  verifier.getCertFromKeyInfo = () => null;
  const signature = new DOMParser().parseFromString(text, 'text/xml').getElementsByTagNameNS(DS, 'Signature')[0];
  verifier.loadSignature(signature);
  return verifier.checkSignature(text);
}

describe('xmlsec1', () => {
  // It has no PSS and no EdDSA in the versions that are about.
  const known = algorithms.filter((name) => !name.startsWith('RSA-PSS') && !name.startsWith('Ed'));
  for (const [i, algorithm] of known.entries()) {
    const canonicalization = canonicalizationNames[i % canonicalizationNames.length];
    const digest = digestNames[i % digestNames.length];
    it(`accepts ${algorithm} with ${canonicalization} and ${digest}`, async () => {
      const { check, ...identity } = identityFor(algorithm);
      const message = await signed({ algorithm, canonicalization, digest, ...identity });
      xmlsec1Verify(message, check);
      assert.throws(() => xmlsec1Verify(altered(message), check), /xmlsec1 .* failed/);
    });
  }
  for (const canonicalization of canonicalizationNames) {
    it(`accepts ${canonicalization} below xml: attributes`, async () => {
      const xml = order()
        .replace('<soap:Envelope', '<soap:Envelope xml:lang="en" xml:base="http://a.example/b/"')
        .replace('<soap:Header>', '<soap:Header xml:space="preserve" xml:base="c/">');
      xmlsec1Verify(await signed({ canonicalization }, {}, xml), createPublicKey(pki.signer.key));
    });
  }
  for (const inclusiveNamespaces of ['None', ['soap', '#default']] as const) {
    it(`accepts prefixes ${inclusiveNamespaces.toString()}`, async () => {
      const xml = order().replace('<soap:Envelope', '<soap:Envelope xmlns="urn:default"');
      xmlsec1Verify(await signed({ inclusiveNamespaces }, {}, xml), createPublicKey(pki.signer.key));
    });
  }
});

/** @param more elements with ids beyond Body and Timestamp, as `namespace:name` */
function xmlsec1Verify(message: Buffer, key: KeyObject, more: readonly string[] = []): void {
  const ids = ['Body', 'Timestamp'].flatMap((name) => {
    const namespace = name === 'Timestamp' ? WSU : /(?<=xmlns:soap=")[^"]*/.exec(message.toString())?.[0];
    return ['--id-attr:Id', `${namespace}:${name}`];
  });
  ids.push(...more.flatMap((name) => ['--id-attr:Id', name]));
  const given =
    key.type === 'secret'
      ? { option: '--hmackey', content: key.export() }
      : { option: '--pubkey-pem', content: key.export({ type: 'spki', format: 'pem' }) };
  xmlsec1(['--verify', ...ids, given.option, 'key', 'message.xml'], { key: given.content, 'message.xml': message });
}
