/** What `secure` makes, `verify` accepts: every algorithm, key identifier, part, order and layout, in both SOAP versions. */

import assert from 'node:assert/strict';
import { createSecretKey, sign as signWith } from 'node:crypto';
import { test } from 'node:test';
import { createPki, type Identity } from '../../test/support/pki.ts';
import { TrustStore } from '../keys/trust-store.ts';
import { DEFAULT_LIMITS } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import {
  canonicalizations,
  dataAlgorithms,
  digests,
  keyTransports,
  mgfs,
  signatureAlgorithms,
  type CanonicalizationName,
  type DataAlgorithm,
  type DigestName,
  type RsaKeyTransport,
  type MgfName,
  type SignatureAlgorithm,
} from './algorithms.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from './exchange-state.ts';
import { SOAP11, SOAP12 } from './namespaces.ts';
import { secure } from './secure.ts';
import type {
  EncryptionSettings,
  KeyIdentifier,
  Layout,
  Part,
  SecureSettings,
  SignatureSettings,
  SigningKey,
  VerifySettings,
} from './settings.ts';
import { readSoap } from './soap.ts';
import { verify } from './verify.ts';

const NOW = Date.now();
const pki = createPki();
const names = <Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] => Object.keys(table) as Name[];

const body: Part = { kind: 'Body', mode: 'Content', optional: false };
const timestamp: Part = { kind: 'Timestamp', mode: 'Element', optional: false };
const tokenPart: Part = { kind: 'Token', mode: 'Element', optional: false };
const session: Part = { kind: 'Header', namespace: 'urn:shop', name: 'Session', mode: 'Element', optional: false };
const card: Part = { kind: 'Element', namespace: 'urn:shop', name: 'Card', mode: 'Element', optional: false };
const own = (kind: 'UsernameToken' | 'Signature'): Part => ({ kind, mode: 'Element', optional: false });

const ORDER =
  `<o:Order xmlns:o="urn:shop" xmlns:p="urn:p" a="1 &lt; 2">\r\n  <o:Item p:n='é'>book</o:Item><!-- c --><o:Card>4111</o:Card>` +
  `<o:Card xml:space="preserve"> 5 <![CDATA[<6>]]></o:Card></o:Order>`;
