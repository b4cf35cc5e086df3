/** The name under which a token is kept: equal only where everything that decides which token comes back is equal. */

import { createHmac } from 'node:crypto';
import type { CallerToken } from '../wss/issued-token.ts';
import { formatPrincipal } from '../wss/kerberos/principal.ts';
import type { TokenCredential, TokenServiceSettings } from './settings.ts';

/** Everything that decides which token comes back. */
export interface TokenIdentity {
  readonly service: TokenServiceSettings;
  readonly credential: TokenCredential | undefined;
  /** In whose name the token is asked for; absent where the service is not told. */
  readonly caller: CallerToken | undefined;
  /** `namespace/name`. */
  readonly policy: string;
}

/**
 * @param indexKey without it nobody can tell what a key is for, or make one
 * @returns base64url of an HMAC-SHA-256
 */
export function cacheKey(indexKey: Buffer, identity: TokenIdentity): string {
  return keyOfFields(indexKey, fieldsOf(identity));
}

type Field = string | undefined;

function fieldsOf({ service, credential, caller, policy }: TokenIdentity): Field[] {
  const { source } = service;
  const asked = askedFields(source);
  return [service.id, service.version, source.kind, ...asked, credential?.fingerprint, caller?.identity, policy];
}

function askedFields(source: TokenServiceSettings['source']): Field[] {
  switch (source.kind) {
    case 'external':
      return [source.url, source.method];
    case 'kerberos':
      return [formatPrincipal(source.service), source.client && formatPrincipal(source.client)];
    case 'wsTrust':
      return [
        ...[source.url, source.appliesTo, source.tokenType, source.keyType, String(source.claims.length)],
        ...source.claims.flatMap(({ type, optional, value }) => [type, String(optional), value]),
      ];
  }
}

const ABSENT = 0xffff_ffff;

/**
 * Two lists have the same key only if they are the same: each field comes after its length, which is that of no string where
 * the field is absent. UTF-16, because it has bytes of its own for every string, even one that is not well-formed.
 */
export function keyOfFields(indexKey: Buffer, fields: readonly Field[]): string {
  const bytes = Buffer.allocUnsafe(fields.reduce((sum, field) => sum + 4 + 2 * (field?.length ?? 0), 4));
  let end = bytes.writeUInt32BE(fields.length);
  for (const field of fields) {
    end = bytes.writeUInt32BE(field === undefined ? ABSENT : field.length, end);
    if (field !== undefined) end += bytes.write(field, end, 'utf16le');
  }
  return createHmac('sha256', indexKey).update(bytes).digest('base64url');
}
