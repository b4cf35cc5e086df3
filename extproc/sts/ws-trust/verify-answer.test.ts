import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encryptionSettings,
  NOW,
  pki,
  SIGNATURE,
  secureText,
  signatureSettings,
  signingKey,
  TIMESTAMP_SETTINGS,
} from '../../../test/support/securing.ts';
import { TrustStore } from '../../keys/trust-store.ts';
import { SOAP12, WSSE, WSU } from '../../wss/namespaces.ts';
import type { SecureSettings } from '../../wss/settings.ts';
import { TokenAnswerError } from '../errors.ts';
import type { TokenCredential, WsTrustSettings } from '../settings.ts';
import { readTrustAnswer } from './read-answer.ts';
import { readTrustFault } from './read-fault.ts';
import { ADDRESSING, CREATED, cxf, MESSAGE_ID, saml1, saml2, TRUST_13, wcf } from './testdata/answers.ts';
import { credentialOf, trustSettings } from './testdata/settings.ts';
import { verifyAnswer } from './verify-answer.ts';

const SOAP12_TYPE = 'application/soap+xml; charset=utf-8; action="urn:x"';
const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate] });
const TRUSTING = { trust };
const OURS = [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'ours' }];
const WITH_KEY = { decryptionKeys: OURS };

const timestamp = TIMESTAMP_SETTINGS;
const signed: Partial<SecureSettings> = { timestamp, signature: signatureSettings() };
const encrypted: Partial<SecureSettings> = { timestamp, encryption: encryptionSettings() };

async function secured(settings: Partial<SecureSettings>, xml = cxf()): Promise<Buffer> {
  return (await secureText(xml, settings)).bytes;
}

interface Asked {
  readonly settings?: Partial<WsTrustSettings>;
  readonly type?: string | undefined;
  readonly credential?: TokenCredential;
  readonly messageId?: string;
  readonly now?: number;
}

/** The token of an answer that is good. */
function token(
  answer: string | Buffer,
  { settings, type = SOAP12_TYPE, credential, messageId, now = NOW }: Asked = {},
): string {
  const using = trustSettings(settings);
  const sent = messageId === undefined ? {} : { messageId };
  const message = verifyAnswer(Buffer.from(answer), type, using, credential, now, sent);
  const read = readTrustAnswer(message, { body: '', action: '' }, 'Issue', using, { keys: [] });
  assert.ok(read !== undefined && 'token' in read);
  return Buffer.from(read.token.bytes).toString();
}

const refused = (answer: string | Buffer, why: RegExp, asked: Asked = {}): void =>
  assert.throws(
    () => token(answer, asked),
    (error) => error instanceof TokenAnswerError && why.test(error.message),
  );

const isToken = (text: string): boolean => text.endsWith(saml2().slice(20));

test('without trust a plain answer will do, and one with a Timestamp', async () => {
  assert.ok(isToken(token(cxf())));
  assert.ok(isToken(token(await secured({ timestamp }))));
  const settings = { version: '2005-02', tokenType: 'SAML1' } as const;
  assert.equal(token(wcf(), { settings, type: 'text/xml; charset=utf-8', now: CREATED }), saml1());
});

test('with trust Body and Timestamp must be signed by somebody trusted', async () => {
  assert.ok(isToken(token(await secured(signed), { settings: TRUSTING })));
  assert.ok(
    isToken(
      token(
        await secured({
          signature: signatureSettings({ parts: [{ kind: 'Body', mode: 'Content', optional: false }] }),
        }),
        { settings: TRUSTING },
      ),
    ),
  );
  refused(cxf(), /ERR_WSS_SECURITY_HEADER_MISSING/, { settings: TRUSTING });
  refused(await secured({ timestamp }), /ERR_WSS_SIGNATURE_MISSING/, { settings: TRUSTING });
  const bodyOnly = signatureSettings({ parts: [{ kind: 'Body', mode: 'Content', optional: false }] });
  refused(await secured({ timestamp, signature: bodyOnly }), /ERR_WSS_PART_NOT_SIGNED/, { settings: TRUSTING });
  const timeOnly = signatureSettings({ parts: [{ kind: 'Timestamp', mode: 'Element', optional: false }] });
  refused(await secured({ timestamp, signature: timeOnly }), /ERR_WSS_PART_NOT_SIGNED/, { settings: TRUSTING });
  const stranger = signatureSettings({ key: signingKey(pki.untrusted) });
  refused(await secured({ timestamp, signature: stranger }), /ERR_WSS_CERTIFICATE_UNTRUSTED/, { settings: TRUSTING });
  const changed = (await secured(signed)).toString().replace('Zoë', 'Zoe');
  refused(changed, /ERR_WSS_DIGEST_MISMATCH/, { settings: TRUSTING });
});

