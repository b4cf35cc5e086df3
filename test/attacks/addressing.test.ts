/**
 * Ways to make a backend act on, answer to or accept what the policy did not mean, by WS-Addressing headers: a reflector
 * in ReplyTo, an Action that is not the SOAP action, headers twice or moved, answers to other requests, replays.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_EXCHANGE } from '../../extproc/wss/exchange-state.ts';
import { WSU } from '../../extproc/wss/namespaces.ts';
import type { Part, VerifyAddressingSettings, VerifySettings } from '../../extproc/wss/settings.ts';
import type { VerifyContext } from '../../extproc/wss/verify.ts';
import {
  BODY,
  body,
  check,
  envelope,
  ORDER,
  pki,
  reference,
  refusal,
  seal,
  security,
  settings,
  signature,
  signatureSettings,
  TIMESTAMP,
  timestamp,
  token,
} from './forge.ts';

const WSA = 'http://www.w3.org/2005/08/addressing';
const WSA_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';

const block = (name: string, content: string, id = '', namespace = WSA): string =>
  `<a:${name} xmlns:a="${namespace}"${id === '' ? '' : ` xmlns:wsu="${WSU}" wsu:Id="${id}"`}>${content}</a:${name}>`;
const endpoint = (name: string, address: string, namespace = WSA): string =>
  block(name, `<a:Address>${address}</a:Address>`, '', namespace);

const MESSAGE_ID = block('MessageID', 'urn:uuid:1', 'ID-1');
const ACTION = block('Action', 'urn:order', 'A-1');
const headers: Part = { kind: 'Header', namespace: WSA, mode: 'Element', optional: false };

function demanding(
  changes: Partial<VerifyAddressingSettings> = {},
  more: Partial<VerifySettings> = {},
): VerifySettings {
  return settings({
    signature: signatureSettings({ requiredParts: [BODY, TIMESTAMP, headers] }),
    addressing: {
      messageId: 'Required',
      action: 'MatchSOAPAction',
      relatesTo: 'Required',
      allowedReplyTo: [],
      ...changes,
    },
    ...more,
  });
}
/** Without signatures: addressing is checked all the same. */
const unsigned = demanding({}, { signature: undefined, timestamp: undefined });
const context: Partial<VerifyContext> = { soapActions: ['urn:order'] };

/** Signed over Body, Timestamp, MessageID and Action; `more` is nobody's. */
function honest(addressing = MESSAGE_ID + ACTION, more = '', content = body()): string {
  const references = ['TS-1', 'Body-1', 'ID-1', 'A-1'].map((id) => reference(id)).join('');
  const ours = security(token(pki.signer) + timestamp() + signature({ references }));
  return seal(envelope(ours + addressing + more, content), pki.signer.key);
}

test('an honest message is accepted', () => {
  assert.equal(refusal(honest(), demanding(), context), 'accepted');
});

