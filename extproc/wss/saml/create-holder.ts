/** The key in an assertion whose holder is to be believed, and what we then prove it with. */

import { createSecretKey, type KeyObject } from 'node:crypto';
import { canonicalize } from '../../xml/c14n.ts';
import { scan } from '../../xml/scan.ts';
import { elementText } from '../element-text.ts';
import { createEncryptedKey } from '../encryption/create-key.ts';
import { EMPTY_EXCHANGE } from '../exchange-state.ts';
import { IdAllocator } from '../ids.ts';
import { keyReference } from '../key-info/create.ts';
import { DS } from '../namespaces.ts';
import type { HolderSettings } from './create-settings.ts';

export interface Holder {
  /** The ds:KeyInfo of the subject's confirmation in exclusive canonical form. */
  readonly keyInfo: string;
  /** Proves possession. */
  readonly key: KeyObject;
  /** The octets of `key` where it is a secret. */
  readonly secret?: Uint8Array;
}

/**
 * Names the holder's key (SAML 2.0 Core §2.4.1.3, SAML 1.1 Core §2.4.2.3; SAML token profile 1.1 §3.5.1).
 *
 * @throws KeyNotAcceptedError when the key cannot be written or encrypted so
 */
export function createHolder(settings: HolderSettings): Holder {
  if (settings.form !== 'EncryptedKey') {
    const { key } = settings;
    return {
      keyInfo: keyInfo(keyReference(settings.form === 'X509' ? 'X509Data' : 'KeyValue', key, '')),
      key: key.key,
    };
  }
  const encrypted = createEncryptedKey(settings.encryption, EMPTY_EXCHANGE, new IdAllocator());
  const text = elementText(encrypted.element(), new Map([['ds', DS]]));
  return { keyInfo: keyInfo(text), key: createSecretKey(encrypted.key), secret: new Uint8Array(encrypted.key) };
}

function keyInfo(content: string): string {
  const index = scan(Buffer.from(`<ds:KeyInfo xmlns:ds="${DS}">${content}</ds:KeyInfo>`));
  return canonicalize(index, 0, { mode: 'exclusive', comments: false }).toString();
}
