/** A token service as the tests ask it. */

import type { SoapMessage } from '../../../wss/soap.ts';
import { readSoap } from '../../../wss/soap.ts';
import { scan } from '../../../xml/scan.ts';
import type { TokenCredential, WsTrustSettings } from '../../settings.ts';
import type { Identity } from '../../../../test/support/pki.ts';
import { signingKey } from '../../../../test/support/securing.ts';

export function trustSettings(changes: Partial<WsTrustSettings> = {}): WsTrustSettings {
  return {
    kind: 'wsTrust',
    url: 'https://sts.example/',
    version: '1.3',
    soapVersion: '1.2',
    tokenType: 'SAML2',
    keyType: 'Bearer',
    keySize: 256,
    entropy: 'Both',
    claims: [],
    mutualTls: false,
    renew: false,
    validate: false,
    cancel: false,
    decryptionKeys: [],
    ...changes,
  };
}

export function credentialOf(identity: Identity): TokenCredential {
  return { name: 'acme', fingerprint: '00', key: signingKey(identity) };
}

export const readMessage = (xml: string): SoapMessage => readSoap(scan(Buffer.from(xml)));
