/**
 * The certificates between operator and data plane, in Secrets: made, renewed, and exchanged without a moment at which one
 * end does not trust the other.
 */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { TlsMaterial } from '../../proto/roles.ts';
import { issueAuthority, issueLeaf, renewalDue, validity, type KeyPair, type Role } from './issue.ts';

/** Keys and values of a Secret; the values in base64. */
export type SecretData = Readonly<Record<string, string>>;

/** The Secrets of the system namespace, as far as they are needed here. */
export interface SecretStore {
  /** @returns undefined where there is none */
  getSecret(name: string): Promise<SecretData | undefined>;
  /** Creates or replaces it. @param type for example `kubernetes.io/tls` */
  putSecret(name: string, data: SecretData, type: string): Promise<void>;
}

export const certificateSecrets = (release: string) => ({
  authority: `${release}-ca`,
  operator: `${release}-operator-tls`,
  extproc: `${release}-extproc-tls`,
});

/** Milliseconds that a new authority is only trusted before it issues: until every end has heard of it. */
const TRUSTED_FIRST = 86_400_000;

/** The newest authority, and the one before it as long as that is valid. */
interface Authorities {
  readonly current: KeyPair;
  readonly previous?: KeyPair;
}

/**
 * Makes what is missing, renews what has lived two thirds of its life, and replaces what cannot be read. To be called by
 * the leader, at the start and then every few minutes. With certificates that are fine it only reads.
 *
 * @param release begins the Secrets' names
 * @param now milliseconds since 1970
 * @returns the operator's own, and the names of the Secrets that were written
 */
export async function ensureCertificates(
  store: SecretStore,
  release: string,
  now: number,
): Promise<{ readonly operator: TlsMaterial; readonly written: readonly string[] }> {
  const names = certificateSecrets(release);
  const written: string[] = [];
  const put = async (name: string, data: Record<string, string>): Promise<SecretData> => {
    const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, encode(text)]));
    await store.putSecret(name, encoded, 'kubernetes.io/tls');
    written.push(name);
    return encoded;
  };
  const stored = readAuthorities(await store.getSecret(names.authority), now);
  const authorities = await renewAuthorities(stored, now);
  if (authorities !== stored) await put(names.authority, authorityData(authorities));
  const ensureLeaf = async (role: Role): Promise<SecretData> => {
    const name = names[role];
    const data = await store.getSecret(name);
    const present = data && tlsMaterial(data);
    const trusted = trustBundle(authorities);
    if (present !== undefined && isGood(present, authorities, now)) {
      if (present.ca === trusted) return data ?? {};
      return put(name, { 'tls.crt': present.certificate, 'tls.key': present.key, 'ca.crt': trusted });
    }
    const { certificate, key } = await issueLeaf(issuerOf(authorities, now), role, now);
    return put(name, { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': trusted });
  };
  const operator = tlsMaterial(await ensureLeaf('operator'));
  await ensureLeaf('extproc');
  if (operator === undefined) throw new Error(`the Secret ${names.operator} could not be written`);
  return { operator, written };
}

/** @param data of `<release>-operator-tls`, or any Secret of that form @returns undefined where something is missing */
export function tlsMaterial(data: SecretData): TlsMaterial | undefined {
  const [certificate, key, ca] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => decode(data[name]));
  return certificate && key && ca ? { certificate, key, ca } : undefined;
}

function readAuthorities(data: SecretData | undefined, now: number): Authorities | undefined {
  const pair = (prefix: string): KeyPair | undefined => {
    const [certificate, key] = [decode(data?.[`${prefix}.crt`]), decode(data?.[`${prefix}.key`])];
    return certificate && key && now < validity(certificate).notAfter && belongs({ certificate, key })
      ? { certificate, key }
      : undefined;
  };
  const [current, previous] = [pair('tls'), pair('previous')];
  return current && { current, ...(previous && { previous }) };
}

async function renewAuthorities(stored: Authorities | undefined, now: number): Promise<Authorities> {
  if (stored === undefined) return { current: await issueAuthority(now) };
  if (!renewalDue(stored.current.certificate, now)) return stored;
  return { current: await issueAuthority(now), previous: stored.current };
}

function authorityData(authorities: Authorities): Record<string, string> {
  const { current, previous } = authorities;
  return {
    ...{ 'tls.crt': current.certificate, 'tls.key': current.key, 'ca.crt': trustBundle(authorities) },
    ...(previous && { 'previous.crt': previous.certificate, 'previous.key': previous.key }),
  };
}

function issuerOf({ current, previous }: Authorities, now: number): KeyPair {
  const isKnown = now - validity(current.certificate).notBefore >= TRUSTED_FIRST;
  return isKnown || previous === undefined ? current : previous;
}

function trustBundle({ current, previous }: Authorities): string {
  return current.certificate + (previous?.certificate ?? '');
}

/** Young enough, of an authority that is trusted, and with its own key. */
function isGood(material: TlsMaterial, { current, previous }: Authorities, now: number): boolean {
  if (renewalDue(material.certificate, now) || !belongs(material)) return false;
  const certificate = new X509Certificate(material.certificate);
  return [current, previous].some(
    (authority) => authority && certificate.verify(new X509Certificate(authority.certificate).publicKey),
  );
}

function belongs({ certificate, key }: KeyPair): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString();
