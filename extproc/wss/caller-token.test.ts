import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import {
  BODY,
  check,
  decryptionSettings,
  envelope,
  honest,
  pki,
  refusal,
  seal,
  security,
  settings,
  signature,
  signatureSettings,
  timestamp,
  token,
} from '../../test/attacks/forge.ts';
import {
  encryptionSettings,
  secureText,
  signatureSettings as ownSignature,
  signingKey as ownSigningKey,
  TIMESTAMP_SETTINGS,
} from '../../test/support/securing.ts';
import { TrustStore } from '../keys/trust-store.ts';
import { scan } from '../xml/scan.ts';
import { X509_V3, WSSE, WSU } from './namespaces.ts';
import type { VerifySettings } from './settings.ts';
import type { Verified } from './verify.ts';

const login = (username: string, password = 'secret', attributes = '') =>
  `<wsse:UsernameToken wsu:Id="UT-1"${attributes}><wsse:Username>${username}</wsse:Username>` +
  `${password === '' ? '' : `<wsse:Password>${password}</wsse:Password>`}</wsse:UsernameToken>`;
const users = new Map([
  ['alice', 'secret'],
  ['bob', 'secret'],
]);
const usernameToken = { users, passwordTypes: ['Text', 'None'], maxAge: 300_000, clockSkew: 0 } as const;
const byLogin = settings({ timestamp: undefined, signature: undefined, usernameToken, caller: true });
const bySignature = settings({ caller: true });

function callerOf(xml: string, using: VerifySettings): NonNullable<Verified['caller']> {
  const { caller } = check(xml, using);
  assert.ok(caller);
  return caller;
}
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('only a policy that wants to know is told', () => {
  assert.equal(check(honest()).caller, undefined);
  assert.equal(
    check(envelope(''), settings({ timestamp: undefined, signature: undefined, caller: true })).caller,
    undefined,
  );
});

test('the UsernameToken, made to stand by itself', () => {
  const xml = envelope(security(login('alice', 'secret', ' xmlns:x="urn:x" x:y="s:z"')));
  const expected = login('alice', 'secret', ' xmlns:x="urn:x" x:y="s:z"');
  const { bytes } = callerOf(xml, byLogin);
  const declared = / xmlns:(wsse|wsu|s)="[^"]*"/g;
  assert.equal(text(bytes).replace(declared, ''), expected);
  const index = scan(Buffer.from(bytes));
  assert.ok(index.is(0, WSSE, 'UsernameToken'));
  assert.equal(index.attribute(0, WSU, 'Id'), 'UT-1');
  assert.equal(index.namespaceOf(0, 's'), 'http://schemas.xmlsoap.org/soap/envelope/');
});

