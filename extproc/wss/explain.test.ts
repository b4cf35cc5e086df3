import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  at,
  body,
  BODY,
  decryptionSettings,
  encryptedData,
  encryptedKey,
  envelope,
  EXC,
  honest,
  NOW,
  ORDER,
  pki,
  reference,
  seal,
  security,
  settings,
  signature,
  signatureSettings,
  timestamp,
  token,
} from '../../test/attacks/forge.ts';
import { assertion2, bearerSettings, issueAssertion } from '../../test/attacks/forge-saml.ts';
import { DEFAULT_LIMITS } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import { EMPTY_EXCHANGE } from './exchange-state.ts';
import { explain, type Explanation } from './explain.ts';
import { readSoap } from './soap.ts';
import type { VerifyContext } from './verification.ts';

const KEY = randomBytes(32);
const explained = (xml: string, using = settings(), context: Partial<VerifyContext> = {}): Explanation =>
  explain(readSoap(scan(Buffer.from(xml))), using, {
    ...{ now: NOW, exchange: EMPTY_EXCHANGE, limits: DEFAULT_LIMITS },
    ...context,
  });
const wrong = (xml: string, using = settings(), context: Partial<VerifyContext> = {}): string =>
  explained(xml, using, context)
    .findings.filter(({ ok }) => ok === false)
    .map(({ about, detail, cause }) => `${about}: ${detail} | ${cause ?? ''}`)
    .join('\n');

