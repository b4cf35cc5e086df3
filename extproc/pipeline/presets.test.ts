import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presets, type PresetName } from '../../policy/presets.ts';
import { parseManifests } from '../../policy/load.ts';
import { resolve } from '../../policy/resolve.ts';
import { createPki } from '../../test/support/pki.ts';
import { EMPTY_EXCHANGE } from '../wss/exchange-state.ts';
import { secure } from '../wss/secure.ts';
import { readSoap } from '../wss/soap.ts';
import { verify } from '../wss/verify.ts';
import { DEFAULT_LIMITS } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import { compileBundle } from './compile.ts';
import { secureContext } from '../../test/support/securing.ts';

const pki = createPki();
const NOW = Date.now();
const MESSAGE = Buffer.from(
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Order xmlns="urn:shop">7</Order></s:Body></s:Envelope>',
);

function secret(name: string, data: Record<string, string>): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data });
}

for (const preset of Object.keys(presets) as PresetName[]) {
  test(`what the preset ${preset} writes is read by a policy that accepts it`, async () => {
    const legacy = preset !== 'Modern';
    const spec = {
      request: {
        secure: {
          preset,
          timestamp: {},
          signature: { keyRef: { name: 'signer' } },
          encryption: { recipientRef: { name: 'recipient' } },
        },
      },
      response: {
        verify: {
          timestamp: {},
          decryption: {
            keyRefs: [{ name: 'recipient' }],
            ...(legacy && { accept: { dataAlgorithms: ['AES128-CBC', 'AES256-CBC'] } }),
            requireSignedEncryptedData: false,
          },
          signature: {
            trustRefs: [{ name: 'signer', pin: true }],
            requiredParts: presets[preset].signature.timestamp
              ? [{ part: 'Body' }, { part: 'Timestamp' }]
              : [{ part: 'Body' }],
            ...(legacy && { accept: { algorithms: ['RSA-SHA1'], digests: ['SHA1'] } }),
          },
        },
      },
    };
    const policy = JSON.stringify({
      apiVersion: 'waxseal.dev/v1alpha1',
      kind: 'WSSecurityPolicy',
      metadata: { name: 'p' },
      spec,
    });
    const pair = (name: 'signer' | 'recipient'): string =>
      secret(name, { 'tls.crt': pki[name].certificatePem, 'tls.key': pki[name].privateKeyPem });
    const { bundle } = resolve(parseManifests([policy, pair('signer'), pair('recipient')].join('\n---\n')).manifests);
    const { request, response, broken } = compileBundle(bundle).policies.get('default/p') ?? assert.fail();
    assert.equal(broken, undefined);
    assert.ok(request.secure && response.verify);

    const { bytes } = await secure(readSoap(scan(MESSAGE)), request.secure, secureContext());
    assert.ok(!bytes.includes('urn:shop'));
    const verified = verify(readSoap(scan(bytes)), response.verify, {
      now: NOW,
      exchange: EMPTY_EXCHANGE,
      limits: DEFAULT_LIMITS,
    });
    assert.ok(verified.bytes.includes('<Order xmlns="urn:shop">7</Order>'));
    assert.equal(verified.identity.certificate?.base64, pki.signer.certificate.base64);
    assert.equal(verified.legacyAlgorithms.length > 0, legacy);
  });
}