test('equal for one caller, different for two, whatever they call themselves', () => {
  const identity = (name: string, password?: string, using = byLogin) =>
    callerOf(envelope(security(login(name, password))), using).identity;
  const alice = identity('alice');
  assert.match(alice, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(identity('alice'), alice);
  const other = { ...usernameToken, users: new Map([['alice', 'other']]) };
  const identities = [
    alice,
    identity('bob'),
    identity('alice', ''),
    identity('alice', 'other', { ...byLogin, usernameToken: other }),
    callerOf(honest(), bySignature).identity,
    callerOf(honest(pki.ec256, { algorithm: 'ECDSA-SHA256' }), bySignature).identity,
  ];
  assert.equal(new Set(identities).size, identities.length);
  assert.equal(callerOf(honest(), bySignature).identity, identities[4]);
});

test('a claim without password is told apart by who signed it', () => {
  const claim = (identity: typeof pki.signer, algorithm: 'RSA-SHA256' | 'ECDSA-SHA256') => {
    const unsigned = envelope(security(token(identity) + timestamp() + login('alice', '') + signature({ algorithm })));
    const using = settings({ usernameToken, caller: true });
    return callerOf(seal(unsigned, identity.key, algorithm), using).identity;
  };
  assert.notEqual(claim(pki.signer, 'RSA-SHA256'), claim(pki.ec256, 'ECDSA-SHA256'));
});

test('the certificate that signed: the token of the message, or one made of it', () => {
  const { bytes } = callerOf(honest(), bySignature);
  assert.equal(text(bytes).replace(/ xmlns:(wsse|wsu)="[^"]*"/g, ''), token(pki.signer));
  scan(Buffer.from(bytes));

  const { issuer, serialNumber, base64, fingerprint } = pki.signer.certificate;
  const named =
    `<wsse:SecurityTokenReference><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>${issuer}</ds:X509IssuerName>` +
    `<ds:X509SerialNumber>${serialNumber}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></wsse:SecurityTokenReference>`;
  const intermediates = [pki.intermediate.certificate, pki.signer.certificate];
  const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates });
  const using = { ...bySignature, signature: signatureSettings({ trust }) };
  const made = callerOf(honest(pki.signer, { keyInfo: named }), using);
  const index = scan(Buffer.from(made.bytes));
  assert.ok(index.is(0, WSSE, 'BinarySecurityToken'));
  assert.equal(index.attribute(0, '', 'ValueType'), X509_V3);
  assert.equal(index.attribute(0, WSU, 'Id'), `X509-${fingerprint}`);
  assert.equal(index.text(0), base64);
  assert.equal(made.identity, callerOf(honest(), bySignature).identity);
});

test('a token that was moved by decryption is found again', async () => {
  // The header block stands before the token, and is decrypted after the signature has been checked.
  const session = { kind: 'Header', namespace: 'urn:shop', mode: 'Element', optional: false } as const;
  const header = `<o:Session xmlns:o="urn:shop">${'long'.repeat(100)}</o:Session><wsse:Security xmlns:wsse="${WSSE}"/>`;
  const { bytes } = await secureText(envelope(header), {
    order: 'EncryptThenSign',
    timestamp: TIMESTAMP_SETTINGS,
    signature: ownSignature({ key: ownSigningKey(pki.signer) }),
    encryption: encryptionSettings({
      recipient: { certificate: pki.recipient.certificate, name: 'recipient' },
      parts: [session],
    }),
  });
  const accept = { dataAlgorithms: ['AES256-GCM'], keyTransports: ['RSA-OAEP'] } as const;
  const decryption = decryptionSettings({ requiredParts: [session], accept });
  const { caller, message } = check(bytes, settings({ decryption, caller: true }));
  const index = scan(Buffer.from(caller?.bytes ?? []));
  assert.equal(index.text(0), pki.signer.certificate.base64);
  assert.ok(bytes.includes(`wsu:Id="${index.attribute(0, WSU, 'Id')}"`));
  assert.notEqual(message.index.bytes.length, bytes.length);
});

test('a comment in a token is refused', () => {
  const commented = login('alice').replace('</wsse:UsernameToken>', '<!-- c --></wsse:UsernameToken>');
  assert.equal(refusal(envelope(security(commented)), byLogin), 'ERR_WSS_INVALID_TOKEN');
  const inside = login('alice').replace('alice', 'ali<!-- -->ce');
  assert.equal(refusal(envelope(security(inside)), byLogin), 'ERR_WSS_INVALID_STRUCTURE');
});

test('a shared secret says who nobody is', () => {
  const key = createSecretKey(Buffer.alloc(32, 3));
  const keyInfo = '<ds:KeyName>shared</ds:KeyName>';
  const xml = seal(
    envelope(security(timestamp() + signature({ keyInfo, algorithm: 'HMAC-SHA256' }))),
    key,
    'HMAC-SHA256',
  );
  const accept = { ...signatureSettings().accept, algorithms: ['HMAC-SHA256'] } as const;
  const hmac = { trust: undefined, secrets: [{ key, name: 'shared' }], requiredParts: [BODY], accept };
  const verified = check(xml, settings({ signature: hmac, caller: true }));
  assert.equal(verified.caller, undefined);
});
