import { createPublicKey, type KeyObject } from 'node:crypto';
import { KeyNotAcceptedError } from '../errors.ts';
import { DSIG11 } from '../namespaces.ts';

/** RFC 9231 §4 and RFC 4050: the object identifiers of the named curves, by their JWK names. */
const namedCurves: Readonly<Record<string, string>> = {
  'P-256': 'urn:oid:1.2.840.10045.3.1.7',
  'P-384': 'urn:oid:1.3.132.0.34',
  'P-521': 'urn:oid:1.3.132.0.35',
};

const DER_ONLY: ReadonlySet<KeyObject['asymmetricKeyType']> = new Set(['ed25519', 'ed448', 'x25519', 'x448']);

/** Exporting a key costs more than a small message, so it is done once. */
const written = new WeakMap<KeyObject, string>();

/**
 * Writes a public key, or that of a private key, for ds:KeyInfo: ds:KeyValue with RSAKeyValue or ECKeyValue (XML Signature 1.1 §4.5.2), and
 * dsig11:DEREncodedKeyValue (§4.5.10) for Ed25519, Ed448, X25519 and X448, which have no KeyValue form. The prefix `ds` must be in scope.
 *
 * @throws {KeyNotAcceptedError} for any other type of key
 */
export function keyValue(key: KeyObject): string {
  let text = written.get(key);
  if (text === undefined) {
    text = write(key.type === 'private' ? createPublicKey(key) : key);
    written.set(key, text);
  }
  return text;
}

function write(key: KeyObject): string {
  if (DER_ONLY.has(key.asymmetricKeyType)) {
    const spki = key.export({ format: 'der', type: 'spki' }).toString('base64');
    return `<dsig11:DEREncodedKeyValue xmlns:dsig11="${DSIG11}">${spki}</dsig11:DEREncodedKeyValue>`;
  }
  const { n, e, crv, x, y } = key.export({ format: 'jwk' });
  if (n !== undefined && e !== undefined) {
    return (
      `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${decode(n).toString('base64')}</ds:Modulus>` +
      `<ds:Exponent>${decode(e).toString('base64')}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`
    );
  }
  const curve = crv === undefined ? undefined : namedCurves[crv];
  if (curve !== undefined && x !== undefined && y !== undefined) {
    // SEC 1 §2.3.3: an uncompressed point is 04 ‖ x ‖ y.
    const point = Buffer.concat([Buffer.of(4), decode(x), decode(y)]).toString('base64');
    return (
      `<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11="${DSIG11}"><dsig11:NamedCurve URI="${curve}"></dsig11:NamedCurve>` +
      `<dsig11:PublicKey>${point}</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>`
    );
  }
  throw new KeyNotAcceptedError(`A ${key.asymmetricKeyType ?? key.type} key has no KeyValue form`);
}

function decode(base64url: string): Buffer {
  return Buffer.from(base64url, 'base64url');
}