test('only SHA-2 signs', async () => {
  for (const changes of [{ algorithm: 'RSA-SHA1' }, { digest: 'SHA1' }] as const) {
    const weak = await secured({ timestamp, signature: signatureSettings(changes) });
    refused(weak, /ERR_WSS_ALGORITHM_NOT_ACCEPTED/, { settings: TRUSTING });
  }
  for (const [key, algorithm] of [
    [pki.signer, 'RSA-PSS-SHA512'],
    [pki.ec256, 'ECDSA-SHA256'],
    [pki.ed25519, 'Ed25519'],
    [pki.ed448, 'Ed448'],
  ] as const) {
    const good = await secured({ timestamp, signature: signatureSettings({ key: signingKey(key), algorithm }) });
    assert.ok(isToken(token(good, { settings: TRUSTING })));
  }
});

test('a signature that nobody can check is refused', async () => {
  refused(await secured(signed), /no trustRefs/);
  refused(await secured(signed), /no trustRefs/, { settings: WITH_KEY });
  const hidden = await secured({ ...signed, encryption: encryptionSettings({ parts: [SIGNATURE] }) });
  refused(hidden, /no trustRefs/, { settings: WITH_KEY });
});

test('an encrypted answer is decrypted with a key of the service or of the credential', async () => {
  assert.ok(isToken(token(await secured(encrypted), { settings: WITH_KEY })));
  assert.ok(isToken(token(await secured(encrypted), { credential: credentialOf(pki.recipient) })));
  assert.ok(isToken(token(await secured({ ...signed, ...encrypted }), { settings: { ...TRUSTING, ...WITH_KEY } })));
  const cbc = encryptionSettings({ dataAlgorithm: 'AES256-CBC' });
  assert.ok(isToken(token(await secured({ encryption: cbc }), { settings: WITH_KEY })));
  refused(await secured(encrypted), /ERR_WSS_KEY_NOT_FOUND/);
  refused(await secured(encrypted), /ERR_WSS_KEY_NOT_FOUND/, { credential: credentialOf(pki.ec256) });
  refused(await secured(encrypted), /ERR_WSS_DECRYPTION_FAILED/, { credential: credentialOf(pki.signer) });
  refused(await secured(encrypted), /ERR_WSS_SIGNATURE_MISSING/, { settings: { ...TRUSTING, ...WITH_KEY } });
  const rsa15 = encryptionSettings({ keyTransport: 'RSA-1_5' });
  refused(await secured({ encryption: rsa15 }), /ERR_WSS_ALGORITHM_NOT_ACCEPTED/, { settings: WITH_KEY });
  // Encrypted, and the header that says for whom is gone.
  const headless = (await secured(encrypted)).toString().replace(/<wsse:Security.*<\/wsse:Security>/s, '');
  refused(headless, /not one RequestSecurityTokenResponse/, { settings: WITH_KEY });
});

test('a token that is encrypted for the backend stays as it is', async () => {
  const inner = `<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#" Type="urn:t"><x:CipherData/></x:EncryptedData>`;
  const answer = await secured({ ...signed, ...encrypted }, cxf({ token: inner }));
  const found = token(answer, { settings: { ...TRUSTING, ...WITH_KEY } });
  assert.ok(found.endsWith(inner.slice('<x:EncryptedData'.length)));
});

test('a Timestamp is checked', async () => {
  const answer = await secured({ timestamp });
  const minute = 60_000;
  assert.ok(token(answer, { now: NOW - minute }));
  assert.ok(token(answer, { now: NOW + 6 * minute - 1 }));
  refused(answer, /ERR_WSS_TIMESTAMP_IN_FUTURE/, { now: NOW - minute - 1 });
  refused(answer, /ERR_WSS_TIMESTAMP_EXPIRED/, { now: NOW + 6 * minute + 1 });
  const endless = (await secured({ timestamp })).toString().replace(/<wsu:Expires>.*?<\/wsu:Expires>/, '');
  assert.ok(token(endless, { now: NOW + 6 * minute }));
  refused(endless, /ERR_WSS_TIMESTAMP_EXPIRED/, { now: NOW + 6 * minute + 1 });
  const header = `<o:Security xmlns:o="${WSSE}" xmlns:u="${WSU}"><u:Timestamp/></o:Security>`;
  refused(cxf({ header }), /ERR_WSS_INVALID_STRUCTURE/);
  refused(cxf({ header: header + header }), /ERR_WSS_SECURITY_HEADER_DUPLICATED/);
});

