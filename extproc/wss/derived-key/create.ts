import { randomBytes } from 'node:crypto';
import type { Block } from '../blocks.ts';
import type { IdAllocator } from '../ids.ts';
import { WSC_2005_02, WSC_2005_12, WSSE, WSU } from '../namespaces.ts';
import type { DerivedKeySettings } from '../settings.ts';
import type { SharedKey } from '../shared-key.ts';
import { DEFAULT_LABEL, deriveKey } from './derive.ts';

const NONCE_BYTES = 16;

const namespaces = { '2005/02': WSC_2005_02, '2005/12': WSC_2005_12 } as const;

/** A key that was derived for one purpose, and the block that tells the receiver how. */
export interface DerivedKey extends SharedKey {
  readonly block: Block;
}

/**
 * Derives a key for this message from one that the receiver has, and writes the wsc:DerivedKeyToken (WS-SecureConversation §8).
 *
 * @param length bytes of the key, unless the settings say
 */
export function createDerivedKey(
  base: SharedKey,
  settings: DerivedKeySettings,
  length: number,
  ids: IdAllocator,
): DerivedKey {
  const wsc = namespaces[settings.version];
  const nonce = randomBytes(NONCE_BYTES);
  const bytes = settings.length ?? length;
  const id = ids.next('DK');
  const rest =
    ` wsu:Id="${id}">${base.reference}<wsc:Offset>0</wsc:Offset><wsc:Length>${bytes}</wsc:Length>` +
    `<wsc:Nonce>${nonce.toString('base64')}</wsc:Nonce></wsc:DerivedKeyToken>`;
  return {
    octets: deriveKey(base.octets, { label: DEFAULT_LABEL, nonce, offset: 0, length: bytes }),
    reference:
      `<wsse:SecurityTokenReference xmlns:wsse="${WSSE}"><wsse:Reference URI="#${id}" ValueType="${wsc}/dk">` +
      `</wsse:Reference></wsse:SecurityTokenReference>`,
    block: {
      kind: 'DerivedKey',
      id,
      element: {
        name: 'wsc:DerivedKeyToken',
        rest,
        namespaces: [
          ['wsc', wsc],
          ['wsse', WSSE],
          ['wsu', WSU],
        ],
      },
    },
  };
}