const attacks: [string, string, string][] = [
  ['a second MessageID', honest(undefined, block('MessageID', 'urn:uuid:2')), 'ERR_WSS_PART_NOT_SIGNED'],
  [
    'a second MessageID of the other version',
    honest(undefined, block('MessageID', 'urn:uuid:2', '', WSA_2004)),
    'ERR_WSS_ADDRESSING_INVALID',
  ],
  [
    'a second MessageID for another actor',
    honest(undefined, block('MessageID', 'u').replace('<a:MessageID', '<a:MessageID s:actor="urn:x"')),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  ['a second Action', honest(undefined, block('Action', 'urn:cancel')), 'ERR_WSS_PART_NOT_SIGNED'],
  [
    'a ReplyTo that is not signed',
    honest(undefined, endpoint('ReplyTo', 'http://victim.example/')),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'headers moved into a wrapper',
    honest(
      `<x:Wrapper xmlns:x="urn:x">${MESSAGE_ID}${ACTION}</x:Wrapper>`,
      block('MessageID', 'u') + block('Action', 'urn:order'),
    ),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  ['headers moved into the Body', honest('', '', body(ORDER + MESSAGE_ID + ACTION)), 'ERR_WSS_PART_NOT_SIGNED'],
];
for (const [name, xml, code] of attacks) {
  test(`refuses ${name}`, () => assert.equal(refusal(xml, demanding(), context), code));
}

const bare = (header: string, content = body()): string => envelope(header, content);
const unprotected: [string, string, string][] = [
  ['two MessageIDs', bare(MESSAGE_ID + block('MessageID', 'urn:uuid:2') + ACTION), 'ERR_WSS_ADDRESSING_INVALID'],
  ['two Actions', bare(MESSAGE_ID + ACTION + block('Action', 'urn:cancel')), 'ERR_WSS_ADDRESSING_INVALID'],
  ['no addressing headers at all', bare(''), 'ERR_WSS_MESSAGE_ID_MISSING'],
  ['a MessageID in no namespace', bare(`<MessageID>u</MessageID>${ACTION}`), 'ERR_WSS_MESSAGE_ID_MISSING'],
  [
    'a MessageID in another namespace',
    bare(block('MessageID', 'u', '', `${WSA}/`) + ACTION),
    'ERR_WSS_MESSAGE_ID_MISSING',
  ],
  ['a MessageID in the Body', bare(ACTION, body(MESSAGE_ID)), 'ERR_WSS_MESSAGE_ID_MISSING'],
  ['a MessageID inside another header', bare(ACTION + block('To', MESSAGE_ID)), 'ERR_WSS_INVALID_STRUCTURE'],
  ['a MessageID in two pieces', bare(block('MessageID', 'urn:<!-- -->1') + ACTION), 'ERR_WSS_INVALID_STRUCTURE'],
  [
    'an Action that is not the SOAP action',
    bare(MESSAGE_ID + block('Action', 'urn:cancel')),
    'ERR_WSS_ACTION_MISMATCH',
  ],
  ['no Action', bare(MESSAGE_ID), 'ERR_WSS_ACTION_MISMATCH'],
  [
    'a reflector in ReplyTo',
    bare(MESSAGE_ID + ACTION + endpoint('ReplyTo', 'http://victim.example/')),
    'ERR_WSS_REPLY_TO_NOT_ALLOWED',
  ],
  [
    'a reflector in FaultTo',
    bare(MESSAGE_ID + ACTION + endpoint('FaultTo', 'http://127.0.0.1/')),
    'ERR_WSS_REPLY_TO_NOT_ALLOWED',
  ],
  [
    'a reflector behind an anonymous address',
    bare(
      MESSAGE_ID +
        ACTION +
        block('ReplyTo', `<a:Address>${WSA}/anonymous</a:Address><a:Address>http://victim.example/</a:Address>`),
    ),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a ReplyTo without Address',
    bare(MESSAGE_ID + ACTION + block('ReplyTo', 'http://victim.example/')),
    'ERR_WSS_ADDRESSING_INVALID',
  ],
];
for (const [name, xml, code] of unprotected) {
  test(`refuses ${name}, though nothing has to be signed`, () => assert.equal(refusal(xml, unsigned, context), code));
}

test('what is demanded of addressing is demanded of messages with a Security header for us, and without', () => {
  for (const header of ['', security('')]) {
    assert.equal(refusal(bare(header), unsigned, context), 'ERR_WSS_MESSAGE_ID_MISSING');
    assert.equal(refusal(bare(header + MESSAGE_ID + ACTION), unsigned, context), 'accepted');
  }
});

test('an answer to another request is refused', () => {
  const exchange = { ...EMPTY_EXCHANGE, sentMessageId: 'urn:uuid:0' };
  const answer = (relatesTo: string) =>
    refusal(bare(MESSAGE_ID + ACTION + relatesTo), unsigned, { exchange, isResponse: true });
  assert.equal(answer(block('RelatesTo', 'urn:uuid:0')), 'accepted');
  assert.equal(answer(block('RelatesTo', 'urn:uuid:9')), 'ERR_WSS_RELATES_TO_MISMATCH');
  assert.equal(
    answer(block('RelatesTo', 'urn:uuid:9') + block('RelatesTo', 'urn:uuid:0')),
    'ERR_WSS_ADDRESSING_INVALID',
  );
  assert.equal(answer(''), 'ERR_WSS_RELATES_TO_MISMATCH');
});

test('a MessageID is remembered for who sent it, in the direction it went', () => {
  const users = new Map([
    ['alice', 'secret'],
    ['bob', 'secret'],
  ]);
  const usernameToken = { users, passwordTypes: ['Text'], maxAge: 300_000, clockSkew: 0 } as const;
  const login = (name: string) =>
    security(
      `<wsse:UsernameToken><wsse:Username>${name}</wsse:Username><wsse:Password>secret</wsse:Password></wsse:UsernameToken>`,
    );
  const keys = (xml: string, using: VerifySettings, isResponse = false) =>
    check(xml, using, { ...context, isResponse }).replay.filter(({ kind }) => kind === 'messageId');
  const byLogin = demanding({}, { signature: undefined, timestamp: undefined, usernameToken });

  const anonymous = keys(bare(MESSAGE_ID + ACTION), unsigned);
  assert.equal(anonymous.length, 1);
  assert.equal(anonymous[0].ttl, 600_000);
  assert.deepEqual(keys(bare(ACTION + MESSAGE_ID.replace('>urn', '> urn')), unsigned), anonymous);
  const different = [
    anonymous,
    keys(bare(block('MessageID', 'urn:uuid:2') + ACTION), unsigned),
    keys(bare(login('alice') + MESSAGE_ID + ACTION), byLogin),
    keys(bare(login('bob') + MESSAGE_ID + ACTION), byLogin),
    keys(honest(), demanding()),
    keys(bare(MESSAGE_ID + ACTION), unsigned, true),
  ].map(([entry]) => entry.key);
  assert.equal(new Set(different).size, different.length);

  const optional = demanding({ messageId: 'Optional' }, { signature: undefined, timestamp: undefined });
  assert.deepEqual(keys(bare(MESSAGE_ID + ACTION), optional), anonymous);
  assert.deepEqual(keys(bare(ACTION), optional), []);
  const forgetful = { ...unsigned, replay: { window: 0, onCacheUnavailable: 'Refuse' } as const };
  assert.deepEqual(keys(bare(MESSAGE_ID + ACTION), forgetful), []);
});

test('the MessageID of a request is known afterwards, whether it was demanded or not; that of an answer is not', () => {
  const received = (xml: string, using: VerifySettings, isResponse = false) =>
    check(xml, using, { ...context, isResponse }).exchange.receivedMessageId;
  const indifferent = settings({ timestamp: undefined, signature: undefined });
  for (const header of ['', security('')]) {
    assert.equal(received(bare(header + MESSAGE_ID), indifferent), 'urn:uuid:1');
    assert.equal(received(bare(header + MESSAGE_ID), indifferent, true), undefined);
    assert.equal(received(bare(header + MESSAGE_ID + MESSAGE_ID.replace('ID-1', 'ID-2')), indifferent), undefined);
    assert.equal(received(bare(header), indifferent), undefined);
  }
  assert.equal(received(honest(), demanding()), 'urn:uuid:1');
});

test('a UsernameToken in another namespace names no caller', () => {
  const usernameToken = {
    users: new Map([['alice', 'secret']]),
    passwordTypes: ['Text', 'None'],
    maxAge: 1,
    clockSkew: 0,
  } as const;
  const forged = `<x:UsernameToken xmlns:x="urn:x"><x:Username>alice</x:Username><x:Password>secret</x:Password></x:UsernameToken>`;
  const byLogin = settings({ timestamp: undefined, signature: undefined, usernameToken, caller: true });
  assert.equal(refusal(bare(security(forged)), byLogin), 'ERR_WSS_USERNAME_TOKEN_MISSING');
  const nobody = settings({ timestamp: undefined, signature: undefined, caller: true });
  const genuine = forged.replaceAll('x:', 'wsse:');
  assert.equal(check(bare(security(genuine)), nobody).caller, undefined);
});
