/** What a case means to WSS4J: the fields of a request, what it cannot do, and what it must report. */

import {
  canonicalizations,
  dataAlgorithms,
  digests,
  keyTransports,
  mgfs,
  signatureAlgorithms,
} from '../../extproc/wss/algorithms.ts';
import { DS, WSSE, WSU } from '../../extproc/wss/namespaces.ts';
import type { Case, EncryptedPart, EncryptionCase, SignatureCase, SignedPart } from './cases.ts';
import { identityFor, pki } from './keys.ts';
import { SHOP, WSA, namespaceOf } from './shapes.ts';
import { SECRET, USER, type Fields, type Wss4jEngine } from './wss4j.ts';

interface PlacedPart {
  readonly mode: 'Content' | 'Element' | 'Header';
  readonly namespace: string;
  readonly name: string;
}

/** The fields of a request that protects a message as the case says. */
export function secureFields(item: Case, engine: Wss4jEngine): Record<string, string> {
  const { signature, encryption, usernameToken } = item;
  const protection = [signature && 'Signature', encryption && 'Encryption'].filter((action) => action !== undefined);
  if (item.order === 'EncryptThenSign') protection.reverse();
  return {
    engine,
    actions: ['Timestamp', ...(usernameToken ? ['UsernameToken'] : []), ...protection].join(';'),
    'timestamp.milliseconds': String(item.milliseconds),
    ...(signature ? signatureFields(item, signature) : {}),
    ...(encryption ? encryptionFields(item, encryption) : {}),
    ...(usernameToken
      ? {
          'ut.user': USER.name,
          'ut.password': USER.password,
          'ut.type': usernameToken.passwordType,
          'ut.nonce': String(usernameToken.nonce),
          'ut.created': String(usernameToken.created),
        }
      : {}),
  };
}

/** The fields of a request that checks what we made of the case. */
export function verifyFields(item: Case, engine: Wss4jEngine): Record<string, string> {
  return {
    engine,
    rsa15: String(item.encryption?.keyTransport === 'RSA-1_5'),
    noPassword: String(item.usernameToken?.passwordType === 'None'),
    ignoreBsp: beyondBsp(item).join(';'),
    ...(item.signature ? { 'sig.key': keyName(item.signature) } : {}),
  };
}

/**
 * Why an engine cannot take part in a case; undefined when it can. Each was seen to fail between WSS4J and itself.
 */
export function cannot(item: Case, engine: Wss4jEngine, doing: 'secure' | 'verify'): string | undefined {
  const { signature, encryption } = item;
  const xmldsigOnly = signature?.keyIdentifier === 'KeyName' || signature?.keyIdentifier === 'X509Data';
  if (xmldsigOnly !== (engine === 'xmldsig')) return 'WSS4J reads no ds:KeyName and no bare ds:X509Data of a signature';
  if (engine !== 'stax') return undefined;
  if (signature?.parts.includes('Token')) return 'StAX applies no STR-Transform to X.509 tokens';
  if (signature?.algorithm.startsWith('RSA-PSS'))
    return 'StAX asks Java for a PSS algorithm by a name that it does not know';
  if (signature?.algorithm.startsWith('Ed')) return 'StAX knows no EdDSA keys';
  if (encryption?.keyIdentifier === 'X509Data') return 'StAX reads no ds:X509Data of an EncryptedKey';
  if (doing === 'verify') {
    const commented = item.shape.startsWith('comments') && signature?.canonicalization.endsWith('WithComments');
    return commented
      ? 'StAX digests comments that a bare-name reference leaves out (XML Signature §4.4.3.3)'
      : undefined;
  }
  if (item.shape === 'rebound prefixes')
    return 'the stream writer renames a rebound prefix that only an attribute uses';
  if (signature?.keyIdentifier.startsWith('EncryptedKey'))
    return 'StAX signs with a session key only if it is given one';
  if (signature?.algorithm === 'ECDSA-SHA512' && signature.keyIdentifier === 'KeyValue')
    return 'StAX writes a wrong name of curve P-521';
  return undefined;
}

/** What WSS4J must report to have been signed, in the form of the harness. */
export function expectedSigned(item: Case): string[] {
  return (item.signature?.parts ?? []).flatMap((part) =>
    part === 'Token' ? ['Token'] : placeSigned(item, part).map(({ namespace, name }) => `{${namespace}}${name}`),
  );
}

/** What WSS4J must report to have been encrypted. */
export function expectedEncrypted(item: Case): string[] {
  return (item.encryption?.parts ?? []).map((part) => {
    const { mode, namespace, name } = placeEncrypted(item, part);
    return `${mode === 'Content' ? 'Content' : 'Element'} {${namespace}}${name}`;
  });
}