test('an answer relates to our request, if it says to which', () => {
  assert.ok(token(cxf(), { messageId: MESSAGE_ID }));
  assert.ok(token(cxf({ header: '' }), { messageId: MESSAGE_ID }));
  assert.ok(token(cxf({ header: `<RelatesTo xmlns="${ADDRESSING}">urn:other</RelatesTo>` })));
  refused(cxf(), /another request/, { messageId: 'urn:uuid:other' });
  const related = (type: string, id: string) => `<a:RelatesTo xmlns:a="${ADDRESSING}"${type}>${id}</a:RelatesTo>`;
  const reply = ` RelationshipType="${ADDRESSING}/reply"`;
  refused(cxf({ header: related(reply, 'urn:other') }), /another request/, { messageId: MESSAGE_ID });
  assert.ok(token(cxf({ header: related(' RelationshipType="urn:x"', 'urn:other') }), { messageId: MESSAGE_ID }));
  assert.ok(token(cxf({ header: related('', 'urn:other') + related(reply, MESSAGE_ID) }), { messageId: MESSAGE_ID }));
  const older = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
  refused(cxf({ header: related('', 'urn:other').replace(ADDRESSING, older) }), /another request/, {
    messageId: MESSAGE_ID,
  });
});

test('the Content-Type is that of the version of SOAP', () => {
  for (const type of ['application/soap+xml', ' Application/SOAP+XML ;charset=x']) assert.ok(token(cxf(), { type }));
  const soap11 = cxf().replaceAll(SOAP12, 'http://schemas.xmlsoap.org/soap/envelope/');
  for (const type of ['text/xml', 'application/xml; charset="utf-8"']) assert.ok(token(soap11, { type }));
  refused(cxf(), /another version/, { type: 'text/xml' });
  refused(soap11, /another version/);
  for (const type of ['', 'text/html', 'application/soap+xml, text/xml', 'multipart/related; type="text/xml"']) {
    refused(cxf(), /Content-Type/, { type });
  }
  assert.throws(() => verifyAnswer(Buffer.from(cxf()), undefined, trustSettings(), undefined, NOW, {}), /Content-Type/);
});

test('a Fault is no more than a reason, so it need not prove anything', async () => {
  const fault =
    `<s:Envelope xmlns:s="${SOAP12}" xmlns:w="${TRUST_13}"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>` +
    `<s:Value>w:RequestFailed</s:Value></s:Subcode></s:Code></s:Fault></s:Body></s:Envelope>`;
  for (const answer of [fault, await secured(signed, fault)]) {
    const message = verifyAnswer(Buffer.from(answer), SOAP12_TYPE, trustSettings(TRUSTING), undefined, NOW, {});
    assert.equal(readTrustFault(message), 'RequestFailed');
  }
});

test('what is not SOAP, or too large, is refused by the name of what is wrong', () => {
  refused('<html>', /^the token service's answer is refused: ERR_XML_NOT_WELL_FORMED$/);
  refused('<Envelope/>', /ERR_SOAP_UNKNOWN_VERSION$/);
  refused(`<!DOCTYPE a [<!ENTITY x "y">]>${cxf()}`, /ERR_XML_DOCTYPE$/);
  refused(cxf({ token: `<a>${'b'.repeat(1024 * 1024)}</a>` }), /ERR_XML_LIMIT$/);
  refused(cxf({ token: '<a>'.repeat(200) + '</a>'.repeat(200) }), /ERR_XML_LIMIT$/);
  refused(cxf({ token: `<a>${'<b/>'.repeat(20_000)}</a>` }), /ERR_XML_LIMIT$/);
  refused(Buffer.from(cxf(), 'latin1'), /ERR_XML_ENCODING$/);
  refused(Buffer.from(cxf(), 'utf16le'), /ERR_XML/);
});
