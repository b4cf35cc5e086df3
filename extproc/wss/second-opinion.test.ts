/** Messages signed by xml-crypto and encrypted by xml-encryption: other people's readings of the same specifications. */

import assert from 'node:assert/strict';
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { SignedXml } from 'xml-crypto';
import xmlEncryption from 'xml-encryption';
import {
  body,
  check,
  decryptionSettings,
  envelope,
  EXC,
  pki,
  refusal,
  security,
  settings,
  signatureSettings,
  timestamp,
  token,
  tokenReference,
} from '../../test/attacks/forge.ts';
import { WSSE } from './namespaces.ts';
import type { VerifySettings } from './settings.ts';

const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const xpath = (local: string): string => `//*[local-name(.)='${local}']`;

function sign(
  xml: string,
  canonicalizationAlgorithm: string,
  transforms: readonly string[],
  prefixes: readonly string[],
): string {
  const signer = new SignedXml({
    privateKey: pki.signer.privateKeyPem,
    signatureAlgorithm: RSA_SHA256,
    canonicalizationAlgorithm,
    inclusiveNamespacesPrefixList: [...prefixes],
    idMode: 'wssecurity',
    getKeyInfoContent: () =>
      tokenReference().replace('<wsse:SecurityTokenReference', `<wsse:SecurityTokenReference xmlns:wsse="${WSSE}"`),
  });
  for (const part of ['Body', 'Timestamp']) {
    signer.addReference({
      xpath: xpath(part),
      transforms: [...transforms],
      digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
      inclusiveNamespacesPrefixList: [...prefixes],
    });
  }
  signer.computeSignature(xml, { prefix: 'ds', location: { reference: xpath('Security'), action: 'append' } });
  return signer.getSignedXml();
}

const hostile =
  `<o:Order xmlns:o="urn:shop" xmlns="urn:default" b="2" a="&lt;&#9;&quot;" xml:lang="en"><Item xmlns:unused="urn:u"/>` +
  `<o:Note xmlns="">ä &amp; <![CDATA[<b>]]> <!-- gone --></o:Note><o:E/></o:Order>`;

for (const canonicalization of [EXC, C14N]) {
  for (const prefixes of [[], ['s', 'wsse']]) {
    if (canonicalization === C14N && prefixes.length > 0) continue;
    test(`xml-crypto, ${canonicalization} with prefixes ${prefixes.join(' ')}`, () => {
      const xml = sign(
        envelope(security(token(pki.signer) + timestamp()), body(hostile)),
        canonicalization,
        [canonicalization],
        prefixes,
      );
      assert.equal(refusal(xml), 'accepted');
      assert.equal(refusal(xml.replace('ä', 'a')), 'ERR_WSS_DIGEST_MISMATCH');
    });
  }
}

test('xml-crypto, HMAC', () => {
  const secret = randomBytes(32);
  const key = createSecretKey(secret);
  const signer = new SignedXml({
    privateKey: secret,
    signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
    canonicalizationAlgorithm: EXC,
    idMode: 'wssecurity',
    getKeyInfoContent: () => '<ds:KeyName>shared</ds:KeyName>',
  });
  signer.enableHMAC();
  for (const part of ['Body', 'Timestamp']) {
    signer.addReference({
      xpath: xpath(part),
      transforms: [EXC],
      digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512',
    });
  }
  const xml = envelope(security(timestamp()), body(hostile));
  signer.computeSignature(xml, { prefix: 'ds', location: { reference: xpath('Security'), action: 'append' } });
  const accept = { ...signatureSettings().accept, algorithms: ['HMAC-SHA1'] } as const;
  const using = settings({ signature: signatureSettings({ accept, secrets: [{ key, name: 'shared' }] }) });
  assert.equal(refusal(signer.getSignedXml(), using), 'accepted');
  const other = createSecretKey(createHmac('sha256', secret).digest());
  const wrong = settings({ signature: signatureSettings({ accept, secrets: [{ key: other, name: 'shared' }] }) });
  assert.equal(refusal(signer.getSignedXml(), wrong), 'ERR_WSS_SIGNATURE_INVALID');
});

/** The library has no types of its own. */
type Encrypt = (text: string, options: object, callback: (error: unknown, result?: string) => void) => void;
const { encrypt: encryptWith } = xmlEncryption as unknown as { encrypt: Encrypt };

const encrypt = (text: string, algorithm: string, transport: string, digest: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = {
      rsa_pub: pki.recipient.certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      pem: pki.recipient.certificatePem,
      encryptionAlgorithm: algorithm,
      keyEncryptionAlgorithm: transport,
      keyEncryptionDigest: digest,
      disallowEncryptionWithInsecureAlgorithm: false,
      warnInsecureAlgorithm: false,
    };
    encryptWith(text, options, (error, result) => {
      if (result !== undefined) resolve(result);
      else reject(error instanceof Error ? error : new Error('no result'));
    });
  });

const decrypting: VerifySettings = settings({
  timestamp: undefined,
  signature: undefined,
  decryption: decryptionSettings({
    accept: {
      dataAlgorithms: ['AES128-GCM', 'AES256-GCM', 'AES128-CBC', 'AES256-CBC', 'TripleDES-CBC'],
      keyTransports: ['RSA-OAEP-MGF1P', 'RSA-1_5'],
    },
    requireSignedEncryptedData: false,
  }),
});
const LIST =
  '<x:ReferenceList xmlns:x="http://www.w3.org/2001/04/xmlenc#"><x:DataReference URI="#ED-1"/></x:ReferenceList>';

for (const algorithm of [
  'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'http://www.w3.org/2001/04/xmlenc#aes128-cbc',
  'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
  'http://www.w3.org/2001/04/xmlenc#tripledes-cbc',
]) {
  for (const [transport, digest] of [
    ['http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p', 'sha1'],
    ['http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p', 'sha256'],
    ['http://www.w3.org/2001/04/xmlenc#rsa-1_5', 'sha1'],
  ]) {
    test(`xml-encryption, ${algorithm} with ${transport} and ${digest}`, async () => {
      const data = await encrypt(hostile, algorithm, transport, digest);
      const xml = envelope(
        security(LIST),
        body(data.trim().replace('<xenc:EncryptedData', '<xenc:EncryptedData Id="ED-1"')),
      );
      assert.equal(check(xml, decrypting).bytes.toString(), envelope('', body(hostile)));
    });
  }
}
