import assert from 'node:assert/strict';
import { constants, publicEncrypt } from 'node:crypto';
import { test } from 'node:test';
import { createPki } from '../../../test/support/pki.ts';
import { DS, XENC } from '../../wss/namespaces.ts';
import type { DecryptionKey } from '../../wss/settings.ts';
import { TokenAnswerError } from '../errors.ts';
import type { WsTrustSettings } from '../settings.ts';
import { pSha1 } from '../../wss/derived-key/p-sha1.ts';
import { readTrustAnswer } from './read-answer.ts';
import { cxf, TRUST_13, TRUST_2005, wcf } from './testdata/answers.ts';
import { readMessage, trustSettings } from './testdata/settings.ts';

const pki = createPki();
const KEYS: readonly DecryptionKey[] = [
  { key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'ours' },
];
const OURS = Buffer.alloc(32, 1);
const THEIRS = Buffer.alloc(32, 2);
const KEY = Buffer.alloc(32, 3);

const secret = (octets: Buffer, type = '/Nonce'): string =>
  `<BinarySecret Type="${TRUST_13}${type}">${octets.toString('base64')}</BinarySecret>`;
const proof = (inner: string): string => `<RequestedProofToken>${inner}</RequestedProofToken>`;
const entropy = (inner: string): string => `<Entropy>${inner}</Entropy>`;
const COMPUTED = `<ComputedKey>${TRUST_13}/CK/PSHA1</ComputedKey>`;

const OAEP = `${XENC}rsa-oaep-mgf1p`;
function encrypted(octets: Buffer, algorithm = OAEP, identity = pki.recipient): string {
  const padding = algorithm === OAEP ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_PKCS1_PADDING;
  const value = publicEncrypt({ key: identity.certificate.publicKey, padding, oaepHash: 'sha1' }, octets);
  return (
    `<x:EncryptedKey xmlns:x="${XENC}"><x:EncryptionMethod Algorithm="${algorithm}"/><ds:KeyInfo xmlns:ds="${DS}">` +
    `<ds:KeyName>ours</ds:KeyName></ds:KeyInfo><x:CipherData><x:CipherValue>${value.toString('base64')}</x:CipherValue>` +
    `</x:CipherData></x:EncryptedKey>`
  );
}

interface Asked {
  readonly settings?: Partial<WsTrustSettings>;
  readonly sent?: Buffer | undefined;
  readonly keys?: readonly DecryptionKey[];
  readonly operation?: 'Issue' | 'Renew';
}

function secretOf(
  more: string,
  { settings, sent = OURS, keys = KEYS, operation = 'Issue' }: Asked = {},
): Buffer | undefined {
  const request = { body: '', action: '', ...(sent.length > 0 && { entropy: sent }) };
  const using = trustSettings({ keyType: 'Symmetric', ...settings });
  const answer = readTrustAnswer(readMessage(cxf({ more })), request, operation, using, { keys });
  assert.ok(answer !== undefined && 'token' in answer);
  return answer.token.secret && Buffer.from(answer.token.secret);
}

/** The issuer makes the key, so that we sent nothing. */
const NOTHING = Buffer.alloc(0);
const issuer = { settings: { entropy: 'Issuer' }, sent: NOTHING } as const;
const requester = { settings: { entropy: 'Requester' } } as const;

const refused = (more: string, why: RegExp, asked: Asked = {}): void =>
  assert.throws(
    () => secretOf(more, asked),
    (error) => error instanceof TokenAnswerError && why.test(error.message),
  );

test('a key of both sides is computed', () => {
  const expected = pSha1(OURS, THEIRS, 32);
  assert.deepEqual(secretOf(proof(COMPUTED) + entropy(secret(THEIRS))), expected);
  assert.deepEqual(secretOf(entropy(secret(THEIRS)) + proof(COMPUTED) + '<KeySize>256</KeySize>'), expected);
  assert.deepEqual(secretOf(proof(COMPUTED) + entropy(encrypted(THEIRS))), expected);
  // It is no less ours when the issuer adds to it.
  assert.deepEqual(secretOf(proof(COMPUTED) + entropy(secret(THEIRS)), requester), expected);
  assert.equal(secretOf(proof(COMPUTED) + entropy(secret(THEIRS)), { settings: { keySize: 128 } })?.length, 16);
});

