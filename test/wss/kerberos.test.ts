/** Data that is encrypted with the key of a Kerberos ticket: what `secure` makes, `verify` takes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageToken } from '../../extproc/kerberos/message-token.ts';
import { writeCredentialCache } from '../../extproc/kerberos/credential-cache.ts';
import { DecryptionFailedError, KeyNotAcceptedError, KeyNotFoundError, WssError } from '../../extproc/wss/errors.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from '../../extproc/wss/exchange-state.ts';
import { secure } from '../../extproc/wss/secure.ts';
import type { EncryptionSettings, VerifySettings } from '../../extproc/wss/settings.ts';
import { verify } from '../../extproc/wss/verify.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import { issueTicket, SERVICE, service } from '../support/kerberos-tickets.ts';
import {
  BODY,
  encryptionSettings,
  NOW,
  order,
  readMessage,
  secureContext,
  secureSettings,
} from '../support/securing.ts';

const DATA_ALGORITHMS = ['AES128-GCM', 'AES256-GCM', 'AES128-CBC', 'AES256-CBC'] as const;
const demands: VerifySettings = {
  removeSecurityHeader: true,
  kerberos: service,
  decryption: {
    keys: [],
    requiredParts: [BODY],
    accept: { dataAlgorithms: DATA_ALGORITHMS, keyTransports: [] },
    requireSignedEncryptedData: false,
  },
  signatureConfirmation: false,
  replay: { window: 600_000, onCacheUnavailable: 'Refuse' },
};

const byTicket = (changes: Partial<EncryptionSettings> = {}): EncryptionSettings =>
  encryptionSettings({ recipient: undefined, dataKey: 'Kerberos', ...changes });

interface Made {
  /** Of the ticket's keys: 17 has 16 octets, 18 has 32. */
  readonly sessionType?: number;
  readonly reference?: 'Direct' | 'KeyIdentifier';
  readonly encryption?: Partial<EncryptionSettings>;
}

async function encrypted({ sessionType = 18, reference = 'Direct', encryption }: Made = {}) {
  const end = NOW + 3_600_000;
  const bytes = writeCredentialCache({ ...issueTicket(NOW, { sessionType }), service: SERVICE, end });
  const held = { token: { bytes }, obtained: NOW, expires: end };
  const token = messageToken(held, { kind: 'kerberos', service: SERVICE, framed: true, reference }, NOW);
  const settings = secureSettings({ securityToken: true, encryption: byTicket(encryption) });
  const made = await secure(readMessage(order()), settings, { ...secureContext(), token });
  return { text: made.bytes.toString(), exchange: made.exchange };
}

const answer = (exchange: ExchangeState) =>
  secure(readMessage(order()), secureSettings({ encryption: byTicket() }), secureContext(exchange));

const check = (text: string, settings = demands, exchange = EMPTY_EXCHANGE) =>
  verify(readMessage(text), settings, { now: NOW, exchange, limits: DEFAULT_LIMITS });

test('the key of a ticket encrypts, named by the token or by its hash', async () => {
  for (const reference of ['Direct', 'KeyIdentifier'] as const) {
    for (const dataAlgorithm of DATA_ALGORITHMS) {
      const { text } = await encrypted({ reference, encryption: { dataAlgorithm } });
      assert.doesNotMatch(text, /Zoë|EncryptedKey/);
      const { bytes, identity } = check(text);
      assert.match(bytes.toString(), /Zoë/, `${reference} ${dataAlgorithm}`);
      assert.equal(identity.kerberos?.principal, 'alice@WAXSEAL.TEST');
    }
  }
});

test('an answer is encrypted with the key of the ticket that came, and nobody else reads it', async () => {
  const request = await encrypted();
  const { bytes } = await answer(check(request.text).exchange);
  const text = bytes.toString();
  assert.doesNotMatch(text, /Zoë|EncryptedKey|BinarySecurityToken/);
  const ofAnswers: VerifySettings = { ...demands, kerberos: undefined };
  assert.match(check(text, ofAnswers, request.exchange).bytes.toString(), /Zoë/);
  const another = await encrypted();
  for (const exchange of [another.exchange, EMPTY_EXCHANGE]) {
    assert.throws(() => check(text, ofAnswers, exchange), WssError);
  }
});

test('a token with another key opens nothing', async () => {
  const token = /<wsse:BinarySecurityToken.*<\/wsse:BinarySecurityToken>/;
  const [one, other] = [await encrypted(), await encrypted()];
  const id = (text: string) => /"(KRB-[0-9a-f]+)"/.exec(text)?.[1] ?? '';
  const exchanged = one.text.replace(token, token.exec(other.text)?.[0] ?? '').replaceAll(id(one.text), id(other.text));
  assert.notEqual(exchanged, one.text);
  assert.throws(() => check(exchanged), DecryptionFailedError);
});

test('without a ticket, or with a key that is too short, nothing is sent', async () => {
  await assert.rejects(answer(EMPTY_EXCHANGE), KeyNotFoundError);
  // Tickets that we have sent are the receiver's to use, not ours once more.
  await assert.rejects(answer((await encrypted()).exchange), KeyNotFoundError);
  await assert.rejects(encrypted({ sessionType: 17 }), KeyNotAcceptedError);
  assert.match(
    check((await encrypted({ sessionType: 17, encryption: { dataAlgorithm: 'AES128-GCM' } })).text).bytes.toString(),
    /Zoë/,
  );
});
