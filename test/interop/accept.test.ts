/** We accept everything that Apache WSS4J produces, and what we pass on says the same as what was protected. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WssError } from '../../extproc/wss/errors.ts';
import { allCases, dataAlgorithmNames, hmacs, type Case } from './cases.ts';
import { identityFor, pki } from './keys.ts';
import { verifyOurs, verifySettings } from './ours.ts';
import { makeMessage } from './shapes.ts';
import { cannot, secureFields } from './theirs.ts';
import { USER, Wss4j, type Wss4jEngine } from './wss4j.ts';

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

for (const engine of ['dom', 'stax', 'xmldsig'] as const) {
  describe(`we accept what ${engine} makes`, () => {
    for (const item of [...allCases(dataAlgorithmNames), ...hmacs('EncryptedKey')]) {
      if (cannot(item, engine, 'secure') === undefined) it(item.name, () => accept(item, engine));
    }
  });
}

async function accept(item: Case, engine: Wss4jEngine): Promise<void> {
  const message = makeMessage(item.shape, item.soap);
  const { payload } = await wss4j.call('secure', secureFields(item, engine), message);
  const settings = verifySettings(item);
  const verified = verifyOurs(payload, settings);
  assert.equal(verified.bytes.includes('oasis-200401-wss-wssecurity-secext'), false, 'our header is gone');
  assert.equal(await wss4j.normalize(verified.bytes), await wss4j.normalize(message));
  if (item.usernameToken !== undefined) assert.equal(verified.identity.username, USER.name);
  const signer =
    item.signature !== undefined && !item.signature.algorithm.startsWith('HMAC') ? item.signature : undefined;
  if (signer !== undefined)
    assert.deepEqual(verified.identity.certificate?.der, pki[identityFor(signer)].certificate.der);
  if (item.encryption === undefined) refusesAltered(payload, item);
}

/** A test of acceptance that would pass with an engine that accepts everything is no test. */
function refusesAltered(payload: Buffer, item: Case): void {
  if (item.signature === undefined) return;
  const altered = Buffer.from(payload.toString().replace('Bolt', 'Nut!'));
  assert.throws(() => verifyOurs(altered, verifySettings(item)), WssError);
}