test('2005-02 computes it with its own words', () => {
  const more =
    `<t:RequestedProofToken><t:ComputedKey>${TRUST_2005}/CK/PSHA1</t:ComputedKey></t:RequestedProofToken>` +
    `<t:Entropy><t:BinarySecret>${THEIRS.toString('base64')}</t:BinarySecret></t:Entropy>`;
  const xml = wcf({ more }).replace(
    'http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey',
    `${TRUST_2005}/SymmetricKey`,
  );
  const using = trustSettings({ version: '2005-02', tokenType: 'SAML1', keyType: 'Symmetric' });
  const answer = readTrustAnswer(readMessage(xml), { body: '', action: '', entropy: OURS }, 'Issue', using, {
    keys: [],
  });
  assert.ok(answer !== undefined && 'token' in answer);
  assert.deepEqual(answer.token.secret, pSha1(OURS, THEIRS, 32));
});

test('a key of the issuer stands in the answer, in clear or encrypted for us', () => {
  assert.deepEqual(secretOf(proof(secret(KEY)), issuer), KEY);
  assert.deepEqual(secretOf(proof(secret(KEY, '/SymmetricKey')), issuer), KEY);
  assert.deepEqual(secretOf(proof(encrypted(KEY)), issuer), KEY);
});

test('a key of ours is what we sent', () => {
  assert.deepEqual(secretOf('', requester), OURS);
});

test('a token that is renewed keeps its key, or gets another', () => {
  assert.equal(secretOf('', { operation: 'Renew', sent: NOTHING }), undefined);
  assert.deepEqual(secretOf(proof(secret(KEY)), { operation: 'Renew', sent: NOTHING }), KEY);
});

test('a token without a secret key has none', () => {
  for (const keyType of ['Bearer', 'Public'] as const) {
    const asked = { settings: { keyType }, sent: NOTHING };
    assert.equal(secretOf('', asked), undefined);
    for (const more of [proof(secret(KEY)), proof(''), entropy(secret(KEY))]) refused(more, /not asked for/, asked);
  }
});

test('a key in which somebody has no part who should is refused', () => {
  refused('', /issuer has no part/);
  refused(proof(secret(KEY)), /entropy: Issuer/);
  refused(proof(secret(KEY)), /entropy: Issuer/, requester);
  refused('', /no secret key/, issuer);
  refused(proof(COMPUTED), /answer does not have/);
  refused(proof(COMPUTED) + entropy(secret(THEIRS)), /did not send/, issuer);
  refused(entropy(secret(THEIRS)), /what for/);
});

test('a key of another size, type or form is refused', () => {
  for (const length of [1, 16, 31, 33]) {
    refused(proof(secret(Buffer.alloc(length))), /size/, issuer);
    refused(proof(encrypted(Buffer.alloc(length))), /size/, issuer);
  }
  refused(proof(COMPUTED) + entropy(secret(THEIRS)) + '<KeySize>128</KeySize>', /size/);
  refused(`<KeyType>${TRUST_13}/Bearer</KeyType>${proof(secret(KEY))}`, /type/, issuer);
  refused(proof(secret(KEY, '/AsymmetricKey')), /private key/, issuer);
  refused(proof(`<ComputedKey>${TRUST_2005}/CK/PSHA1</ComputedKey>`) + entropy(secret(THEIRS)), /P_SHA1/);
  refused(proof('<Other/>'), /form/, issuer);
  refused(proof(''), /exactly one/, issuer);
  refused(proof(secret(KEY) + secret(KEY)), /exactly one/, issuer);
  refused(proof(COMPUTED) + entropy(''), /exactly one/);
  refused(proof(secret(KEY)).repeat(2), /ERR_WSS_INVALID_STRUCTURE/, issuer);
});

test('a secret is base64 and nothing else', () => {
  const base64 = KEY.toString('base64');
  for (const text of ['', '=', `${base64}<!-- -->`, `<x/>${base64}`, `${base64.slice(0, -1)}`, 'Secret9!']) {
    const more = proof(`<BinarySecret>${text}</BinarySecret>`);
    refused(more, /^the token service's answer is refused: ERR_WSS_INVALID_STRUCTURE$/, issuer);
  }
  assert.deepEqual(
    secretOf(proof(`<BinarySecret>\n ${base64.slice(0, 20)}\n${base64.slice(20)} </BinarySecret>`), issuer),
    KEY,
  );
});

test('a key that is encrypted for somebody else, or badly, is refused', () => {
  refused(proof(encrypted(KEY, OAEP, pki.signer)), /ERR_WSS_DECRYPTION_FAILED/, issuer);
  refused(proof(encrypted(KEY, `${XENC}rsa-1_5`)), /ERR_WSS_ALGORITHM_NOT_ACCEPTED/, issuer);
  refused(proof(encrypted(KEY)), /ERR_WSS_KEY_NOT_FOUND/, { ...issuer, keys: [] });
});