const message = (soap: string): Buffer =>
  Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="${soap}" xmlns:o="urn:shop">\n <s:Header>` +
      `<o:Session>alice</o:Session><o:Other/></s:Header>\n <s:Body>${ORDER}</s:Body>\n</s:Envelope>\n`,
  );

const signingKey = (identity: Identity): SigningKey => ({
  key: identity.key,
  certificate: identity.certificate,
  chain: [pki.intermediate.certificate],
  name: identity.certificate.subject,
});
const signing = (changes: Partial<SignatureSettings> = {}): SignatureSettings => ({
  key: signingKey(pki.signer),
  algorithm: 'RSA-SHA256',
  digest: 'SHA256',
  canonicalization: 'ExclusiveC14N',
  inclusiveNamespaces: 'Auto',
  keyIdentifier: 'BinarySecurityToken',
  parts: [body, timestamp],
  confirm: false,
  ...changes,
});
const encrypting = (changes: Partial<EncryptionSettings> = {}): EncryptionSettings => ({
  recipient: { certificate: pki.recipient.certificate, name: 'recipient' },
  dataAlgorithm: 'AES256-GCM',
  keyTransport: 'RSA-OAEP',
  oaep: { digest: 'SHA256', mgf: 'MGF1-SHA256' },
  keyIdentifier: 'IssuerSerial',
  parts: [body],
  ...changes,
});
const securing = (changes: Partial<SecureSettings> = {}): SecureSettings => ({
  mustUnderstand: true,
  layout: 'Lax',
  order: 'SignThenEncrypt',
  timestamp: { ttl: 300_000, precision: 'Milliseconds' },
  ...changes,
});

/** Accepts everything that we implement, and demands what `secured` says it does. */
function verifying(secured: SecureSettings, changes: Partial<VerifySettings> = {}): VerifySettings {
  const { signature, encryption, usernameToken } = secured;
  return {
    actor: secured.actor,
    removeSecurityHeader: true,
    timestamp: secured.timestamp && { required: true, maxAge: 300_000, clockSkew: 0, maxLifetime: 300_000 },
    signature: signature && {
      trust: new TrustStore({
        anchors: [pki.ca.certificate],
        intermediates: [pki.intermediate, pki.signer, pki.ec256, pki.ec384, pki.ec521, pki.ed25519, pki.ed448].map(
          ({ certificate }) => certificate,
        ),
      }),
      secrets: [{ key: SECRET, name: 'shared' }],
      requiredParts: signature.parts,
      accept: {
        algorithms: names(signatureAlgorithms),
        digests: names(digests),
        canonicalizations: names(canonicalizations),
      },
    },
    decryption: encryption && {
      keys: [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' }],
      requiredParts: encryption.parts,
      accept: { dataAlgorithms: names(dataAlgorithms), keyTransports: names(keyTransports) },
      requireSignedEncryptedData: false,
    },
    usernameToken: usernameToken && {
      users: new Map([[usernameToken.username, usernameToken.password]]),
      passwordTypes: [usernameToken.passwordType],
      maxAge: 300_000,
      clockSkew: 0,
    },
    signatureConfirmation: false,
    replay: { window: 600_000, onCacheUnavailable: 'Refuse' },
    ...changes,
  };
}
const SECRET = createSecretKey(Buffer.alloc(32, 3));

/** Secures a message and verifies it; checks that the order arrives as it was sent. */
async function roundTrip(settings: SecureSettings, soap = SOAP11, exchange: ExchangeState = EMPTY_EXCHANGE) {
  const secured = await secure(readSoap(scan(message(soap))), settings, {
    now: NOW,
    exchange,
    sign: (hash, data, key) => signWith(hash, data, key),
  });
  const verified = verify(readSoap(scan(secured.bytes)), verifying(settings), {
    now: NOW,
    exchange: secured.exchange,
    limits: DEFAULT_LIMITS,
  });
  const ids = /( xmlns:wsu1?="[^"]*")? wsu1?:Id="[^"]*"/g;
  assert.equal(verified.bytes.toString().replace(ids, ''), message(soap).toString());
  return { secured, verified };
}

const signers: [Identity, SignatureAlgorithm[]][] = [
  [pki.signer, names(signatureAlgorithms).filter((name) => signatureAlgorithms[name].keyType === 'rsa')],
  [pki.ec256, ['ECDSA-SHA1', 'ECDSA-SHA256', 'ECDSA-SHA384', 'ECDSA-SHA512']],
  [pki.ec384, ['ECDSA-SHA384']],
  [pki.ec521, ['ECDSA-SHA512']],
  [pki.ed25519, ['Ed25519']],
  [pki.ed448, ['Ed448']],
];
const identifiers: KeyIdentifier[] = [
  'BinarySecurityToken',
  'IssuerSerial',
  'SubjectKeyIdentifier',
  'ThumbprintSHA1',
  'X509Certificate',
  'X509Data',
  'KeyValue',
  'KeyName',
];

for (const [identity, algorithms] of signers) {
  for (const algorithm of algorithms) {
    test(`${algorithm} by ${identity.certificate.subject}`, async () => {
      const { verified } = await roundTrip(securing({ signature: signing({ key: signingKey(identity), algorithm }) }));
      assert.equal(verified.identity.certificate?.fingerprint, identity.certificate.fingerprint);
      assert.deepEqual(verified.legacyAlgorithms, algorithm.endsWith('SHA1') ? [algorithm] : []);
    });
  }
  for (const keyIdentifier of identifiers) {
    test(`${keyIdentifier} by ${identity.certificate.subject}`, async () => {
      const signature = signing({ key: signingKey(identity), algorithm: algorithms.at(-1), keyIdentifier });
      await roundTrip(securing({ signature }));
    });
  }
}

for (const algorithm of ['HMAC-SHA1', 'HMAC-SHA256', 'HMAC-SHA384', 'HMAC-SHA512'] as const) {
  test(`${algorithm} with a shared secret`, async () => {
    const key = { key: SECRET, chain: [], name: 'shared' };
    await roundTrip(securing({ signature: signing({ key, algorithm, keyIdentifier: 'KeyName' }) }));
  });
}

for (const digest of names<DigestName>(digests)) {
  test(`digest ${digest}`, async () => {
    await roundTrip(securing({ signature: signing({ digest }) }));
  });
}

for (const canonicalization of names<CanonicalizationName>(canonicalizations)) {
  for (const inclusiveNamespaces of ['Auto', 'None', ['o', '#default']] as const) {
    test(`${canonicalization} with prefixes ${String(inclusiveNamespaces)}`, async () => {
      await roundTrip(securing({ signature: signing({ canonicalization, inclusiveNamespaces }) }));
    });
  }
}

const tokenIdentifiers = identifiers.filter((identifier) => identifier !== 'KeyValue' && identifier !== 'KeyName');
for (const keyIdentifier of tokenIdentifiers.filter((identifier) => identifier !== 'X509Data')) {
  test(`the token is signed through an STR-Transform: ${keyIdentifier}`, async () => {
    const signature = signing({ keyIdentifier, parts: [body, timestamp, tokenPart] });
    await roundTrip(securing({ signature }));
  });
}

for (const tokenType of ['X509PKIPathv1', 'PKCS7'] as const) {
  test(`a chain in one token: ${tokenType}`, async () => {
    const key = { ...signingKey(pki.signer), chain: [pki.intermediate.certificate, pki.ca.certificate] };
    const signature = signing({ key, tokenType, parts: [body, timestamp, tokenPart] });
    const { secured, verified } = await roundTrip(securing({ signature }));
    assert.equal(verified.identity.certificate?.fingerprint, pki.signer.certificate.fingerprint);
    const type = `oasis-200401-wss-x509-token-profile-1.0#${tokenType}"`;
    assert.equal(secured.bytes.toString().split(type).length - 1, 3, 'of the token, its reference and the TokenType');
  });
}