function signatureFields(item: Case, signature: SignatureCase): Fields {
  return {
    'sig.key': keyName(signature),
    'sig.keyName': signature.algorithm.startsWith('HMAC')
      ? SECRET.name
      : pki[identityFor(signature)].certificate.subject,
    'sig.algorithm': signatureAlgorithms[signature.algorithm].uri,
    'sig.digest': digests[signature.digest].uri,
    'sig.c14n': canonicalizations[signature.canonicalization].uri,
    'sig.transform': canonicalizations[signature.canonicalization].uri,
    'sig.prefixes': String(signature.prefixes),
    'sig.keyIdentifier': signature.keyIdentifier,
    'sig.parts': signature.parts
      .flatMap((part) => (part === 'Token' ? ['Token'] : placeSigned(item, part).map(partText)))
      .join(';'),
  };
}

function encryptionFields(item: Case, encryption: EncryptionCase): Fields {
  const transport = encryption.keyTransport;
  return {
    'enc.key': 'recipient',
    'enc.data': dataAlgorithms[encryption.dataAlgorithm].uri,
    'enc.transport': keyTransports[transport].uri,
    ...(transport === 'RSA-1_5' ? {} : { 'enc.digest': digests[encryption.digest].uri }),
    ...(transport === 'RSA-OAEP' ? { 'enc.mgf': mgfs[encryption.mgf].uri } : {}),
    'enc.keyIdentifier': encryption.keyIdentifier,
    'enc.parts': encryption.parts.map((part) => partText(placeEncrypted(item, part))).join(';'),
  };
}

const partText = ({ mode, namespace, name }: PlacedPart): string => `${mode}|${namespace}|${name}`;

function placeSigned(item: Case, part: Exclude<SignedPart, 'Token'>): PlacedPart[] {
  const element = (namespace: string, name: string): PlacedPart => ({ mode: 'Element', namespace, name });
  switch (part) {
    case 'Body':
      return [element(namespaceOf(item.soap), 'Body')];
    case 'Timestamp':
      return [element(WSU, 'Timestamp')];
    case 'UsernameToken':
      return [element(WSSE, 'UsernameToken')];
    case 'Session':
    case 'Card':
      return [element(SHOP, part)];
    case 'Addressing':
      return [element(WSA, 'Action'), element(WSA, 'To')];
  }
}

function placeEncrypted(item: Case, part: EncryptedPart): PlacedPart {
  switch (part) {
    case 'Body':
      return { mode: 'Content', namespace: namespaceOf(item.soap), name: 'Body' };
    case 'Card':
      return { mode: 'Element', namespace: SHOP, name: 'Card' };
    case 'Card content':
      return { mode: 'Content', namespace: SHOP, name: 'Card' };
    case 'Session':
      return { mode: 'Header', namespace: SHOP, name: 'Session' };
    case 'Session content':
      return { mode: 'Content', namespace: SHOP, name: 'Session' };
    case 'Signature':
      return { mode: 'Element', namespace: DS, name: 'Signature' };
    case 'UsernameToken':
      return { mode: 'Element', namespace: WSSE, name: 'UsernameToken' };
  }
}

const keyName = (signature: SignatureCase): string =>
  signature.algorithm.startsWith('HMAC') ? SECRET.name : identityFor(signature);

/** The rules of the Basic Security Profile that a case breaks on purpose. */
function beyondBsp({ signature, encryption, usernameToken }: Case): string[] {
  const rules: string[] = [];
  if (signature !== undefined) {
    if (!['RSA-SHA1', 'RSA-SHA256', 'HMAC-SHA1', 'HMAC-SHA256'].includes(signature.algorithm)) rules.push('R5421');
    if (!['SHA1', 'SHA256'].includes(signature.digest)) rules.push('R5420');
    if (signature.canonicalization !== 'ExclusiveC14N') rules.push('R5404', 'R5423', 'R5412');
    if (signature.keyIdentifier === 'KeyValue') rules.push('R5417');
    if (!signature.prefixes) rules.push('R5406', 'R5407', 'R5413');
  }
  if (encryption !== undefined) {
    if (/GCM|192/.test(encryption.dataAlgorithm)) rules.push('R5620');
    if (encryption.keyTransport === 'RSA-OAEP') rules.push('R5621');
    if (encryption.keyIdentifier === 'X509Data') rules.push('R5426');
  }
  if (usernameToken?.passwordType === 'None') rules.push('R4201');
  return rules;
}
