import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerifyAddressingSettings } from '../settings.ts';
import { WssError } from '../errors.ts';
import { checkAddressing, type AddressingFacts } from './check.ts';
import type { Addressing } from './read.ts';
import { NAMESPACES, REPLY, type AddressingVersion } from './versions.ts';

/** The code of the refusal, or `accepted`. */
function check(
  addressing: Partial<Addressing>,
  settings: Partial<VerifyAddressingSettings> = {},
  facts: Partial<AddressingFacts> = {},
): string {
  try {
    checkAddressing(
      { version: '1.0', action: 'urn:a', messageId: 'urn:uuid:1', relatesTo: [], ...addressing },
      { messageId: 'Required', action: 'MatchSOAPAction', relatesTo: 'Required', allowedReplyTo: [], ...settings },
      { soapActions: ['urn:a'], isResponse: false, ...facts },
    );
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof WssError);
    return error.code;
  }
}

test('a MessageID where one is required', () => {
  assert.equal(check({}), 'accepted');
  assert.equal(check({ messageId: undefined }), 'ERR_WSS_MESSAGE_ID_MISSING');
  assert.equal(check({ messageId: undefined }, { messageId: 'Optional' }), 'accepted');
});

test('the Action is the SOAP action, where there is one', () => {
  assert.equal(check({ action: 'urn:b' }), 'ERR_WSS_ACTION_MISMATCH');
  assert.equal(check({ action: 'urn:A' }), 'ERR_WSS_ACTION_MISMATCH');
  assert.equal(check({}, {}, { soapActions: [] }), 'accepted');
  assert.equal(check({}, {}, { soapActions: ['', 'urn:a'] }), 'accepted');
  assert.equal(check({}, {}, { soapActions: ['urn:a', 'urn:b'] }), 'ERR_WSS_ACTION_MISMATCH');
  assert.equal(check({ action: undefined }), 'ERR_WSS_ACTION_MISMATCH');
  assert.equal(check({ action: undefined }, {}, { soapActions: [] }), 'ERR_WSS_ACTION_MISMATCH');
  assert.equal(check({ action: undefined }, { action: 'Any' }), 'accepted');
});

test('an answer relates to its request', () => {
  for (const version of ['1.0', '2004/08'] as const) {
    const reply = (messageId: string, type = REPLY[version]) => ({ messageId, type });
    const answer = (
      relatesTo: Addressing['relatesTo'],
      settings: Partial<VerifyAddressingSettings> = {},
      facts: Partial<AddressingFacts> = {},
    ) => check({ version, relatesTo }, settings, { isResponse: true, sentMessageId: 'urn:uuid:0', ...facts });
    assert.equal(answer([reply('urn:uuid:0')]), 'accepted');
    assert.equal(answer([reply('urn:x', 'urn:other'), reply('urn:uuid:0')]), 'accepted');
    assert.equal(answer([reply('urn:uuid:9')]), 'ERR_WSS_RELATES_TO_MISMATCH');
    assert.equal(answer([reply('urn:uuid:9')], { relatesTo: 'IfPresent' }), 'ERR_WSS_RELATES_TO_MISMATCH');
    assert.equal(answer([]), 'ERR_WSS_RELATES_TO_MISMATCH');
    assert.equal(answer([reply('urn:uuid:0', 'urn:other')]), 'ERR_WSS_RELATES_TO_MISMATCH');
    assert.equal(answer([], { relatesTo: 'IfPresent' }), 'accepted');
    assert.equal(answer([], {}, { sentMessageId: undefined }), 'accepted');
    assert.equal(answer([reply('urn:uuid:0'), reply('urn:uuid:9')]), 'ERR_WSS_ADDRESSING_INVALID');
    assert.equal(answer([], {}, { isResponse: false }), 'accepted');
  }
});

test('replies and faults go to nobody that the policy does not know', () => {
  const harmless: [AddressingVersion, string][] = [
    ['1.0', `${NAMESPACES['1.0']}/anonymous`],
    ['1.0', `${NAMESPACES['1.0']}/none`],
    ['2004/08', `${NAMESPACES['2004/08']}/role/anonymous`],
  ];
  for (const field of ['replyTo', 'faultTo'] as const) {
    for (const [version, address] of harmless) {
      assert.equal(check({ version, [field]: address }), 'accepted');
      const other = version === '1.0' ? '2004/08' : '1.0';
      assert.equal(check({ version: other, [field]: address }), 'ERR_WSS_REPLY_TO_NOT_ALLOWED');
      assert.equal(check({ version, [field]: `${address}/` }), 'ERR_WSS_REPLY_TO_NOT_ALLOWED');
    }
    const victim = 'http://victim.example/';
    assert.equal(check({ [field]: victim }), 'ERR_WSS_REPLY_TO_NOT_ALLOWED');
    assert.equal(check({ [field]: victim }, { allowedReplyTo: [victim] }), 'accepted');
    assert.equal(check({ [field]: `${victim}x` }, { allowedReplyTo: [victim] }), 'ERR_WSS_REPLY_TO_NOT_ALLOWED');
  }
});