// 3DES is for decryption only.
for (const dataAlgorithm of names<DataAlgorithm>(dataAlgorithms).filter((name) => name !== 'TripleDES-CBC')) {
  for (const keyTransport of names<RsaKeyTransport>(keyTransports)) {
    test(`${dataAlgorithm} with ${keyTransport}`, async () => {
      await roundTrip(securing({ encryption: encrypting({ dataAlgorithm, keyTransport }) }));
    });
  }
}

for (const digest of names<DigestName>(digests)) {
  for (const mgf of names<MgfName>(mgfs)) {
    test(`RSA-OAEP with ${digest} and ${mgf}`, async () => {
      await roundTrip(securing({ encryption: encrypting({ oaep: { digest, mgf } }) }));
    });
  }
}

for (const keyIdentifier of identifiers) {
  test(`the recipient named by ${keyIdentifier}`, async () => {
    await roundTrip(securing({ encryption: encrypting({ keyIdentifier }) }));
  });
}

const partSets: Record<string, readonly Part[]> = {
  'Body content': [body],
  'Body and header': [body, session],
  'header content': [{ ...session, mode: 'Content' }],
  'elements in the Body': [card],
  'Timestamp and UsernameToken': [timestamp, own('UsernameToken')],
  Signature: [body, own('Signature')],
  everything: [body, session, timestamp, own('UsernameToken'), own('Signature')],
};
for (const soap of [SOAP11, SOAP12]) {
  for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
    for (const [name, parts] of Object.entries(partSets)) {
      if (order === 'EncryptThenSign' && parts.some(({ kind }) => kind === 'Signature')) continue;
      test(`${order} of ${name} in SOAP ${soap === SOAP11 ? '1.1' : '1.2'}`, async () => {
        const settings = securing({
          order,
          usernameToken: { username: 'alice', password: 'secret', passwordType: 'Digest', nonce: true, created: true },
          signature: signing({ parts: [body, timestamp, session, own('UsernameToken')] }),
          encryption: encrypting({ parts }),
        });
        const { verified } = await roundTrip(settings, soap);
        assert.equal(verified.identity.username, 'alice');
        assert.deepEqual(
          verified.replay.map(({ kind }) => kind),
          ['signature', 'nonce'],
        );
      });
    }
  }
}

for (const layout of ['Lax', 'Strict', 'LaxTimestampFirst', 'LaxTimestampLast'] as const satisfies Layout[]) {
  for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
    test(`layout ${layout}, ${order}, for another actor`, async () => {
      await roundTrip(
        securing({ layout, order, actor: 'urn:gateway', signature: signing(), encryption: encrypting() }),
      );
    });
  }
}

for (const passwordType of ['Text', 'Digest', 'None'] as const) {
  test(`UsernameToken with password type ${passwordType}`, async () => {
    const usernameToken = {
      username: 'bob',
      password: passwordType === 'None' ? '' : 'a&<b',
      passwordType,
      nonce: true,
      created: true,
    };
    const { verified } = await roundTrip(securing({ timestamp: undefined, usernameToken }));
    assert.equal(verified.identity.username, 'bob');
  });
}

test('a whole exchange: request signed and confirmed, answer encrypted to who signed it', async () => {
  const request = await roundTrip(securing({ signature: signing({ key: signingKey(pki.recipient) }) }));
  assert.equal(request.verified.exchange.verifiedSignatures.length, 1);
  assert.deepEqual(request.verified.exchange.verifiedSignatures, request.secured.exchange.sentSignatures);
  const answering = securing({
    signature: signing({ confirm: true }),
    encryption: encrypting({ recipient: 'RequestSigner' }),
  });
  const answer = await secure(readSoap(scan(message(SOAP11))), answering, {
    now: NOW,
    exchange: request.verified.exchange,
    sign: (hash, data, key) => signWith(hash, data, key),
  });
  const settings = verifying(answering, { signatureConfirmation: true });
  const context = { now: NOW, exchange: request.secured.exchange, limits: DEFAULT_LIMITS };
  const verified = verify(readSoap(scan(answer.bytes)), settings, context);
  assert.ok(verified.bytes.includes(ORDER));
  const stranger = { ...context, exchange: { ...EMPTY_EXCHANGE, sentSignatures: ['AAAA'] } };
  assert.throws(() => verify(readSoap(scan(answer.bytes)), settings, stranger), {
    code: 'ERR_WSS_SIGNATURE_CONFIRMATION',
  });
});
