/** The certificate extensions that decide about trust (RFC 5280 §4.2). */

import {
  bitStringOctets,
  booleanValue,
  context,
  contextConstructed,
  DerError,
  DerReader,
  integerValue,
  oidText,
  TAG,
} from './der.ts';

const OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
} as const;

/**
 * Critical extensions that need nothing of us beyond what is read here: no policy set is demanded of a path, so the
 * three about policies restrict nothing. Name constraints are critical by definition and make a path refused.
 */
const UNDERSTOOD: ReadonlySet<string> = new Set(Object.values(OID).filter((oid) => oid !== OID.nameConstraints));

const MAX_EXTENSIONS = 64;
const MAX_NAMES = 256;

/** Bits of KeyUsage, RFC 5280 §4.2.1.3; bit 0 is the most significant bit of the first octet. */
const KEY_USAGE_BITS = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  keyCertSign: 5,
  cRLSign: 6,
} as const;
export type KeyUsage = keyof typeof KEY_USAGE_BITS;

export interface Extensions {
  /** basicConstraints cA; false when the extension is absent. */
  readonly ca: boolean;
  readonly pathLength?: number;
  /** Absent: the key is not restricted. */
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** Object identifiers. Absent: not restricted. */
  readonly extendedKeyUsage?: readonly string[];
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  readonly subjectKeyIdentifier?: Buffer;
  readonly authorityKeyIdentifier?: Buffer;
  readonly hasNameConstraints: boolean;
  /** Object identifiers of critical extensions that are not understood: such a certificate is not accepted. */
  readonly unknownCritical: readonly string[];
}

type Mutable = { -readonly [Key in keyof Extensions]: Extensions[Key] };

export const NO_EXTENSIONS: Extensions = {
  ca: false,
  dnsNames: [],
  uris: [],
  hasNameConstraints: false,
  unknownCritical: [],
};

/**
 * Reads the content of `Extensions`.
 *
 * @throws DerError also when an extension stands twice
 */
export function readExtensions(list: DerReader): Extensions {
  const result: Mutable = { ...NO_EXTENSIONS };
  const unknownCritical: string[] = [];
  const seen = new Set<string>();
  while (!list.atEnd) {
    const { oid, critical, value } = readExtension(list);
    if (seen.has(oid)) throw new DerError('an extension stands twice');
    if (seen.size === MAX_EXTENSIONS) throw new DerError('too many extensions');
    seen.add(oid);
    if (critical && !UNDERSTOOD.has(oid)) unknownCritical.push(oid);
    readKnown(oid, value, result);
  }
  return { ...result, unknownCritical };
}

/** Reads one Extension: also the form that revocation lists use. */
export function readExtension(list: DerReader): { oid: string; critical: boolean; value: Buffer } {
  const extension = list.enter(TAG.sequence);
  const oid = oidText(extension.next(TAG.oid).content);
  const criticalValue = extension.optional(TAG.boolean);
  const value = extension.next(TAG.octetString).content;
  extension.finish();
  return { oid, critical: criticalValue !== undefined && booleanValue(criticalValue.content), value };
}

function readKnown(oid: string, value: Buffer, result: Mutable): void {
  switch (oid) {
    case OID.basicConstraints: {
      const fields = new DerReader(value).enter(TAG.sequence);
      const ca = fields.optional(TAG.boolean);
      const pathLength = fields.optional(TAG.integer);
      fields.finish();
      result.ca = ca !== undefined && booleanValue(ca.content);
      if (pathLength !== undefined) result.pathLength = Number(integerValue(pathLength.content));
      break;
    }
    case OID.keyUsage: {
      const octets = bitStringOctets(new DerReader(value).next(TAG.bitString).content, true);
      const usages = Object.entries(KEY_USAGE_BITS).filter(
        ([, bit]) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0,
      );
      result.keyUsage = new Set(usages.map(([name]) => name as KeyUsage));
      break;
    }
    case OID.extendedKeyUsage: {
      const list = new DerReader(value).enter(TAG.sequence);
      const usages: string[] = [];
      while (!list.atEnd && usages.length < MAX_NAMES) usages.push(oidText(list.next(TAG.oid).content));
      list.finish();
      result.extendedKeyUsage = usages;
      break;
    }
    case OID.subjectAltName: {
      const names = readAlternativeNames(value);
      result.dnsNames = names.dns;
      result.uris = names.uri;
      break;
    }
    case OID.subjectKeyIdentifier:
      result.subjectKeyIdentifier = new DerReader(value).next(TAG.octetString).content;
      break;
    case OID.authorityKeyIdentifier: {
      const identifier = new DerReader(value).enter(TAG.sequence).optional(context(0))?.content;
      if (identifier !== undefined) result.authorityKeyIdentifier = identifier;
      break;
    }
    case OID.nameConstraints:
      result.hasNameConstraints = true;
      break;
    default:
      break;
  }
}

/** GeneralNames (RFC 5280 §4.2.1.6): DNS names `[2]` and URIs `[6]`; the other kinds are passed over. */
function readAlternativeNames(value: Buffer): { dns: string[]; uri: string[] } {
  const list = new DerReader(value).enter(TAG.sequence);
  const dns: string[] = [];
  const uri: string[] = [];
  for (let count = 0; !list.atEnd; count++) {
    if (count === MAX_NAMES) throw new DerError('too many alternative names');
    const name = list.next();
    if (name.tag === context(2)) dns.push(ia5(name.content));
    else if (name.tag === context(6)) uri.push(ia5(name.content));
    else if (name.tag < contextConstructed(0) && name.tag < context(0)) throw new DerError('bad alternative name');
  }
  return { dns, uri };
}

/** A NUL or another control character in a name is how one name is made to look like another: refused. */
function ia5(content: Buffer): string {
  for (const octet of content) if (octet <= 0x20 || octet >= 0x7f) throw new DerError('bad character in a name');
  return content.toString('latin1');
}