test('says of an accepted message what was found', () => {
  const { accepted, refusal, findings } = explained(honest());
  assert.equal(accepted, true);
  assert.equal(refusal, undefined);
  assert.deepEqual(
    findings.filter(({ ok }) => ok === false),
    [],
  );
  const text = findings.map(({ about, detail }) => `${about}: ${detail}`).join('\n');
  assert.match(text, /Signature 1, key: trusted: CN=signer/);
  assert.match(text, /Signature 1, reference 2: #Body-1 is Envelope\/Body; the SHA256 digest matches/);
});

test('says everything that is wrong at once', () => {
  const old = seal(
    envelope(security(token(pki.untrusted) + timestamp(at(-900_000), at(-600_000)) + signature())),
    pki.untrusted.key,
  );
  const { refusal, accepted } = explained(old.replace('book', 'look'));
  assert.deepEqual([accepted, refusal?.code], [false, 'ERR_WSS_CERTIFICATE_UNTRUSTED']);
  const text = wrong(old.replace('book', 'look'));
  assert.match(text, /Signature 1, key: .*/);
  assert.match(text, /Signature 1, reference 2: the digest .* Envelope\/Body was changed after signing/);
  assert.match(text, /Timestamp: .* Our clock says/);
  assert.doesNotMatch(text, /SignatureValue/, 'the value is right, whoever made it');
});

const lines = '<o:Order xmlns:o="urn:shop">\n<o:Item>bücher</o:Item>\n</o:Order>';
const sealedLines = seal(
  envelope(security(token(pki.signer) + timestamp() + signature()), body(lines)),
  pki.signer.key,
);
const causes: [string, string, RegExp][] = [
  ['pretty-printed', honest().replace(ORDER, ORDER.replace('><o:Item', '>\n  <o:Item')), /pretty-printer/],
  [
    'text-mode transfer',
    seal(
      envelope(security(token(pki.signer) + timestamp() + signature()), body(lines.replaceAll('\n', '&#13;\n'))),
      pki.signer.key,
    ).replaceAll('&#13;', ''),
    /CRLF to LF/,
  ],
  ['carriage returns escaped', sealedLines.replace('>\n<o:Item', '>&#13;\n<o:Item'), /&#13;/],
  ['encoded twice', sealedLines.replace('ü', 'Ã¼'), /Latin-1/],
  ['white space around the content', honest().replace(ORDER, `${ORDER}\n`), /start or the end/],
  ['an Id doubled', honest().replace('<o:Order', '<o:Order Id="Body-1"'), /Envelope\/Body and Envelope\/Body\/Order/],
];
for (const [name, xml, expected] of causes) {
  test(`finds the cause: ${name}`, () => assert.match(wrong(xml), expected));
}

test('finds the cause: a PrefixList that the message does not name, or names in vain', () => {
  const list = (prefixes: string): string =>
    `<ds:Transform Algorithm="${EXC}"><ec:InclusiveNamespaces xmlns:ec="${EXC}" PrefixList="${prefixes}"/></ds:Transform>`;
  // The order of sealing lets the message claim another list than was used.
  const xml = envelope(
    security(
      token(pki.signer) +
        timestamp() +
        signature({ references: reference('TS-1') + reference('Body-1', list('wsu s')) }),
    ),
    body(ORDER),
  );
  const sealed = seal(xml, pki.signer.key);
  assert.equal(explained(sealed).accepted, true);
  const digest = /URI="#TS-1".*?<ds:DigestValue>(.*?)<.*?URI="#Body-1".*?<ds:DigestValue>(.*?)</s;
  const used =
    digest.exec(seal(xml.replace(reference('TS-1'), reference('TS-1', list('s wsse'))), pki.signer.key))?.[1] ?? '';
  const claimed = sealed.replace(digest.exec(sealed)?.[1] ?? '', used);
  const text = wrong(claimed);
  assert.match(text, /PrefixList="[^"]*wsse[^"]*" the value matches/);
});

test('finds the cause: another certificate’s key, another actor, no key, parts that are not covered', () => {
  const trust = signatureSettings();
  const xml = seal(envelope(security(token(pki.signer) + timestamp() + signature())), pki.intermediate.key);
  assert.match(wrong(xml, settings({ signature: trust })), /key of another certificate: CN=Test Intermediate/);
  assert.match(wrong(honest(), settings({ actor: 'urn:gateway' })), /set verify.actor/);
  assert.match(
    wrong(honest(pki.signer, { references: reference('TS-1') })),
    /Good signatures cover: Envelope\/Header\/Security\/Timestamp/,
  );
  const named = honest(pki.signer, { keyInfo: '<ds:KeyName>CN=somebody</ds:KeyName>' });
  assert.match(wrong(named), /only names its certificate/);
});

test('finds the cause: encrypted for somebody else, and plaintext that does not fit', () => {
  const using = settings({
    timestamp: undefined,
    signature: undefined,
    decryption: decryptionSettings({ requiredParts: [BODY] }),
  });
  const message = (key: string, plaintext = ORDER): string =>
    envelope(security(key), body(encryptedData(plaintext, KEY)));
  assert.equal(explained(message(encryptedKey(KEY)), using).accepted, true);
  assert.match(wrong(message(encryptedKey(KEY, { recipient: pki.signer })), using), /another certificate of ours/);
  assert.match(wrong(message(encryptedKey(KEY), '<a>'), using), /It was decrypted, but/);
  assert.match(wrong(message(encryptedKey(KEY)), { ...using, decryption: undefined }), /Add verify.decryption/);
});

test('never throws, whatever is left out', () => {
  const xml = honest();
  const index = scan(Buffer.from(xml));
  for (let element = 1; element < index.elementCount; element++) {
    if (index.localName(element) === 'Body') continue;
    const { bytes } = index;
    const without = Buffer.concat([bytes.subarray(0, index.start(element)), bytes.subarray(index.end(element))]);
    assert.equal(typeof explained(without.toString()).accepted, 'boolean');
  }
});

test('says what is wrong with addressing headers, decrypted or not', () => {
  const wsa = 'http://www.w3.org/2005/08/addressing';
  const header = (action: string, more = '') =>
    `<a:MessageID xmlns:a="${wsa}">urn:uuid:1</a:MessageID><a:Action xmlns:a="${wsa}">${action}</a:Action>${more}`;
  const using = settings({
    timestamp: undefined,
    signature: undefined,
    addressing: { messageId: 'Required', action: 'MatchSOAPAction', relatesTo: 'Required', allowedReplyTo: [] },
  });
  const context = { soapActions: ['urn:order'] };
  const { findings } = explained(envelope(security('') + header('urn:order')), using, context);
  assert.deepEqual(findings.at(-1), { about: 'WS-Addressing', ok: true, detail: 'version 1.0, Action urn:order' });
  const mismatch = wrong(envelope(security('') + header('urn:cancel')), using, context);
  assert.match(mismatch, /WS-Addressing: .* \| The HTTP message names urn:order: have the sender say the same/);
  const replyTo = `<a:ReplyTo xmlns:a="${wsa}"><a:Address>urn:x</a:Address></a:ReplyTo>`;
  assert.match(wrong(envelope(header('urn:order', replyTo)), using, context), /addressing\.allowedReplyTo/);
  const answer = { isResponse: true, exchange: { ...EMPTY_EXCHANGE, sentMessageId: 'urn:uuid:0' } };
  assert.match(wrong(envelope(header('urn:order')), using, answer), /IfPresent/);
  assert.match(wrong(envelope(''), using, context), /the message has no MessageID/);
});

test('says what an assertion says, and why it is not believed', () => {
  const good = explained(envelope(security(issueAssertion(assertion2()))), bearerSettings());
  assert.equal(good.accepted, true);
  const text = good.findings.map(({ about, detail }) => `${about}: ${detail}`).join('\n');
  assert.match(
    text,
    /SAML assertion, structure: SAML 2.0 of https:\/\/idp.example, for urn:orders, .* confirmed by Bearer/,
  );
  assert.match(text, /SAML assertion: signed by a trusted issuer/);
  assert.doesNotMatch(text, /alice|clerk/);
  const assertion = envelope(security(issueAssertion(assertion2({ method: 'sender-vouches' }))));
  assert.match(wrong(assertion, bearerSettings({ audiences: ['urn:us'] })), /for "urn:orders" \| Add the audience/);
  assert.match(
    wrong(assertion, bearerSettings()),
    /SenderVouches: the policy does not accept it.* \| The sender has to/,
  );
  assert.match(wrong(envelope(security('')), bearerSettings()), /has no assertion \| The sender sends none/);
});
